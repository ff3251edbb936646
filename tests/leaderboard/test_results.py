"""Results: the one object that boards, slices, comparisons and placements are read from; of predictions, and beside stored scores."""

import dataclasses
import json
import logging

import numpy as np
import pandas as pd
import pytest
from made import BUNDLED, ERRORS, FETCH_ONLY, REFERENCE, made_up_result, made_up_results, made_up_suite, made_up_task

import scalingbench.leaderboard.rescoring
import scalingbench.leaderboard.store
from scalingbench.benchmark.data import collection
from scalingbench.benchmark.evaluation.results import FoldResult, predictor_path, write_results
from scalingbench.benchmark.tasks.frozen import read_head
from scalingbench.benchmark.tasks.suite import load_suite, load_task, task_table
from scalingbench.cli.submit import _with_committed
from scalingbench.common.errors import InputError
from scalingbench.leaderboard.committed import ScoredTasks, load_stored
from scalingbench.leaderboard.placement import usual_seconds
from scalingbench.leaderboard.protocol_boards import protocol_differences, stored_protocol_table, write_protocol_table
from scalingbench.leaderboard.reproduce import largest_difference, reproduce
from scalingbench.leaderboard.rescoring import rescore
from scalingbench.leaderboard.results import Results, not_ranked_on

LAWS = {"law": [0.1, 0.1, 0.1], "mean": [0.4, 0.4, 0.4]}
"""Errors on three tasks; the reference's is 0.2 on each."""


def made(errors=LAWS, suite=None, **options):
    return made_up_results(errors, suite or made_up_suite(where=BUNDLED), **options)


@pytest.fixture
def results():
    return made()


def by_name(board):
    return board.rows.set_index("predictor")


def names(board):
    return board.rows["predictor"].tolist()


def test_skill_is_one_minus_error_over_the_references(results):
    found = by_name(results.board())["skill"]
    assert found["law"] == pytest.approx(1 - 0.1 / 0.2, abs=1e-6) and found["mean"] == pytest.approx(1 - 0.4 / 0.2, abs=1e-6)
    assert list(found.index) == ["law", REFERENCE, "mean"]


def test_a_board_holds_what_it_was_made_from(results):
    board = results.board()
    assert board.version == results.version and board.version.startswith("made-up-")
    assert dict(board.fingerprints) == {t.id: t.fingerprint for t in results.tasks} and len(board.fingerprints) == 3
    assert (board.n_tasks, board.n_collections, board.track) == (3, 3, None)


def test_scores_are_made_once_for_everything_that_is_read_from_them(results, monkeypatch):
    scored = []
    real = scalingbench.leaderboard.rescoring.score
    monkeypatch.setattr(scalingbench.leaderboard.rescoring, "score", lambda *a: scored.append(a) or real(*a))
    results.board(), results.skill_by("track"), results.compare(), results.standing("law"), results.select(track="compute").board()
    assert len(scored) == 1


def test_a_track_is_ranked_as_if_there_were_no_other(results):
    of_whole = results.board() and results.select(track="compute").board()
    fresh = made(track="compute").board()
    assert of_whole.render("json") == fresh.render("json") and (fresh.track, fresh.n_tasks) == ("compute", 2)


def test_a_choice_of_predictors_keeps_what_they_are_measured_against():
    results = made({**LAWS, "third": [0.3, 0.3, 0.3]})
    chosen = results.select(predictors="law")
    assert set(chosen.predictors) == {"law", "mean", REFERENCE} == {r.predictor for r in chosen.results}
    columns = ["skill", "win_rate", "elo"]
    pd.testing.assert_frame_equal(by_name(chosen.board())[columns], by_name(results.board())[columns].drop(index="third"))


def test_choices_narrow_each_other(results):
    assert results.select(collections="porian", predictors="law").tasks == results.tasks[1:2]
    assert results.select(track="compute").select(collections=["porian", "distillation_apple"]).tasks == results.tasks[1:2]
    with pytest.raises(InputError, match="these are the results of track 'compute', not of 'data-constrained'"):
        results.select(track="compute").select(track="data-constrained")
    with pytest.raises(InputError, match="has no task of this selection"):
        results.select(collections=["porian"]).select(collections=["distillation_apple"])


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"track": "computer"}, "unknown track of suite made-up 'computer'; did you mean 'compute'"),
        ({"collections": ["porean"]}, "unknown collection of suite made-up 'porean'; did you mean 'porian'"),
        ({"predictors": "lew"}, "unknown predictor of these results 'lew'; did you mean 'law'"),
    ],
)
def test_a_misspelt_choice_is_named(results, choice, message):
    with pytest.raises(InputError, match=message):
        results.select(**choice)


