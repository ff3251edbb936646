"""A predictor is a function of the set of its training rows: their order, that of columns, index and names of runs change nothing."""

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from entries import each_predictor

from scalingbench.benchmark.evaluation.predictor import usable
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.predictors.columns import ordered
from scalingbench.predictors.registry import get

NAMES = each_predictor(long=("symbolic-regression", "chinchilla[posterior]"))


@cache
def suite(name):
    return load_suite(name).tasks


def first_fold(predictor):
    """Return the first fold of a task that the predictor enters: the smallest of suite lite, else the first of suite v3."""
    tasks = (*sorted(suite("lite"), key=lambda task: len(task.folds[0].y_train)), *suite("v3"))
    return next((task.folds[0] for task in tasks if usable(predictor, task)), None)


def _otherwise(X, y, seed):
    """The same rows in another order, with other columns first, another index and other names of runs."""
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(X)), [str(name) for name in rng.permutation(X.columns)]
    other = X.iloc[rows][names].set_axis(rng.permutation(len(X)) + 1000)
    return (other.assign(run="z" + other["run"].astype(str)) if "run" in other else other), y[rows]


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_training_rows_changes_no_prediction(name):
    fold = first_fold(get(name).make())
    if fold is None:
        pytest.skip("enters no task")
    X, y = fold.X_train, fold.y_train
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, other = (get(name).make().fit(*rows).predict(fold.X_test) for rows in ((X, y), _otherwise(X, y, 1)))
    assert np.abs(other - one).max() <= 1e-9 * np.abs(one).max()


def test_rows_of_one_set_have_one_order():
    X = pd.DataFrame({"b": [2.0, 1.0, 1.0, np.nan], "a": [1.0, 1.0, 1.0, 1.0], "run": list("wxyz")})
    y = np.array([0.1, 0.3, 0.2, 0.4])
    sorted_X, sorted_y, order = ordered(X, y)
    assert list(sorted_X) == ["a", "b", "run"] and order.tolist() == [2, 1, 0, 3] and sorted_y.tolist() == [0.2, 0.3, 0.1, 0.4]
    again, _, kept = ordered(sorted_X, sorted_y)
    assert again is sorted_X and kept.tolist() == [0, 1, 2, 3]


def test_weights_follow_their_rows():
    from scalingbench.predictors.laws.power_laws import PowerLaw

    X, y, w = pd.DataFrame({"x": [4.0, 1.0, 2.0, 8.0]}), np.array([1.0, 2.0, 1.6, 0.9]), np.array([1.0, 5.0, 0.0, 2.0])
    one = PowerLaw().fit(X, y, sample_weight=w).params_
    rows = [3, 1, 0, 2]
    other = PowerLaw().fit(X.iloc[rows], y[rows], sample_weight=w[rows]).params_
    assert one == other != PowerLaw().fit(X, y).params_
