"""AutoLaw and its back-tests."""

import warnings

import numpy as np
import pandas as pd
import pytest

from predictors.autolaw import AutoLaw, candidates
from predictors.backtests import ALL, INTERPOLATION, direction, make_backtests
from predictors.compute import Chinchilla
from scalingbench.common.errors import PredictorError

RNG = np.random.default_rng(4)
GRID = pd.DataFrame({"params": np.repeat(10 ** np.linspace(7.5, 9.5, 8), 6), "tokens": np.tile(10 ** np.linspace(9, 11, 6), 8)})
LOSS = Chinchilla.formula(GRID["params"].to_numpy(), GRID["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)


def quiet(law, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return law.fit(X, y)


def test_backtests_predict_upwards_and_never_train_on_what_they_predict():
    tests = make_backtests(GRID)
    assert {t.axis for t in tests} == {"params", "tokens", ALL, INTERPOLATION}
    for t in tests:
        assert not set(t.train) & set(t.test)
        if t.axis in GRID:
            assert GRID[t.axis].iloc[t.train].max() < GRID[t.axis].iloc[t.test].min()


def test_backtests_hold_out_whole_runs_where_rows_are_steps():
    X = pd.DataFrame({"run": np.repeat(["a", "b", "c", "d"], 10), "steps": np.tile(np.arange(1.0, 11.0), 4)})
    for t in make_backtests(X):
        if t.axis == INTERPOLATION:
            assert not set(X["run"].iloc[t.train]) & set(X["run"].iloc[t.test])


def test_direction_is_the_axis_that_is_extrapolated():
    larger = GRID.assign(params=GRID["params"] * 100)
    assert direction(GRID, larger)[0] == "params"
    assert direction(GRID, GRID.assign(tokens=GRID["tokens"] * 30))[0] == "tokens"
    assert direction(GRID, GRID.iloc[5:9]) == (INTERPOLATION, 0.0)
    losses = pd.DataFrame({"source_loss": np.linspace(3.0, 4.0, 9)})
    assert direction(losses, losses - 0.8)[0] == "source_loss"  # a loss falls as models grow


def test_it_finds_the_law_that_made_the_data():
    small = GRID["params"] < 1e9
    law = quiet(AutoLaw(), GRID[small], LOSS[small])
    predicted = law.predict(GRID[~small])
    assert np.abs(np.log(predicted / LOSS[~small])).max() < 2e-3
    assert max(law.weights_, key=law.weights_.get).startswith(("chinchilla", "interaction"))


def test_its_errors_come_from_training_rows_alone():
    small = GRID["params"] < 1e9
    a, b = (quiet(AutoLaw(), GRID[small], LOSS[small]) for _ in range(2))
    a.predict(GRID[~small])
    pd.testing.assert_frame_equal(a.errors_, b.errors_)


def test_intervals_hold_most_noisy_values_and_are_ordered():
    y = LOSS * np.exp(RNG.normal(0, 0.01, len(LOSS)))
    small = GRID["params"] < 1e9
    low, middle, high = quiet(AutoLaw(), GRID[small], y[small]).predict_quantiles(GRID[~small], (0.1, 0.5, 0.9)).T
    assert (low < middle).all() and (middle < high).all()
    assert np.mean((y[~small] >= low) & (y[~small] <= high)) > 0.6


def test_many_data_sets_are_fitted_together_as_they_are_alone():
    x = pd.DataFrame({"samples": np.logspace(2, 6, 20)})
    curves = [0.1 * k + 3.0 * x["samples"].to_numpy() ** -0.3 for k in (1, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        together = AutoLaw().fit_many([x, x], curves)
    beyond = pd.DataFrame({"samples": [1e8]})
    for law, y in zip(together, curves, strict=True):
        assert law.predict(beyond) == pytest.approx(quiet(AutoLaw(), x, y).predict(beyond), rel=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_rows_still_give_a_prediction(n):
    law = quiet(AutoLaw(), GRID.iloc[:n], LOSS[:n])
    assert np.isfinite(law.predict(GRID)).all()


def test_inputs_that_are_missing_later_are_done_without():
    X = GRID.assign(source_loss=LOSS)
    accuracy = 1 / (1 + np.exp(3 * (LOSS - 2.6)))
    small = X["params"] < 1e9
    law = quiet(AutoLaw(), X[small], accuracy[small])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = law.predict(X[~small].assign(source_loss=np.nan))
    assert np.abs(predicted - accuracy[~small]).max() < 0.05


def test_candidates_follow_from_the_variables():
    assert "chinchilla[huber-log]" in candidates(GRID, LOSS) and "m4" not in candidates(GRID, LOSS)
    one = pd.DataFrame({"samples": np.logspace(2, 6, 20)})
    assert "m4" in candidates(one, one["samples"].to_numpy())
    assert "power-law" not in candidates(one, -one["samples"].to_numpy())
    with pytest.raises(PredictorError):
        AutoLaw().fit(pd.DataFrame({"run": ["a", "b"]}), [1.0, 2.0])


def test_a_candidate_that_leaps_beyond_the_training_values_is_left_out():
    law = AutoLaw(reach=2.0)
    law._log, law._values_ = True, np.array([1.0, 2.0, 4.0])
    calm, leap = np.log([0.9, 0.5]), np.log([0.9, 1e-9])  # the second form has crossed zero
    assert set(law._plausible({"calm": calm, "leap": leap}, beyond=1.0)) == {"calm"}
    assert set(law._plausible({"leap": leap}, beyond=1.0)) == {"leap"}
    far = np.log([0.9, 0.02])
    assert set(law._plausible({"calm": calm, "far": far}, beyond=0.0)) == {"calm"}
    assert set(law._plausible({"calm": calm, "far": far}, beyond=2.0)) == {"calm", "far"}
