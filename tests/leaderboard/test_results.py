"""Results: the one object that boards, slices, comparisons and standings are read from."""

import dataclasses
import json
import logging

import numpy as np
import pandas as pd
import pytest
from result_worlds import REFERENCE, made_up_result, made_up_results, made_up_suite, made_up_task, write_to

import scalingbench.leaderboard.results
from scalingbench.benchmark.evaluation.results import FoldResult
from scalingbench.benchmark.tasks.suite import load_suite, load_task
from scalingbench.common.errors import InputError
from scalingbench.leaderboard.reproduce import largest_difference, reproduce
from scalingbench.leaderboard.results import Results

LAWS = {"law": [0.1, 0.1, 0.1], "mean": [0.4, 0.4, 0.4]}
"""Errors on three tasks; the reference's is 0.2 on each."""


@pytest.fixture
def results():
    return made_up_results(LAWS)


def skill(board):
    return board.rows.set_index("predictor")["skill"]


def test_skill_is_one_minus_error_over_the_references(results):
    found = skill(results.board())
    assert found["law"] == pytest.approx(1 - 0.1 / 0.2, abs=1e-6) and found["mean"] == pytest.approx(1 - 0.4 / 0.2, abs=1e-6)
    assert list(found.index) == ["law", REFERENCE, "mean"]


def test_a_board_holds_what_it_was_made_from(results):
    board = results.board()
    assert board.version == results.version and board.version.startswith("made-up-")
    assert dict(board.fingerprints) == {t.id: t.fingerprint for t in results.tasks} and len(board.fingerprints) == 3
    assert (board.n_tasks, board.n_collections, board.track) == (3, 3, None)


def test_scores_are_made_once_for_everything_that_is_read_from_them(results, monkeypatch):
    made = []
    real = scalingbench.leaderboard.results.score
    monkeypatch.setattr(scalingbench.leaderboard.results, "score", lambda *a: made.append(a) or real(*a))
    results.board(), results.skill_by("track"), results.compare(), results.standing("law"), results.select(track="compute").board()
    assert len(made) == 1


def test_a_track_is_ranked_as_if_there_were_no_other(results):
    of_whole = results.board() and results.select(track="compute").board()
    alone = results.select(track="compute").board()
    fresh = Results(results.results, results.suite, "compute", exclusions={}).board()
    for board in (of_whole, alone):
        assert board.render("json") == fresh.render("json")
    assert (fresh.track, fresh.n_tasks) == ("compute", 2)


def test_only_the_tasks_of_a_choice_are_built():
    results = made_up_results(LAWS)
    results.select(track="compute").board()
    assert set(results.suite.asked) == {"compute"}


def test_a_choice_of_predictors_keeps_what_they_are_measured_against():
    results = made_up_results({**LAWS, "third": [0.3, 0.3, 0.3]})
    chosen = results.select(predictors=["law"])
    assert set(chosen.predictors) == {"law", "mean", REFERENCE}
    whole = results.board().rows.set_index("predictor")
    for board in (chosen.board(), made_up_results({**LAWS, "third": [0.3, 0.3, 0.3]}).select(predictors=["law"]).board()):
        columns = ["skill", "win_rate", "elo"]
        pd.testing.assert_frame_equal(board.rows.set_index("predictor")[columns], whole.drop(index="third")[columns])


def test_one_name_needs_no_list(results):
    assert results.select(collections="porian", predictors="law").tasks == results.tasks[1:2]
    with pytest.raises(InputError, match="unknown predictor of these results 'lew'"):
        results.select(predictors="lew")


def test_choices_narrow_each_other(results):
    assert results.select(track="compute").select(collections=["porian", "distillation_apple"]).tasks == results.tasks[1:2]
    with pytest.raises(InputError, match="these are the results of track 'compute', not of 'data-constrained'"):
        results.select(track="compute").select(track="data-constrained")
    with pytest.raises(InputError, match="has no task of that choice"):
        results.select(collections=["porian"]).select(collections=["distillation_apple"])


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"track": "computer"}, "unknown track of suite made-up 'computer'; did you mean 'compute'"),
        ({"collections": ["porean"]}, "unknown collection of suite made-up 'porean'; did you mean 'porian'"),
        ({"predictors": ["lew"]}, "unknown predictor of these results 'lew'; did you mean 'law'"),
    ],
)
def test_a_misspelt_choice_is_named(results, choice, message):
    with pytest.raises(InputError, match=message):
        results.select(**choice)


def test_results_cannot_be_changed(results):
    with pytest.raises(dataclasses.FrozenInstanceError):
        results.track = "compute"


