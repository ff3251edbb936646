"""Forecasts before their outcome: the chain, outcomes beside it, scores worked out by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import bundled_path, table_digest
from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.forecasts.book import committed_book, load_book, read_draft, register, resolve
from scalingbench.leaderboard.forecasts.listing import count_origins, list_questions
from scalingbench.leaderboard.forecasts.records import Draft, Outcome
from scalingbench.leaderboard.forecasts.scores import interval_score, score_forecasts, score_targets
from scalingbench.predictors.registry import get

TRAINING = {"table": "t", "selection": "all", "rows": 3, "fingerprint": "0" * 64}


def draft(forecaster="a", question="lab/loss/big", point=2.0, **changes):
    target = {"name": "7b", "inputs": {"params": 7e9}, "point": point, "quantiles": {"0.1": point - 0.1, "0.5": point, "0.9": point + 0.1}}
    fields = {
        "question": question, "what": "the big run", "metric": "loss", "unit": "nats", "kind": "registered", "forecaster": forecaster,
        "method": "by eye", "registered_at": "2026-01-02T00:00:00Z", "targets": [target], "training": TRAINING,
    }  # fmt: skip
    return Draft.model_validate(fields | changes)


def outcome(value=2.1, date="2026-03-01", target="7b"):
    return Outcome(target=target, values=(value,), date=date, source="a log")


@pytest.fixture
def book(tmp_path):
    register([draft("a"), draft("b", point=2.2), draft("c", point=2.4)], tmp_path)
    return tmp_path


def files(book):
    return sorted((book / "registered").glob("*.json"))


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_every_registration_names_the_hash_of_the_one_before(book):
    chain = load_book(book).registrations
    assert [r.number for r in chain] == [1, 2, 3]
    assert [r.previous for r in chain] == ["0" * 64, chain[0].hash, chain[1].hash]
    assert register([draft("d")], book)[0].previous == chain[2].hash


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_changed_file_breaks_the_chain(book, place):
    edit(files(book)[place], note="I said so all along")
    with pytest.raises(LeaderboardError, match=rf"{files(book)[place].name}: the chain is broken: the file was changed"):
        load_book(book)


def test_a_changed_file_with_a_fitting_hash_breaks_the_chain_at_the_next(book):
    changed = load_book(book).registrations[0].model_copy(update={"note": "forged"})
    edit(files(book)[0], note="forged", hash=changed.computed_hash())
    with pytest.raises(LeaderboardError, match=r"0002-.*'previous' is not the hash of registration 1"):
        load_book(book)


def test_a_removed_file_breaks_the_chain(book):
    files(book)[1].unlink()
    with pytest.raises(LeaderboardError, match=r"0003-.*expected registration 2 here"):
        load_book(book)


def test_resolving_changes_no_registration(book):
    before = {path: path.read_bytes() for path in files(book)}
    assert load_book(book).status("lab/loss/big") == "open"
    resolve("lab/loss/big", [outcome()], book)
    assert {path: path.read_bytes() for path in files(book)} == before
    assert load_book(book).status("lab/loss/big") == "resolved"


def test_an_outcome_before_the_registration_is_refused(book):
    with pytest.raises(LeaderboardError, match="the outcome is of 2025-12-31, a registered on 2026-01-02"):
        resolve("lab/loss/big", [outcome(date="2025-12-31")], book)
    assert not (book / "outcomes").exists()


@pytest.mark.parametrize("date", ["2026-01-02", "2026-01-02T08:59:59Z", "2026-01-02T09:00:00Z"])
def test_an_outcome_is_later_than_its_forecast_by_time_not_by_day(tmp_path, date):
    register([draft(registered_at="2026-01-02T09:00:00Z")], tmp_path)
    hint = "give the time" if "T" not in date else f"the outcome is of {date}, a"
    with pytest.raises(LeaderboardError, match=hint):
        resolve("lab/loss/big", [outcome(date=date)], tmp_path)
    resolve("lab/loss/big", [outcome(date="2026-01-02T09:00:01Z")], tmp_path)


def test_a_forecast_dated_by_a_day_counts_until_its_end(tmp_path):
    register([draft(registered_at="2026-01-02")], tmp_path)
    with pytest.raises(LeaderboardError, match="a registered on 2026-01-02"):
        resolve("lab/loss/big", [outcome(date="2026-01-02T12:00:00Z")], tmp_path)
    resolve("lab/loss/big", [outcome(date="2026-01-03")], tmp_path)


TERMS = {"page": "https://example.org/runs", "void_if": "it is stopped", "closes": "2026-01-02T12:00:00Z"}


def test_a_question_closes_for_all_at_the_time_that_one_states(tmp_path):
    register([draft("a", **TERMS)], tmp_path)
    for late in ("2026-01-02T12:00:00Z", "2026-01-03"):
        with pytest.raises(LeaderboardError, match="closed at 2026-01-02T12:00:00Z"):
            register([draft("b", registered_at=late)], tmp_path)
    with pytest.raises(LeaderboardError, match="closes at 2026-01-02T12:00:00Z by registration 1, not at 2027-01-01"):
        register([draft("b", closes="2027-01-01")], tmp_path)
    register([draft("b", registered_at="2026-01-02T11:59:59Z"), draft("c", kind="replay", data_cutoff="2026-01-01")], tmp_path)
    assert list_questions(load_book(tmp_path))[0]["closes"] == "2026-01-02T12:00:00Z"


def test_terms_are_in_the_hash_and_their_absence_is_not(tmp_path):
    (first, second) = register([draft("a"), draft("b", **TERMS)], tmp_path)
    assert first.model_copy(update={"void_if": "never"}).computed_hash() != first.hash
    edit(files(tmp_path)[1], void_if="never")
    with pytest.raises(LeaderboardError, match="the file was changed"):
        load_book(tmp_path)
    old = json.loads(files(tmp_path)[0].read_text())
    assert [old.pop(name) for name in TERMS] == [None, None, None]
    files(tmp_path)[0].write_text(json.dumps(old))
    edit(files(tmp_path)[1], void_if=TERMS["void_if"])
    assert load_book(tmp_path).head == second.hash, "a registration of before there were terms no longer has its hash"


@pytest.mark.parametrize(
    ("started", "kind"), [("2026-01-02T00:00:01Z", "registered"), ("2026-01-02T00:00:00Z", "late"), ("2026-01-01", "late")]
)
def test_a_forecast_of_a_run_that_had_started_is_late(book, started, kind):
    resolve("lab/loss/big", [outcome().model_copy(update={"started": started})], book)
    register([draft("r", kind="replay", data_cutoff="2026-01-01")], book)
    kinds = score_forecasts(load_book(book)).set_index("forecaster")["kind"]
    assert kinds["a"] == kind and kinds["r"] == "replay"


def test_questions_are_counted_by_origin_and_a_designed_world_has_one_row(tmp_path):
    recorded = {"kind": "recorded", "registered_source": "a thread", "registered_at": None}
    replayed = {"kind": "replay", "data_cutoff": "2026-01-01"}
    made = [draft("a", "designed_x/loss/one"), draft("b", "designed_x/loss/one"), draft("a", "designed_x/loss/two")]
    register(
        [*made, draft("c", "lab/loss/a", **recorded), draft("a", "lab/loss/a"), draft("a", "lab/loss/b", **replayed), draft("a")], tmp_path
    )
    resolve("designed_x/loss/two", [outcome()], tmp_path)
    rows = {row["question"]: row for row in list_questions(load_book(tmp_path))}
    assert [row["origin"] for row in rows.values()] == ["designed", "published", "replay", "open"]
    world = rows["designed_x"]
    assert (world["registered"], world["targets"], world["status"]) == (3, 2, "1 open, 1 resolved")
    counts = {row["origin"]: (row["questions"], row["forecasts"], row["resolved"]) for row in count_origins(load_book(tmp_path))}
    assert counts == {"designed": (2, 3, 1), "published": (1, 2, 0), "replay": (1, 1, 0), "open": (1, 1, 0)}
    assert len(list_questions(load_book(tmp_path), fold=False)) == 5
    assert next(row["question"] for row in list_questions(load_book(tmp_path), only_open=True)) == "designed_x/loss/one"


def test_a_forecast_after_the_outcome_can_only_be_a_replay(book):
    resolve("lab/loss/big", [outcome()], book)
    with pytest.raises(LeaderboardError, match="outcome of '7b' is already known"):
        register([draft("late")], book)
    register([draft("late", kind="replay", data_cutoff="2026-01-01")], book)


def test_nobody_answers_twice(book):
    with pytest.raises(LeaderboardError, match="a already has a forecast of it"):
        register([draft("new"), draft("a")], book)
    assert len(files(book)) == 3, "the drafts before the bad one were written"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "guess"}, "kind: Input should be"),
        ({"targets": []}, "targets: Tuple should have at least 1 item"),
        ({"registered_at": "yesterday"}, "registered_at: String should match"),
        ({"registered_at": None}, "a registered forecast needs registered_at"),
        ({"kind": "replay"}, "a replay needs data_cutoff"),
        ({"kind": "recorded"}, "needs registered_source"),
        ({"page": "somewhere"}, "page: String should match"),
        ({"closes": "2026-01-02"}, "closes: registered at 2026-01-02T00:00:00Z, but the question closed at 2026-01-02"),
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"targets": [{"name": "x", "point": 1.0, "quantiles": {"0.9": 1.0, "0.1": 2.0}}]}, "levels must rise"),
        ({"targets": [{"name": "x", "point": 1.0, "quantiles": {"0.1": 2.0, "0.9": 1.0}}]}, "must not fall"),
        ({"targets": [{"name": "x", "point": float("nan")}]}, "point: Input should be a finite number"),
        ({"targets": [{"name": "x", "point": 1.0}, {"name": "x", "point": 2.0}]}, "names must differ"),
    ],
)
def test_a_broken_draft_is_refused_with_the_field(tmp_path, changes, message):
    path = tmp_path / "draft.json"
    path.write_text(json.dumps(draft().model_dump() | changes))
    with pytest.raises(LeaderboardError, match=message) as refused:
        read_draft(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_names_are_those_of_the_schema(tmp_path):
    with pytest.raises(LeaderboardError, match="metric 'vibes' is of no known kind"):
        register([draft(metric="vibes")], tmp_path)
    with pytest.raises(LeaderboardError, match="unknown variable 'parms'; did you mean 'params'"):
        register([draft(targets=[{"name": "7b", "point": 1.0, "inputs": {"parms": 1.0}}])], tmp_path)


def test_scores_worked_out_by_hand():
    assert interval_score(np.array([0.0, 4.0]), 1.0, 3.0, 0.2) == pytest.approx(2 + 10 * 1.0)
    assert interval_score(np.array([2.0]), 1.0, 3.0, 0.2) == 2.0


def test_forecasters_stand_side_by_side_best_first(book):
    resolve("lab/loss/big", [Outcome(target="7b", values=(2.0, 2.2), source="two seeds")], book)
    table = score_forecasts(load_book(book))
    middle = np.sqrt(2.0 * 2.2)
    assert list(table["forecaster"]) == ["a", "b", "c"] or list(table["forecaster"]) == ["b", "a", "c"]
    errors = dict(zip(table["forecaster"], table["error"], strict=True))
    assert errors == pytest.approx({"a": abs(np.log(2.0 / middle)), "b": abs(np.log(2.2 / middle)), "c": np.log(2.4 / middle)})
    rows = score_targets(load_book(book)).set_index("forecaster")
    assert rows.loc["a", "coverage"] == 0.5 and rows.loc["c", "coverage"] == 0.0
    assert rows.loc["a", "interval_score"] == pytest.approx((0.2 + 10 * (2.2 - 2.1) / 2) / middle)
    assert table["error"].is_monotonic_increasing


def test_void_targets_are_not_scored(book):
    resolve("lab/loss/big", [Outcome(target="7b", source="an issue", status="void", note="stopped")], book)
    assert load_book(book).status("lab/loss/big") == "void" and score_forecasts(load_book(book)).empty


def test_the_committed_chain_is_unbroken_and_the_designed_forecasts_precede_their_outcome():
    book = load_book()
    assert len(book.registrations) > 100
    designed = [r for r in book.registrations if r.question.startswith("designed_")]
    assert {r.kind for r in designed} == {"registered"}
    for (asked, target), found in book.outcomes.items():
        for entry in (r for r in book.of(asked) if r.kind == "registered" and target in {t.name for t in r.targets}):
            assert found.date is not None and entry.registered_at < found.date and "T" in found.date


@pytest.mark.parametrize("world", ["mlp", "text"])
def test_the_designed_forecasts_rest_on_cheap_runs_alone(world):
    """What was registered is what the committed records give, cut at 1/30 and 1/300 of the dearest run's compute."""
    raw = pd.read_parquet(bundled_path("x").parents[1] / "raw" / f"designed_{world}.parquet").rename(columns={"loss": "value"})
    metric = {"mlp": "mse", "text": "loss"}[world]
    main = raw[(raw["stage"] == "main") & raw["value"].notna()]
    top = main["flops"].max()
    for name, share in (("main", 30), ("main-300", 300)):
        rows = main[main["flops"] <= top / share]
        entries = load_book().of(f"designed_{world}/{metric}/{name}")
        digest = table_digest(rows[["params", "tokens", "value"]].astype(float).reset_index(drop=True))
        assert {r.training.fingerprint for r in entries} == {digest}
        assert {r.training.flops_max for r in entries} == {float(rows["flops"].max())} and top / rows["flops"].max() >= share
        line = next(r for r in entries if r.forecaster == "log-linear")
        model = get("log-linear").make().fit(rows[["params", "tokens"]].astype(float), rows["value"].to_numpy(float))
        again = model.predict(pd.DataFrame([t.inputs for t in line.targets])[["params", "tokens"]])
        np.testing.assert_allclose([t.point for t in line.targets], again, rtol=1e-6)


def test_the_book_is_where_the_package_says():
    assert committed_book().name == "book" and (committed_book() / "registered").is_dir()


def test_recorded_forecasts_reproduce_the_errors_that_their_source_states():
    """SOURCE.md of marin_delphi: forecast / outcome - 1, in percent, of the eight resolved forecasts."""
    rows = score_targets(load_book()).query("kind == 'recorded'")
    errors = {(r.forecaster, r.target): 100 * (r.forecast / r.outcome - 1) for r in rows.itertuples()}
    marin = {("Marin, first round", "1e21"): -0.295, ("Marin, first round", "1e22"): 0.759, ("Marin, first round", "1e23"): 1.928}
    second = {("Marin, second round", "1e21"): 0.020, ("Marin, second round", "1e22"): 0.759, ("Marin, second round", "1e23"): 0.484}
    moe = {("ClassicLarry (Marin)", "1e23"): 0.836, ("ClassicLarry (Marin)", "1.19e23"): 0.576}
    expected = marin | second | moe
    assert {k: errors[k] for k in expected} == pytest.approx(expected, abs=6e-4)
