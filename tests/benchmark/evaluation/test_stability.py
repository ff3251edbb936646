"""How far rounding moves predictions: measured, recorded, and none without a stated reason."""

import sys

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from scripts import perf_module

from scalingbench.benchmark.evaluation.contract_check import unstable
from scalingbench.benchmark.evaluation.results import UNSTABLE, read_results, write_results
from scalingbench.benchmark.evaluation.run import evaluate, measure, run_suite
from scalingbench.benchmark.evaluation.stability import jittered
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.predictors.laws.power_laws import PowerLaw, ShiftedPowerLaw

stability = perf_module("stability")
REASONS, SUITE, apart, laws, run, table = (getattr(stability, n) for n in ("REASONS", "SUITE", "apart", "laws", "run", "table"))

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import the tests


class Hashed:
    """Predicts what the last bits of the response say."""

    variables = ("*",)

    def fit(self, X, y):
        self.level = 1.0 + hash(y.tobytes()) % 1000 / 1000.0
        return self

    def predict(self, X):
        return np.full(len(X), self.level)


@pytest.fixture(scope="module")
def task():
    return next(t for t in load_suite(SUITE).tasks if len(t.variables) == 1 and len(t.folds) > 1)


def test_jittered_rows_keep_what_is_equal_and_their_range():
    X = pd.DataFrame({"x": [1.0, 3.0, 3.0, 7.0, 9.0], "run": list("aabbc")})
    y = np.array([0.5, 0.25, 1.0, 1.0, 0.75])
    moved = [jittered(X, y, seed) for seed in range(20)]
    assert any((Z["x"] != X["x"]).any() for Z, _ in moved) and any((w != y).any() for _, w in moved)
    for Z, w in moved:
        assert Z["x"][1] == Z["x"][2] and w[2] == w[3] <= 1.0 and (Z["run"] == X["run"]).all()
        assert np.abs(Z["x"] / X["x"] - 1.0).max() < 2e-15 and np.abs(w / y - 1.0).max() < 2e-15


def test_when_stability_is_asked_for_then_every_fold_has_it_and_files_keep_it(task, tmp_path):
    plain, steady, shaky = (evaluate(p, task, stability=s) for p, s in ((PowerLaw(), False), (PowerLaw(), True), (Hashed(), True)))
    assert not plain.measured and all(np.isnan(f.instability) for f in plain.folds)
    assert steady.measured and not steady.unstable and all(f.instability < UNSTABLE for f in steady.folds)
    assert len(shaky.unstable) == len(task.folds) and f"{len(task.folds)} unstable" in repr(shaky)
    write_results(tmp_path / "p.parquet", [steady])
    assert [f.instability for f in read_results(tmp_path / "p.parquet")[0].folds] == [f.instability for f in steady.folds]
    write_results(tmp_path / "p.parquet", [plain])
    assert not read_results(tmp_path / "p.parquet")[0].measured


def test_when_a_run_is_resumed_for_stability_then_what_was_not_measured_is_run_again(task, tmp_path):
    (first,) = run_suite({"p": PowerLaw()}, [task], tmp_path)
    (again,) = run_suite({"p": PowerLaw()}, [task], tmp_path, resume=True, stability=True)
    assert not first.measured and again.measured


def test_one_fold_is_measured_alone(task):
    assert measure(PowerLaw(), task, task.folds[0]) < UNSTABLE < measure(Hashed(), task, task.folds[0])


class Brittle:
    """Fits the very rows that it knows, and no others."""

    variables = ("*",)

    def __init__(self, known=()):
        self.known = known

    def fit(self, X, y):
        if y.tobytes() not in self.known:
            raise ValueError("other rows")
        return self

    def predict(self, X):
        return np.ones(len(X))


def test_a_fold_whose_refit_fails_is_unstable(task):
    found = evaluate(Brittle(tuple(fold.y_train.tobytes() for fold in task.folds)), task, stability=True)
    assert {fold.status for fold in found.folds} == {"ok"} and len(found.unstable) == len(task.folds)


def test_check_and_summary_tell_what_is_unstable():
    assert unstable(PowerLaw) == []
    assert unstable(Hashed) and all("unstable: rounding moves a prediction by" in line for line in unstable(Hashed))
    X = pd.DataFrame({"x": np.geomspace(1.0, 1e4, 30)})
    law = ShiftedPowerLaw().fit(X, 1.5 + 3.0 * X["x"].to_numpy() ** -0.4 * np.exp(0.01 * np.sin(np.arange(30))))
    assert np.isnan(law.summary().attrs["instability"])
    assert law.instability(X * 100.0) < UNSTABLE and law.summary().attrs["instability"] == law.instability_ and "unstable" not in repr(law)
    law.instability_ = 0.03
    assert "unstable: rounding moves a prediction by 3 %" in repr(law)


class LastRow:
    """Predicts the value of the last training row."""

    variables = ("*",)

    def fit(self, X, y):
        self.level = float(y[-1])
        return self

    def predict(self, X):
        return np.full(len(X), self.level)


def test_check_tells_that_the_order_of_rows_matters():
    assert unstable(LastRow) and all("the order of the training rows moves a prediction by" in line for line in unstable(LastRow))


def test_a_table_names_what_is_unstable_without_a_reason(task):
    shaky = [evaluate(Hashed(), task, name=name, stability=True) for name in ("hashed", next(iter(REASONS)))]
    lines, unexplained = table(shaky)
    assert unexplained == ["hashed"] and len(lines) == 3
    one, other = (evaluate(PowerLaw(), task, name="p", stability=True) for _ in range(2))
    assert apart([one], [other], [one], [task]) == []
    assert len(apart([one], [evaluate(Hashed(), task, name="p")], [one], [task])) == len(task.folds)


SAMPLE = ("power-law", "kaplan", "routed")


@pytest.mark.parametrize("name", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.full) for name in laws(None)])
def test_no_prediction_of_a_registered_law_is_unstable_without_a_reason(name):
    results = run([name], load_suite(SUITE).tasks, stability=True)
    assert name in REASONS or not [(r.task, f.fold, f.instability) for r in results for f in r.unstable]