def test_results_cannot_be_changed(results):
    with pytest.raises(dataclasses.FrozenInstanceError):
        results.choice = None


def test_a_predictor_is_not_ranked_on_what_it_was_made_from():
    excluded = {"law": ("datablations", "gemstones"), "other": ("x",)}
    results = made({"law": [0.01, 0.1, 0.1], "mean": [0.4] * 3}, exclusions=excluded)
    board = results.select(track="compute").board()
    assert "datablations" not in set(results.scores.loc[results.scores["predictor"] == "law", "collection"])
    assert by_name(board).loc["law", "skill"] == pytest.approx(1 - (1.0 * 0.5) ** (1 / 2), abs=1e-6)
    assert board.exclusions == {"law": ("datablations",)}


def test_results_of_altered_tasks_are_named_and_ignored(results, caplog):
    stale = dataclasses.replace(made_up_result("law", results.tasks[0], 0.05), fingerprint="0" * 16)
    kept = (r for r in results.results if (r.predictor, r.task) != ("law", stale.task))
    altered = Results.of((*kept, stale), results.suite, track="compute", exclusions={})
    with caplog.at_level(logging.WARNING):
        assert by_name(altered.board()).loc["law", "tasks_entered"] == 1
    assert f"law on {stale.task}: the rows of the task have changed since" in caplog.text


def test_no_results_and_no_reference_are_named():
    suite = made_up_suite(where=BUNDLED)
    with pytest.raises(InputError, match="no result belongs to a task whose data are available locally"):
        _ = Results.of((), suite, track="compute", exclusions={}).scores
    alone = Results.of((made_up_result("law", suite.made[0], 0.1),), suite, exclusions={})
    with pytest.raises(InputError, match="no complete result of the reference 'nearest-neighbor'"):
        alone.board()


def test_slices_compare_and_board_agree(results):
    slices = results.skill_by("track")
    assert list(slices.rows.index) == names(results.board()) and slices.counts["compute"] == 2
    assert slices.rows.loc["law", "compute"] == pytest.approx(by_name(results.select(track="compute").board()).loc["law", "skill"])
    assert list(results.skill_by("track", top=1).rows.index) == ["law"]
    assert list(results.compare(top=2).skill.index) == ["law", REFERENCE]
    assert list(results.compare(["mean", "law"]).skill.index) == ["law", "mean"]


def test_a_placement_shows_two_neighbours_the_reference_and_every_track_entered():
    laws = {f"p{i}": [0.02 * (i + 1)] * 3 for i in range(8)}
    placement = made({**laws, "mean": [0.5] * 3}).standing("p4")
    assert list(placement.neighbours.rows["predictor"]) == ["p2", "p3", "p4", "p5", "p6", REFERENCE]
    rows = [row[:4] for row in placement.by_track().rows]
    assert rows[:3] == [
        ("compute (2 tasks)", "4 of 10", "p3", "0.600"),
        ("", "5 of 10", "p4 (here)", "0.500"),
        ("", "6 of 10", "p5", "0.400"),
    ]
    assert rows[3][0] == "data-constrained (1 task)" and "fit time is that of this machine" in str(placement)


def test_a_placement_says_whose_predictions_it_repeats():
    results = made({"mine": [0.1, 0.2, 0.3], "law": [0.1, 0.2, 0.3 * (1 + 1e-6)], "near": [0.1, 0.2, 0.301], "mean": [0.5] * 3})
    assert "mine predicts as law does: the same errors" in str(results.standing("mine"))
    assert "predicts as" not in str(results.standing("near"))


def test_the_usual_time_is_that_of_the_middle_half():
    scores = pd.DataFrame({"predictor": list("aabc"), "fit_seconds": [1.0, 1.0, 4.0, 8.0], "folds": [2, 2, 2, 1]})
    assert usual_seconds(scores) == (6.0, 8.0)


