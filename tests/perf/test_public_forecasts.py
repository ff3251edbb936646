"""Replays of other people's questions are made from the rows that were known then, and reproduce what is committed."""

import pandas as pd
import pytest
from scripts import perf_module

from scalingbench.common.errors import LeaderboardError
from scalingbench.forecasting.registering import drafts
from scalingbench.leaderboard.forecasts.book import load_book

public = perf_module("public_forecasts")
DatedQuestion, known_rows, opened, replays = public.DatedQuestion, public.known_rows, public.opened, public.replays
with_hero_ends, years_of = public.with_hero_ends, public.years_of

DAYS = ("2025-01-01", "2025-06-01", "2025-06-02", "2026-01-01", "2024-01-01")
DATED = pd.DataFrame({"run": list("abcde"), "params": [1e6, 2e6, 4e6, 8e6, 1e9], "value": [4.0, 3.5, 3.1, 2.8, 2.0]})
DATED = DATED.assign(curve="c", metric="loss", flag="", date=[years_of(day) for day in DAYS])


def replay(**changes):
    fields = {
        "id": "lab/loss/big", "what": "w", "unit": "nats", "collection": "c", "curve": "c", "metric": "loss", "inputs": ("params",),
        "cutoff": "2025-06-01", "targets": {"e": {"params": 1e9}}, "leave_out": ("e",),
    }  # fmt: skip
    return DatedQuestion(**(fields | changes))


def test_rows_later_than_the_cutoff_are_not_known():
    assert list(known_rows(DATED, "2025-06-01")["run"]) == ["a", "b", "e"]
    assert list(known_rows(DATED, "2025-05-31")["run"]) == ["a", "e"]
    undated = DATED.assign(date=DATED["date"].where(DATED["run"] != "a"))
    assert list(known_rows(undated, "2030-01-01")["run"]) == ["b", "c", "d", "e"], "a row without a date was taken as known"


def test_a_replay_trains_on_what_was_known_and_never_on_what_is_forecast():
    asked = replay().question(DATED)
    assert list(asked.runs.table["value"]) == [4.0, 3.5]
    later = DATED.assign(value=DATED["value"].where(DATED["date"] <= years_of("2025-06-01"), 99.0))
    assert asked.runs.table["value"].tolist() == replay().question(later).runs.table["value"].tolist()
    with pytest.raises(LeaderboardError, match="was known on 2020-01-01"):
        replay(cutoff="2020-01-01").question(DATED)


def test_committed_forecasts_are_what_the_rows_known_then_give(mirror):
    from scalingbench.benchmark.data.collection import load_collection

    for dated in (*replays(), *opened()):
        table = load_collection(dated.collection).table
        asked = dated.question(with_hero_ends(table) if dated.collection == "marin_delphi" else table)
        own = [r for r in load_book().of(dated.id) if r.kind != "recorded"]
        entry = next(r for r in own if r.forecaster in ("log-linear", "power-law"))
        assert entry.data_cutoff == dated.cutoff
        (again,) = drafts(asked, [entry.forecaster])
        assert entry.training.fingerprint == again.training.fingerprint
        assert [t.point for t in again.targets] == pytest.approx([t.point for t in entry.targets], rel=1e-6)
