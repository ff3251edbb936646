"""Replays by publication date: no row later than the cut-off is read, and the committed forecasts are what the earlier rows give."""

import numpy as np
import pandas as pd
import pytest
from scripts import perf_module

from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.collection import load_card
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.forecasting.registering import Failure
from scalingbench.forecasting.shares import chance_level
from scalingbench.leaderboard.forecasts.book import load_book
from scalingbench.leaderboard.forecasts.listing import list_questions, origin_of

published, records, releases = (perf_module(f"replays.{name}") for name in ("published", "records", "releases"))
replay, upcoming, public = perf_module("replays.replay"), perf_module("replays.upcoming"), perf_module("public_forecasts")

DATED = (*records.questions(), *releases.questions())
EVERY = (*DATED, *published.questions())


@pytest.fixture(scope="module")
def book():
    return load_book()


def by_id(asked):
    return asked.asked.id


def test_there_are_forty_questions_of_twelve_families():
    assert len({by_id(asked) for asked in DATED}) == len(DATED) >= 40
    assert len({asked.family for asked in DATED}) >= 12


def test_replays_are_of_collections_whose_values_may_be_redistributed():
    assert {load_card(asked.asked.collection).bundled for asked in EVERY} == {True}


@pytest.mark.parametrize("asked", EVERY, ids=by_id)
def test_no_row_later_than_the_cutoff_is_read(asked):
    """Rows that became known later, and the runs that are forecast, may have any value."""
    later = (asked.table["date"] > public.years_of(asked.asked.cutoff) + 0.5 / 365.25) | asked.table["run"].isin(asked.asked.leave_out)
    spoilt = asked.table.assign(value=asked.table["value"].where(~later, 0.123456))
    clean, other = asked.asked.question(asked.table).runs.table, asked.asked.question(spoilt).runs.table
    assert clean["value"].tolist() == other["value"].tolist() and 3 <= len(clean) <= (~later).sum()


@pytest.mark.parametrize("asked", EVERY, ids=by_id)
def test_committed_forecasts_and_outcomes_are_computed_from_the_rows(asked, book):
    entries = {entry.forecaster: entry for entry in book.of(by_id(asked)) if entry.kind == "replay"}
    assert "autolaw" in entries and f"without the cluster {cluster_of(asked.asked.collection)}" in entries["autolaw"].method
    (again,) = asked.forecasts(["log-linear"])
    entry = entries["log-linear"]
    assert entry.data_cutoff == asked.asked.cutoff and entry.training.fingerprint == again.training.fingerprint
    assert {e.training.fingerprint for e in entries.values()} == {entry.training.fingerprint}
    # a share may have been registered below chance or above 1, before forecasts of shares were limited
    chance = chance_level(asked.asked.question(asked.table).runs, None, []) or None
    committed = np.clip([t.point for t in entry.targets], chance, metric_kind(entry.metric).high)
    np.testing.assert_allclose(committed, [t.point for t in again.targets], rtol=1e-6)
    for outcome in asked.outcomes:
        assert book.outcomes[by_id(asked), outcome.target] == outcome


@pytest.mark.parametrize("asked", list(releases.questions()), ids=by_id)
def test_a_family_is_forecast_from_families_of_earlier_papers(asked):
    known = asked.asked.question(asked.table)
    early = asked.table[asked.table["date"] <= public.years_of(asked.asked.cutoff)]
    own = asked.table[asked.table["family"] == asked.family]
    assert len(known.runs.table) == len(early) and asked.family not in set(early["family"])
    assert early["date"].max() < public.years_of(asked.outcomes[0].date) <= own["date"].min()
    assert set(asked.asked.targets) <= set(own["run"])


def test_the_month_of_a_family_is_that_of_its_arxiv_number():
    assert (releases.month_of("2402.00838"), releases.day_before_month("2402.00838")) == ("2024-02-29", "2024-01-31")
    listed = pd.read_csv(releases.FILE, dtype=str)
    assert listed["arxiv"].str.fullmatch(r"\d{4}\.\d{5}").all()
    for collection in set(listed["collection"]):
        found = releases.dated(collection)
        assert set(found["family"]) == set(listed[listed["collection"] == collection]["family"]), "a pattern matches no run"


def test_a_record_beats_all_before_it():
    rows = pd.DataFrame({"run": list("abcde"), "date": [1.0, 2.0, 2.0, 3.0, 4.0], "value": [5.0, 4.0, 3.0, 3.5, 1.0]})
    assert list(records.records_of(rows, "cost_minutes")["run"]) == ["a", "c", "e"]
    assert list(records.records_of(rows, "accuracy_mmlu")["run"]) == ["a"]


@pytest.mark.parametrize("asked", list(records.questions()), ids=by_id)
def test_the_outcome_of_a_record_is_the_best_value_by_that_day(asked):
    for outcome in asked.outcomes:
        until = asked.table[asked.table["date"] <= public.years_of(outcome.date) + 0.5 / 365.25]
        assert outcome.values[0] in (until["value"].min(), until["value"].max()) and outcome.values[0] == until["value"].iloc[-1]
        assert asked.table["date"].max() > public.years_of(asked.asked.cutoff)


def test_only_what_a_book_lacks_is_appended(tmp_path, monkeypatch):
    first = next(iter(records.questions()))
    monkeypatch.setattr(replay, "SHARE", ("log-linear", "nearest-observation"))
    (line,) = replay.append([first], tmp_path)
    assert line == f"{by_id(first)}: 2 forecasts" and load_book(tmp_path).status(by_id(first)) == "resolved"
    assert list(replay.append([first], tmp_path)) == [] and origin_of(load_book(tmp_path), by_id(first)) == "replay"


def test_a_predictor_that_fails_is_named(monkeypatch, tmp_path):
    first = next(iter(records.questions()))
    made = [*first.forecasts(["log-linear"]), Failure(by_id(first), "fails", "it cannot")]
    monkeypatch.setattr(replay.Replay, "forecasts", lambda self: iter(made))
    (line,) = replay.append([first], tmp_path)
    assert line.endswith("1 forecasts; none of fails: it cannot")


def test_the_authors_forecasts_are_those_of_their_files(mirror, book):
    drafts = list(published.recorded())
    assert len(drafts) == 10
    for draft in drafts:
        entry = next(r for r in book.of(draft.question) if r.forecaster == draft.forecaster)
        assert entry.kind == "recorded" and [t.point for t in entry.targets] == pytest.approx([t.point for t in draft.targets], rel=1e-9)


def test_every_new_open_question_has_page_void_rule_and_closing_time(book):
    names = {row["question"]: row for row in list_questions(book, fold=False)}
    for asked in upcoming.questions():
        entries = [entry for entry in book.of(asked.name) if entry.closes]
        assert entries and all(entry.page and entry.void_if for entry in entries)
        assert names[asked.name]["closes"] == asked.closes and names[asked.name]["status"] == "open"
        assert all(entry.registered_at < entry.closes <= f"{min(asked.targets)}T23:59:59Z" for entry in entries)