def test_tracks_that_were_not_entered_or_do_not_count_are_not_listed():
    tasks = [made_up_task("datablations", "compute"), made_up_task("porian", "curve"), made_up_task("distillation_apple", "mixture", 0.0)]
    results = made({"law": [0.1, None, 0.1], "mean": [0.4] * 3}, made_up_suite(*tasks))
    assert list(results.standing("law").tracks) == ["compute"]
    assert list(results.standing("law", REFERENCE).tracks) == ["curve", "compute"]


def test_failures_are_lines(results):
    failed = made_up_result("law", results.tasks[0], None)
    found = Results.of((failed, *results.results), results.suite, exclusions={}).failures
    assert found == (f"law on {failed.task}: 1 of 1 fits failed: error: no way",)


def test_a_folder_is_read_into_the_same_board(results, tmp_path):
    for name in results.predictors:
        write_results(predictor_path(tmp_path, name), [r for r in results.results if r.predictor == name])
    read = Results.load(results.suite, tmp_path)
    assert read.board().render("json") == results.board().render("json")
    assert read.files["law"] == tmp_path / "law.parquet" and set(read.files) == {"law", "mean", REFERENCE}
    with pytest.raises(InputError, match="gone: no such folder of results"):
        Results.load(results.suite, tmp_path / "gone")
    with pytest.raises(InputError, match="suite 'made-up' has no results in the package"):
        Results.load(results.suite)


@pytest.fixture
def available(monkeypatch):
    """Give the set of collections whose data are not available locally."""
    absent: set[str] = set()
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: name not in absent)
    return absent


def test_predictions_are_scored_on_the_tasks_that_are_at_hand(available):
    for absent, skill in (((), 1 - 0.5 ** (1 / 3)), ((FETCH_ONLY,), 0.5)):
        available.update(absent)
        board = made_up_results(ERRORS).board()
        assert (board.n_tasks, by_name(board).loc["law", "skill"]) == (3 - len(absent), pytest.approx(skill, rel=1e-5))


def test_bundled_predictions_are_scored_without_a_look_at_the_other_collections(monkeypatch):
    looked: list[str] = []
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: looked.append(name) or True)
    board = made_up_results(ERRORS).select(bundled=True).board()
    assert board.n_tasks == 2 and "bundled collections only" in board.caption and FETCH_ONLY not in looked


@pytest.fixture
def beside(available, monkeypatch):
    """Give a function that puts results beside committed ones, of which only scores are there."""
    suite = made_up_suite()
    kept = ScoredTasks(made_up_results(ERRORS, suite).scores, task_table(suite.made))
    monkeypatch.setattr(scalingbench.leaderboard.store, "load_stored", lambda suite: kept)
    return lambda **own: made_up_results(own, suite).with_committed()


def test_results_stand_beside_the_stored_scores_of_others(beside):
    found = beside(mine=(0.05, 0.05, 0.05))
    assert names(found.board()) == ["mine", "law", REFERENCE, "mean"] and found.predictors == (REFERENCE, "mine", "law", "mean")
    assert names(beside(law=(0.3, 0.3, 0.3)).board()) == [REFERENCE, "law", "mean"]  # its own, not the stored ones


def test_an_entry_is_general_purpose_among_the_tasks_of_the_board_at_hand(beside):
    """Of three tasks it entered the two bundled ones: two thirds of the weight, and all of it on the bundled board."""
    found = beside(mine=(0.05, 0.05, None))
    assert "mine" not in names(found.board()) and "mine" in names(found.select(bundled=True).board())
    assert found.share_entered("mine") == pytest.approx(2 / 3) and found.select(bundled=True).share_entered("mine") == 1.0


def test_a_placement_says_why_the_whole_board_does_not_rank_an_entry(beside):
    found = beside(mine=(0.05, 0.05, None))
    text = str(found.standing("mine"))
    assert (
        "mine enters 67% of the weight: a specialised law, ranked on tracks" in text
        and "| compute (1 task)" in text
        and "mine (here)" in text
    )
    text = str(found.select(bundled=True).standing("mine"))
    assert "specialised" not in text and "| mine " in text and "bundled collections only" in text


def test_a_run_on_bundled_collections_is_shown_on_their_boards(beside, capsys):
    suite = made_up_suite()
    shown = _with_committed(made_up_results({"mine": (0.1, 0.1, None)}, suite).select(), ("mine",))
    assert shown.choice.bundled and capsys.readouterr().err == (
        "ranked on bundled collections only, because no other was run (--all: also those available locally)\n"
    )
    shown = _with_committed(made_up_results({"mine": (0.1, 0.1, 0.1)}, suite), ("mine",))
    assert not shown.choice.bundled and capsys.readouterr().err == ""


