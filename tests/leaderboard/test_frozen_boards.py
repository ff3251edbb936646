"""Boards of suites without rules, and of other benchmarks' protocols, are made from what is stored, and no collection is loaded."""

import pandas as pd
import pytest

from benchmark.data import collection
from benchmark.tasks.suite import load_suite
from leaderboard.protocol_tables import protocol_differences, stored_protocol_table, write_protocol_table
from leaderboard.releases import load_release
from leaderboard.rescoring import rescore
from leaderboard.results import Results, not_ranked_on
from scalingbench.common.errors import InputError


@pytest.fixture
def no_data(monkeypatch):
    """Let every attempt to load a collection fail."""
    monkeypatch.setattr("benchmark.tasks.selection.load_collection", lambda name: pytest.fail(f"{name} was loaded"))
    monkeypatch.setattr(collection, "_read_bundled", lambda name: pytest.fail(f"{name} was read"))


def test_the_board_of_v1_is_the_released_one_and_needs_no_data(no_data):
    results = Results.load("v1")
    assert results.board().render("json") == load_release("v1-5b7fd0a4ce").render("json")
    assert results.version == "v1-5b7fd0a4ce" and len(results.task_table) == 143
    assert set(results.task_table["tier"]) == {"bundled"}
    assert results.select(track="compute").board().rows["tasks_total"].nunique() == 1
    assert len(results.skill_by("track", top=3).rows) == 3 and "kaplan" in results.compare(["autolaw", "kaplan"]).render("md")


def test_what_became_fetch_only_is_still_ranked_on(no_data):
    chosen = Results.load("v0").select(collections=["farseer"])
    assert set(chosen.scores["collection"]) == {"farseer"} and len(chosen.task_table) == 3
    assert "farseer" in load_suite("v0").ranked_on and "farseer" in load_suite("v0").fetch_only


@pytest.mark.parametrize("suite", ["sldbench", "revisiting-nsl"])
def test_a_protocols_board_needs_no_data(suite, no_data):
    board = Results.load(suite).protocol_board()
    few = Results.load(suite).select(predictors=["autolaw"]).protocol_board()
    assert board.rows.loc["autolaw", "source"] == "ours" and len(few.rows) < len(board.rows)


def test_a_choice_of_a_protocols_tasks_whose_data_are_not_at_hand_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr("leaderboard.rescoring.is_at_hand", lambda name: False)
    with pytest.raises(InputError, match="a choice of its tasks is scored from their data, which are not at hand"):
        Results.load("sldbench").select(track="mixture").protocol_board()


@pytest.mark.parametrize("suite", ["v0", "sldbench", "revisiting-nsl"])
def test_every_stored_number_is_computed_again(suite, mirror):
    again = rescore(load_suite(suite), not_ranked_on())
    assert again.problems == () and again.lacking == () and again.n_elsewhere == 0


def test_numbers_that_differ_are_named_and_other_rows_are_refused(tmp_path, monkeypatch):
    again = pd.DataFrame({"predictor": ["a", "b"], "task": ["t", "t"], "r2": [0.5, float("nan")]})
    assert (
        protocol_differences(again, again) == () and protocol_differences(again.assign(r2=[0.5 * (1 + 1e-12), float("nan")]), again) == ()
    )
    (line,) = protocol_differences(again.assign(r2=[0.6, float("nan")]), again)
    assert line == "a t: r2 is stored as 0.6, computed again it is 0.5"
    for other in (None, again[:1], again.assign(predictor="c"), again.drop(columns="r2")):
        assert protocol_differences(other, again) == ("the stored scores of the protocol are of other results",)
    monkeypatch.setattr("leaderboard.protocol_tables.protocol_path", lambda suite: tmp_path / "x.parquet")
    assert stored_protocol_table("x") is None
    write_protocol_table("x", again)
    pd.testing.assert_frame_equal(stored_protocol_table("x"), again, check_dtype=False)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 junk")
    with pytest.raises(InputError, match=r"x\.parquet: not a table of a protocol's scores"):
        stored_protocol_table("x")