def test_a_predictor_is_not_ranked_on_what_it_was_made_from():
    excluded = {"law": ("datablations", "gemstones"), "other": ("x",)}
    results = made_up_results({"law": [0.01, 0.1, 0.1], "mean": [0.4] * 3}, exclusions=excluded)
    board = results.board()
    assert "datablations" not in set(results.scores.loc[results.scores["predictor"] == "law", "collection"])
    assert skill(board)["law"] == pytest.approx(1 - (1.0 * 0.5 * 0.5) ** (1 / 3), abs=1e-6)
    assert board.exclusions == {"law": ("datablations",)}


def test_results_of_altered_tasks_are_named_and_ignored(results, caplog):
    stale = dataclasses.replace(made_up_result("law", results.tasks[0], 0.05), fingerprint="0" * 16)
    altered = Results((*(r for r in results.results if (r.predictor, r.task) != ("law", stale.task)), stale), results.suite, exclusions={})
    with caplog.at_level(logging.WARNING):
        assert altered.board().rows.set_index("predictor").loc["law", "tasks_entered"] == 2
    assert f"law on {stale.task}: made from other rows than today's task" in caplog.text


def test_no_results_and_no_reference_are_named():
    suite = made_up_suite()
    with pytest.raises(InputError, match="no results for suite 'made-up', track 'compute'"):
        _ = Results((), suite, "compute", exclusions={}).scores
    alone = Results((made_up_result("law", suite.made[0], 0.1),), suite, exclusions={})
    with pytest.raises(InputError, match="no complete result of the reference 'nearest-neighbor'"):
        alone.board()


def test_slices_compare_and_board_agree(results):
    slices = results.skill_by("track")
    assert list(slices.rows.index) == list(results.board().rows["predictor"]) and slices.counts["compute"] == 2
    assert slices.rows.loc["law", "compute"] == pytest.approx(skill(results.select(track="compute").board())["law"])
    assert list(results.skill_by("track", top=1).rows.index) == ["law"]
    assert list(results.compare(top=2).skill.index) == ["law", REFERENCE]
    assert list(results.compare(["mean", "law"]).skill.index) == ["law", "mean"]


def test_standing_shows_two_neighbours_the_reference_and_every_track_entered():
    names = {f"p{i}": [0.02 * (i + 1)] * 3 for i in range(8)}
    standing = made_up_results({**names, "mean": [0.5] * 3}).standing("p4")
    assert list(standing.neighbours.rows["predictor"]) == ["p2", "p3", "p4", "p5", "p6", REFERENCE]
    assert standing.places["compute"] == "p4 0.500 is 5 of 10, below p3 0.600, above p5 0.400"
    assert "\n\ncompute (2 tasks): p4" in str(standing) and "\ndata-constrained (1 tasks): p4" in str(standing)


def test_tracks_that_were_not_entered_or_do_not_count_are_not_listed():
    tasks = [
        made_up_task("datablations", "compute"),
        made_up_task("porian", "curve"),
        made_up_task("distillation_apple", "transfer", weight=0.0),
    ]
    results = made_up_results({"law": [0.1, None, 0.1], "mean": [0.4] * 3}, made_up_suite(tasks))
    assert results.standing("law").tracks == {}
    assert list(results.standing("law", REFERENCE).tracks) == ["compute", "curve"]


def test_failures_are_lines(results):
    failed = made_up_result("law", results.tasks[0], 0.0, status="error")
    found = Results((failed, *results.results), results.suite, exclusions={}).failures
    assert found == (f"law on {failed.task}: 1 of 1 fits failed: error: no way",)


def test_a_folder_is_read_into_the_same_board(results, tmp_path):
    write_to(tmp_path, results)
    read = Results.load(results.suite, tmp_path)
    assert read.board().render("json") == results.board().render("json")
    assert read.files["law"] == tmp_path / "law.parquet" and set(read.files) == {"law", "mean", REFERENCE}
    with pytest.raises(InputError, match="gone: no such folder of results"):
        Results.load(results.suite, tmp_path / "gone")
    with pytest.raises(InputError, match="suite 'made-up' has no results that come with the package"):
        Results.load(results.suite)


def test_results_stand_beside_the_committed_ones_of_others(tmp_path, monkeypatch):
    committed = made_up_results(LAWS)
    write_to(tmp_path, committed)
    monkeypatch.setattr(scalingbench.leaderboard.results, "committed_files", lambda suite: tuple(sorted(tmp_path.glob("*.parquet"))))
    own = Results((made_up_result("law", committed.tasks[0], 0.05),), committed.suite, exclusions={})
    together = own.beside_committed()
    assert together.predictors == ("law", "mean", REFERENCE)
    assert together.board().rows.set_index("predictor").loc["law", "tasks_entered"] == 1


def test_only_a_suite_that_follows_a_protocol_has_its_board(results):
    with pytest.raises(InputError, match="suite 'made-up' follows no other benchmark's rules"):
        results.protocol_board()