def test_only_a_suite_that_follows_a_protocol_has_its_board(results):
    with pytest.raises(InputError, match="suite 'made-up' follows no other benchmark's rules"):
        results.protocol_board()


@pytest.fixture
def no_data(monkeypatch):
    """Let every attempt to load a collection fail."""
    monkeypatch.setattr("scalingbench.benchmark.tasks.selection.load_collection", lambda name: pytest.fail(f"{name} was loaded"))
    monkeypatch.setattr(collection, "_read_bundled", lambda name: pytest.fail(f"{name} was read"))


def test_a_committed_board_needs_no_data(no_data):
    results = Results.load("v3")
    assert results.version == results.board().version and not results.select(track="synthetic").board().rows.empty
    assert len(results.skill_by("track", top=3).rows) == 3 and "kaplan" in results.compare(["autolaw", "kaplan"]).render("md")


def test_the_scores_of_a_selection_are_those_of_the_whole_suite(no_data):
    """Its weights are its own, and the tuning tasks of the whole suite choose the entry of every family."""
    lite, whole = Results.load("lite"), Results.load("v3")
    stored = load_stored(read_head("lite"))
    counted = stored.tasks[stored.tasks["role"] == "counted"]
    assert set(counted["task"]) <= set(whole.statements["task"]) and set(lite.task_table["task"]) <= set(counted["task"])
    both = lite.scores.merge(whole.scores, on=["predictor", "task"], suffixes=("", "_whole"))
    assert len(both) == len(lite.scores) and (both["ratio"] == both["ratio_whole"]).all()
    assert list(lite.order) == [name for name in whole.order if name in lite.order] and lite.version.startswith("lite-")
    with pytest.raises(InputError, match="suite 'lite' uses the scores of suite 'v3': recompute those"):
        rescore(load_suite("lite"), {})


@pytest.mark.parametrize("suite", ["sldbench", "revisiting-nsl"])
def test_a_protocols_board_is_a_table_in_every_format_and_needs_no_data(suite, no_data):
    whole = Results.load(suite).protocol_board()
    few = Results.load(suite).select(predictors=["autolaw"]).protocol_board()
    assert whole.rows.loc["autolaw", "source"] == "ours" and len(few.rows) < len(whole.rows)
    board = whole.cut(3)
    assert len(board.rows) == 3 and board.rows.index.name == "predictor"
    assert board.render("md").splitlines()[2].startswith(f"| {board.rows.index[0]} | ")
    assert [row["predictor"] for row in json.loads(board.render("json"))["rows"]] == list(board.rows.index)
    assert board.render("csv").startswith("predictor,source,") and r"\midrule" in board.render("latex")
    assert repr(board).startswith(f"ProtocolBoard({suite}: ")


def test_a_choice_of_a_protocols_tasks_whose_data_are_not_at_hand_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: False)
    with pytest.raises(InputError, match="a selection of its tasks needs their data, which are not available locally"):
        Results.load("sldbench").select(track="mixture").protocol_board()


@pytest.mark.parametrize("suite", ["sldbench", "revisiting-nsl"])
def test_every_stored_number_is_computed_again(suite, mirror):
    again = rescore(load_suite(suite), not_ranked_on())
    assert again.problems == () and again.lacking == () and again.n_elsewhere == 0


def test_numbers_of_a_protocol_that_differ_are_named_and_other_rows_are_refused(tmp_path, monkeypatch):
    again = pd.DataFrame({"predictor": ["a", "b"], "task": ["t", "t"], "r2": [0.5, float("nan")]})
    for same in (again, again.assign(r2=[0.5 * (1 + 1e-12), float("nan")])):
        assert protocol_differences(same, again) == ()
    (line,) = protocol_differences(again.assign(r2=[0.6, float("nan")]), again)
    assert line == "a on t: r2 is stored as 0.6, computed again it is 0.5"
    for other in (None, again[:1], again.assign(predictor="c"), again.drop(columns="r2")):
        assert protocol_differences(other, again) == ("the stored scores of the protocol belong to other results",)
    monkeypatch.setattr("scalingbench.leaderboard.protocol_boards.protocol_path", lambda suite: tmp_path / "x.parquet")
    assert stored_protocol_table("x") is None
    write_protocol_table("x", again)
    pd.testing.assert_frame_equal(stored_protocol_table("x"), again, check_dtype=False)
    (tmp_path / "x.parquet").write_bytes(b"PAR1 junk")
    with pytest.raises(InputError, match=r"x\.parquet: not a table of a protocol's scores"):
        stored_protocol_table("x")


