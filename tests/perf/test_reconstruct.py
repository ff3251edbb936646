"""The attack on stored scores: its equations are those of the scores, and it finds what it is meant to find."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from scripts import perf_module

from scalingbench.benchmark.evaluation.results import read_results
from scalingbench.benchmark.scores.store import read_scores
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.leaderboard.committed import committed_file_of, scores_path

TASK = "quest_precision"


def committed(suite, predictors, tasks):
    """Return the committed results on these tasks alone: reading all tasks takes long."""
    found, names = [], [t.id for t in tasks]
    for file in committed_file_of(suite, predictors).values():
        part = io.BytesIO()
        pq.write_table(pq.read_table(file, filters=[("task", "in", names)]), part)
        found += read_results(part)
    return found


@pytest.fixture(scope="module")
def attack():
    return perf_module("reconstruct")


@pytest.fixture(scope="module")
def tasks(attack):
    """Return the tasks of a bundled collection and their equations."""
    suite, scores = load_suite("v3"), read_scores(scores_path("v3"))
    built = suite.build(collections=[TASK])
    results = committed(suite, scores["predictor"].unique()[::2], built)
    return [(task, attack.equations_of(task, results, scores)) for task in built]


def made(attack, values, folds=1, log=True, n_predictors=30):
    rng = np.random.default_rng(1)
    points = values + rng.normal(0, 0.1, (n_predictors, len(values)))
    fold = np.arange(len(values)) % folds
    blank = attack.Equations(points, np.repeat(points[:, None], 3, axis=1), fold, np.zeros((n_predictors, 5)), log)
    return attack.Equations(points, blank.quantiles, fold, blank.at(values)[0], log)


def test_the_equations_are_those_of_the_stored_scores(attack, tasks):
    for task, equations in tasks:
        said = equations.at(attack.truth(task))[0]
        known = np.isfinite(equations.scores)
        assert known.sum() > 50
        assert np.isclose(said[known], equations.scores[known], rtol=1e-6, atol=1e-9).mean() > 0.95  # others are capped in a fold


@pytest.mark.parametrize("log", [True, False])
def test_derivatives_are_those_of_the_scores(attack, log):
    z = np.random.default_rng(0).uniform(0.5, 1.0, 12)
    equations = made(attack, z, folds=2, log=log, n_predictors=4)
    at, step = z + 0.03, 1e-6
    found = [(equations.at(at + step * unit)[0] - equations.at(at - step * unit)[0]) / (2 * step) for unit in np.eye(len(z))]
    assert equations.at(at)[1] == pytest.approx(np.stack(found, axis=2), rel=1e-4, abs=1e-6)


def test_values_of_one_fold_are_recovered_and_fewer_digits_hide_them(attack):
    z = np.random.default_rng(0).uniform(0.5, 1.0, 20)
    equations = made(attack, z)
    assert np.abs(attack.solved(equations) - z).max() < attack.CLOSE
    assert (np.abs(attack.solved(equations.rounded(2)) - z) < attack.CLOSE).mean() < 0.5


def test_every_value_of_a_real_task_is_recovered(attack, tasks):
    small = [(task, equations) for task, equations in tasks if len(task.folds) == 1 and len(equations.fold) <= 30]
    assert small and any(attack.recovered(task, equations).all() for task, equations in small)


def test_too_many_values_are_not_tried(attack, tasks):
    task, _ = tasks[0]
    many = made(attack, np.full(attack.MOST + 1, 0.5))
    assert not attack.recovered(task, many).any()


def test_copies_of_held_out_values_are_counted(attack, tasks):
    built = [task for task, _ in tasks]
    found = attack.copied(built, committed(load_suite("v3"), ["nearest-neighbor", "log-linear"], built))
    assert found["nearest-neighbor"] > found["log-linear"] and found["any"] >= found["nearest-neighbor"] and found[""] >= found["any"]