@pytest.mark.parametrize("suite", ["sldbench", "revisiting-nsl"])
def test_a_protocols_board_is_a_table_in_every_format(suite):
    board = Results.load(suite).protocol_board().cut(3)
    assert len(board.rows) == 3 and board.rows.index.name == "predictor"
    assert board.render("md").splitlines()[2].startswith(f"| {board.rows.index[0]} | ")
    assert [row["predictor"] for row in json.loads(board.render("json"))["rows"]] == list(board.rows.index)
    assert board.render("csv").startswith("predictor,source,") and r"\midrule" in board.render("latex")
    assert repr(board).startswith(f"ProtocolBoard({suite}: ")


def test_a_committed_result_is_reproduced():
    task = load_task("porian/loss_val/chinchilla-decay-frontier")
    made = reproduce(task, "log-linear")
    assert made.difference < 1e-4 and made.error == pytest.approx(made.stored_error, rel=1e-4)
    scores = Results.load("v1").select(collections=["porian"]).scores.set_index(["predictor", "task"])
    assert made.ratio == pytest.approx(scores.loc[("log-linear", task.id), "ratio"], rel=1e-4)
    assert repr(made).startswith("Reproduction(log-linear on porian/loss_val/chinchilla-decay-frontier: error 0.0")
    assert "largest difference" in made._repr_html_()


def test_a_difference_is_relative_and_a_lost_fit_is_infinite():
    task = made_up_task("datablations", "compute")
    stored, again = made_up_result("law", task, 0.0), made_up_result("law", task, np.log(1.25))
    assert largest_difference(stored, again, task) == pytest.approx(0.2, abs=1e-6)  # 0.25 of 1.25
    zero = dataclasses.replace(again, folds=(dataclasses.replace(again.folds[0], predictions=np.zeros(4)),))
    off = 0.005 * np.ptp(task.folds[0].y_test)  # half of 1 % of the spread
    near = dataclasses.replace(again, folds=(dataclasses.replace(again.folds[0], predictions=np.full(4, off)),))
    assert largest_difference(near, zero, task) == pytest.approx(0.5)
    lost = dataclasses.replace(again, folds=(FoldResult("all", "error"),))
    assert largest_difference(stored, lost, task) == np.inf and largest_difference(lost, lost, task) == 0.0


def test_what_cannot_be_reproduced_is_named():
    task = load_task("porian/loss_val/chinchilla-decay-frontier")
    with pytest.raises(InputError, match="unknown predictor 'log-liner'; did you mean 'log-linear'"):
        reproduce(task, "log-liner")
    with pytest.raises(InputError, match=r"m4: suite 'v2' has no committed result of it on porian/loss_val"):
        reproduce(task, "m4")
    altered = dataclasses.replace(task, folds=(dataclasses.replace(task.folds[0], y_test=task.folds[0].y_test + 1.0),))
    with pytest.raises(InputError, match="its rows are not those that the committed results"):
        reproduce(altered, "log-linear")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("porian/loss_val/constant-lr-frontiers", "did you mean 'porian/loss_val/constant-lr-frontier'"),
        ("porain/loss_val/constant-lr-frontier", "did you mean 'porian/loss_val/constant-lr-frontier'"),
        ("?", "unknown task of suite v2 '\\?'; 'scalingbench tasks' lists them"),
    ],
)
def test_an_unknown_task_is_named(name, message):
    with pytest.raises(InputError, match=message):
        load_task(name)


def test_every_task_of_a_suite_is_found_by_its_name():
    suite = load_suite("v0")
    assert all(suite.task(t.id) is t for t in suite.tasks)


def test_everything_says_what_it_is_in_a_line_and_in_a_small_table(results):
    task = results.tasks[0]
    lines = {
        results: "Results(suite made-up: 3 predictors)",
        results.select(track="compute"): "Results(suite made-up, track compute: 3 predictors)",
        results.board(): "Board(suite made-up: 3 predictors on 3 tasks; first: law, skill 0.500; version made-up-",
        results.compare(): "Comparison(3 predictors on 3 collections; 1 clique not told apart)",
        results.skill_by("track"): "SkillBySlice(by track: 3 predictors x compute, data-constrained)",
        results.standing("law"): "Standing(law among 3 of suite made-up)",
    }
    for what, line in lines.items():
        assert repr(what).startswith(line)
        assert what._repr_html_().startswith("<table>") and len(what._repr_html_()) < 5000
    assert repr(results.results[0]) == f"TaskResult({REFERENCE} on {task.id}: 1 fit, 4 predictions)"
    assert "E 1.5" in results.results[0]._repr_html_() and "<td" in results.results[0]._repr_html_()
    assert repr(task).startswith(f"Task({task.id}: loss from params; 6 rows to train on, 4 held out, in 1 fit;")
    assert task.fingerprint in task._repr_html_() and repr(task.folds[0]) == "Fold(all: 6 rows to train on, 4 held out)"
    assert repr(load_suite("sldbench")) == "Suite(sldbench: 12 entries on 1 collection)"