def test_a_committed_result_is_reproduced():
    task = load_task("porian/loss_val/chinchilla-decay-frontier")
    made = reproduce(task, "log-linear")
    assert made.difference < 1e-4 and made.error == pytest.approx(made.stored_error, rel=1e-4)
    scores = Results.load("v3").scores.set_index(["predictor", "task"])
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
    with pytest.raises(InputError, match=r"m4: suite 'v3' has no committed result of this predictor on porian/loss_val"):
        reproduce(task, "m4")
    altered = dataclasses.replace(task, folds=(dataclasses.replace(task.folds[0], y_test=task.folds[0].y_test + 1.0),))
    with pytest.raises(InputError, match="its rows differ from those of the committed results"):
        reproduce(altered, "log-linear")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("porian/loss_val/constant-lr-frontiers", "did you mean 'porian/loss_val/constant-lr-frontier'"),
        ("porain/loss_val/constant-lr-frontier", "did you mean 'porian/loss_val/constant-lr-frontier'"),
        ("?", "unknown task of suite v3 '\\?'; 'scalingbench tasks' lists them"),
    ],
)
def test_an_unknown_task_is_named(name, message):
    with pytest.raises(InputError, match=message):
        load_task(name)


def test_every_task_of_a_suite_is_found_by_its_name():
    suite = load_suite("lite")
    assert all(suite.task(t.id) is t for t in suite.tasks)


def test_everything_says_what_it_is_in_a_line_and_in_a_small_table(results):
    task = results.tasks[0]
    lines = {
        results: "Results(suite made-up: 3 predictors)",
        results.select(track="compute"): "Results(suite made-up, track compute: 3 predictors)",
        results.board(): "Board(suite made-up: 3 predictors on 3 tasks; first: law, skill 0.500; version made-up-",
        results.compare(): "Comparison(3 predictors on 3 clusters; 1 clique not statistically distinguishable)",
        results.skill_by("track"): "SkillBySlice(by track: 3 predictors x compute, data-constrained)",
        results.standing("law"): "Placement(law among 3 of suite made-up)",
    }
    for what, line in lines.items():
        assert repr(what).startswith(line)
        assert what._repr_html_().startswith("<table>") and len(what._repr_html_()) < 5000
    assert repr(results.results[0]) == f"TaskResult({REFERENCE} on {task.id}: 1 fit, 4 predictions)"
    assert "E 1.5" in results.results[0]._repr_html_() and "<td" in results.results[0]._repr_html_()
    assert repr(task).startswith(f"Task({task.id}: loss from params; 6 rows to train on, 4 held out, in 1 fit;")
    assert task.fingerprint in task._repr_html_() and repr(task.folds[0]) == "Fold(all: 6 rows to train on, 4 held out)"
    assert repr(load_suite("sldbench")) == "Suite(sldbench: 12 entries on 1 collection)"


def test_the_suite_is_that_of_the_result_files_and_another_one_is_refused(tmp_path):
    result = next(iter(made().store.predictions))
    write_results(predictor_path(tmp_path, "law"), [dataclasses.replace(result, suite="lite")])
    assert Results.load(folder=tmp_path).store.suite.name == "lite"
    with pytest.raises(InputError, match="holds results of suite 'lite', not of 'v3'; leave --suite out"):
        Results.load("v3", tmp_path)
    write_results(predictor_path(tmp_path, "other"), [dataclasses.replace(result, suite="v3", predictor="other")])
    with pytest.raises(InputError, match="holds results of suites lite, v3; choose one with --suite"):
        Results.load(folder=tmp_path)
    write_results(predictor_path(tmp_path, "law"), [dataclasses.replace(result, suite="mine")])
    write_results(predictor_path(tmp_path, "other"), [dataclasses.replace(result, suite="mine", predictor="other")])
    with pytest.raises(InputError, match="suite 'mine', which is not in the package; name its file with --suite"):
        Results.load(folder=tmp_path)
