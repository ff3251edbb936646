"""Stored scores are no second truth: what they say is computed again from the committed predictions where data are available locally."""

import pytest
from made import ERRORS, FETCH_ONLY, REFERENCE, committed
from typer.testing import CliRunner

from scalingbench.benchmark.tasks.frozen import SuiteHead
from scalingbench.benchmark.tasks.statements import task_table
from scalingbench.cli.main import app
from scalingbench.common.errors import InputError
from scalingbench.leaderboard.rescoring import rescore, store_scores

DISTILLATION, PORIAN, ABSENT = (
    f"{name}/frontier-params-1e09" for name in ("distillation_apple/loss", "porian/loss_val", "monkeys/loss_solution")
)


@pytest.fixture
def world(tmp_path, monkeypatch):
    return committed(tmp_path, monkeypatch)


def found(world, exclusions=None):
    return rescore(world.suite, exclusions or {})


def one_more(table):
    """Return the scores with one of another value."""
    table.loc[(table["predictor"] == "law") & (table["task"] == PORIAN), "mape"] += 0.001
    return table


def test_stored_scores_are_what_the_predictions_give(world):
    again = found(world)
    assert (again.problems, again.lacking, again.n_tasks, again.n_elsewhere) == ((), (), 3, 0)
    assert len(again.table) == 9
    law = again.table.set_index(["predictor", "task"]).loc["law"]
    assert law["ratio"].to_dict() == pytest.approx({DISTILLATION: 0.5, PORIAN: 0.5, ABSENT: 2.0}, rel=1e-5)


def test_one_score_that_is_stored_otherwise_is_named_with_both_values(world):
    before = world.table().set_index(["predictor", "task"]).loc[("law", PORIAN), "mape"]
    world.alter(one_more)
    (line,) = found(world).problems
    assert line == f"law on {PORIAN}: mape is stored as {before + 0.001}, computed again it is {before}"


def test_a_difference_in_the_last_digits_is_none(world):
    world.alter(lambda table: table.assign(mape=table["mape"] * (1 + 1e-12)))
    assert found(world).problems == ()


def test_a_changed_result_file_is_named(world):
    world.write({**ERRORS, "law": (0.1, 0.15, 0.4)})
    problems = found(world).problems
    assert {line.split(": ")[0] for line in problems if " digest " in line} == {f"law on {PORIAN}"}
    (line,) = (line for line in problems if ": error is " in line)
    assert [float(word.strip(",")) for word in line.split() if word[0].isdigit()] == pytest.approx([0.1, 0.15], abs=1e-6)
    # the file is another one, so it says of every row of it
    assert {line.split(": ")[0] for line in problems if " source " in line} == {f"law on {t}" for t in (DISTILLATION, PORIAN, ABSENT)}


def test_a_score_without_a_result_and_a_result_without_a_score_are_named(world):
    world.write({**{n: e for n, e in ERRORS.items() if n != "mean"}, "new": (0.3, None, None)})
    assert found(world).problems == (
        *(f"mean on {task}: there is a stored score, but no result" for task in (DISTILLATION, ABSENT, PORIAN)),
        f"new on {DISTILLATION}: there is a result, but no stored score",
    )


def test_scores_are_carried_over_where_no_data_are_at_hand(world):
    before = world.table()
    world.absent.add(FETCH_ONLY)
    again = found(world)
    assert (again.problems, again.lacking, again.n_tasks, again.n_elsewhere) == ((), (), 2, 1)
    both = [t.sort_values(["predictor", "task"]).set_index(["predictor", "task"])["error"] for t in (before, again.table)]
    assert both[0].to_dict() == both[1].to_dict()


def test_a_score_is_carried_over_only_with_the_predictions_that_it_was_made_from(world):
    world.absent.add(FETCH_ONLY)
    world.write({**ERRORS, "law": (0.1, 0.1, 0.3)})
    again = found(world)
    assert again.lacking == (f"law on {ABSENT}: no local data, and no stored score",)
    assert f"law on {ABSENT}: there is a stored score, but no result" in again.problems
    with pytest.raises(InputError, match=f"law on {ABSENT}: no local data, and no stored score"):
        store_scores(again)


def test_nothing_is_carried_over_where_the_reference_predicts_something_else(world):
    """Its error is the unit of all others."""
    world.absent.add(FETCH_ONLY)
    world.write({**ERRORS, REFERENCE: (0.2, 0.2, 0.21)})
    assert {line.split(" on ")[0] for line in found(world).lacking} == {REFERENCE, "law", "mean"}


def test_a_predictor_is_not_scored_on_what_it_was_trained_on_and_nothing_is_said_to_lack(world):
    world.alter(lambda table: table[(table["predictor"] != "law") | (table["task"] != ABSENT)])
    for absent in ((), (FETCH_ONLY,)):
        world.absent.update(absent)
        again = found(world, {"law": (FETCH_ONLY,)})
        assert (again.problems, again.lacking) == ((), ())
        assert ABSENT not in set(again.table.loc[again.table["predictor"] == "law", "task"])


@pytest.fixture
def command(world, monkeypatch):
    """Give a function that calls the command on the made-up suite."""
    monkeypatch.setattr("scalingbench.benchmark.tasks.suite.load_suite", lambda name: world.suite)
    monkeypatch.setattr("scalingbench.leaderboard.results.not_ranked_on", dict)
    monkeypatch.setattr("scalingbench.leaderboard.committed.scores_path", lambda suite: world.scores)
    monkeypatch.setattr("scalingbench.leaderboard.committed.frozen_statements", lambda suite: task_table(world.suite.made))
    monkeypatch.setattr("scalingbench.leaderboard.results.read_head", lambda name: SuiteHead("made-up", "", REFERENCE, world.suite.pool))
    return lambda *more: CliRunner().invoke(app, ["leaderboard", "--suite", "made-up", *more])


def test_recompute_prints_the_board_and_says_what_was_computed(command, world):
    world.absent.add(FETCH_ONLY)
    done = command("--recompute")
    assert done.exit_code == 0, done.output
    assert "9 scores on 2 tasks recomputed; 1 tasks are not available locally" in done.stderr and "| law " in done.stdout


def test_recompute_names_a_difference_and_fails(command, world):
    world.alter(one_more)
    done = command("--recompute")
    assert done.exit_code == 1 and "| law " not in done.stdout
    assert f"failed: law on {PORIAN}: mape is stored as" in done.stderr


def test_store_writes_what_was_computed(command, world):
    world.alter(one_more)
    done = command("--recompute", "--store")
    assert done.exit_code == 0, done.output
    assert f"stored: {world.scores}" in done.stderr and found(world).problems == ()
