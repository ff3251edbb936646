"""Laws that pool: the prior they share, what it does to short curves, and that no back-test hears of rows that it asks for."""

import warnings

import numpy as np
import pandas as pd
import pytest
from stub_laws import Listens

from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.predictors.autolaw.backtest import DataSet, fit_candidates
from scalingbench.predictors.laws.power_laws import M4, ShiftedPowerLaw
from scalingbench.predictors.laws.priors import PooledChinchilla, PooledM4, PooledShiftedPowerLaw, shared_prior
from scalingbench.predictors.registry import Entry


def fit_many(law, frames, responses):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return law.fit_many(frames, responses)


def test_the_shared_prior_is_that_of_the_draws():
    """Estimates vary by their own noise and by the spread of the constants; only the latter is the prior's."""
    rng, n = np.random.default_rng(0), 2000
    constants = rng.normal([1.0, -2.0], [0.3, 0.8], (n, 2))
    noise = np.array([[0.5, 0.2], [0.2, 0.4]])
    estimates = constants + rng.multivariate_normal([0.0, 0.0], noise, n)
    precision = np.tile(np.linalg.inv(noise), (n, 1, 1))
    mean, spread = shared_prior(estimates, precision, np.zeros(2), np.ones(2))
    assert mean == pytest.approx([1.0, -2.0], abs=0.05)
    assert spread == pytest.approx([0.3, 0.8], abs=0.06)


def test_a_data_set_that_says_nothing_keeps_the_stated_prior():
    mean, spread = shared_prior(np.array([[9.0]]), np.array([[[1e-9]]]), np.array([0.5]), np.array([0.35]))
    assert mean == pytest.approx([0.5], abs=1e-6) and spread == pytest.approx([0.35], abs=1e-6)


def test_no_data_sets_are_believed_to_be_more_alike_than_two_per_cent():
    """Of 2000 exact and equal estimates the spread would be below 1 %."""
    equal, exact = np.full((2000, 1), 0.5), np.full((2000, 1, 1), 1e12)
    mean, spread = shared_prior(equal, exact, np.array([0.5]), np.array([0.3]))
    assert (mean, spread) == (pytest.approx([0.5]), pytest.approx([0.02]))


def short_curves(rng, n=12, noise=4e-2):
    x = pd.DataFrame({"tokens": np.geomspace(1e8, 3e9, 6)})
    floors, sizes = rng.uniform(1.5, 2.5, n), rng.uniform(0.5, 1.5, n)
    clean = [(E, a, lambda z, E=E, a=a: E + a * (z / 1e9) ** -0.45) for E, a in zip(floors, sizes, strict=True)]
    y = [f(x["tokens"].to_numpy()) * np.exp(noise * rng.standard_normal(6)) for _, _, f in clean]
    return x, y, [f for _, _, f in clean]


def test_curves_of_one_exponent_help_each_other():
    x, y, truth = short_curves(np.random.default_rng(1))
    far = pd.DataFrame({"tokens": [1e11]})

    def error(law):
        fitted = fit_many(law, [x] * len(y), y)
        return np.sqrt(np.mean([np.log(m.predict(far) / f(1e11))[0] ** 2 for m, f in zip(fitted, truth, strict=True)]))

    assert error(PooledShiftedPowerLaw(loss="l2")) < 0.5 * error(ShiftedPowerLaw(loss="l2"))


def test_pooling_halves_the_error_on_real_curves_set_aside():
    """Loss against width of small transformers, from four widths each."""
    task = load_suite("v3").task("nanogpt_width/loss_final/frontier-width-192")

    def error(law):
        fitted = fit_many(law, [f.X_train for f in task.folds], [f.y_train for f in task.folds])
        logs = [np.log(m.predict(f.X_test) / f.y_test) for m, f in zip(fitted, task.folds, strict=True)]
        return np.exp(np.mean([np.log(np.sqrt(np.mean(r**2))) for r in logs]))

    assert error(PooledM4(loss="l2")) < 0.5 * error(M4(loss="l2"))


def test_a_law_of_params_and_tokens_that_pools_recovers_constants():
    N, D = (a.ravel() for a in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e9, 1e11, 5)))
    X = pd.DataFrame({"params": N, "tokens": D})
    y = [E + 400 * N**-0.34 + 1500 * D**-0.37 for E in (1.5, 1.7, 1.9)]
    for law, E in zip(fit_many(PooledChinchilla(loss="l2"), [X] * 3, y), (1.5, 1.7, 1.9), strict=True):
        assert law.params_["E"] == pytest.approx(E, rel=0.02)
        assert law.params_["alpha"] == pytest.approx(0.34, rel=0.03)


def test_no_back_test_hears_of_rows_that_it_asks_for(registered):
    """Eight and six doublings: every call has one height of both curves, so never a curve's lower rows beside its upper ones."""
    registered(Entry("listens", "stub_laws:Listens", "listens"))
    data_sets = []
    for name, n in (("a", 8), ("b", 6)):
        X = pd.DataFrame({"x": 2.0 ** np.arange(n), "curve": name})
        data_sets.append(DataSet.of(X, X["x"].to_numpy() ** -0.5))
    Listens.heard = []
    fit_candidates(data_sets, groups=[0, 0])
    for call in Listens.heard:
        assert len({curve for curve, _ in call}) == len(call)
    assert [("a", 8), ("b", 6)] in Listens.heard
    assert [("a", 6), ("b", 5)] in Listens.heard  # the highest back-test of each along x
    assert sum(map(len, Listens.heard)) == sum(1 + len(data.backtests) for data in data_sets)
