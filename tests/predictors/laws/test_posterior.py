"""The posterior of Chinchilla's form: the sampler on a density that is known, calibration on data that the law made, and few rows."""

import warnings

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.laws import posterior
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.posterior import ChinchillaPosterior, stretch_moves


def fitted(X, y, law=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (law or ChinchillaPosterior(loss="l2")).fit(X, y)


def runs(rng, n=30, noise=0.01):
    X = pd.DataFrame({"params": 10 ** rng.uniform(7, 9, n), "tokens": 10 ** rng.uniform(9, 11, n)})
    loss = Chinchilla.formula(X["params"].to_numpy(), X["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
    return X, loss * np.exp(noise * rng.standard_normal(n))


def test_the_sampler_has_the_mean_and_covariance_of_a_normal():
    covariance = np.array([[4.0, 1.2], [1.2, 0.5]])
    inverse, rng = np.linalg.inv(covariance), np.random.default_rng(0)
    draws = stretch_moves(lambda x: -0.5 * np.einsum("wp,pq,wq->w", x - 3.0, inverse, x - 3.0), rng.normal(3, 1, (64, 2)), 4000, 400, rng)
    assert draws.mean(axis=0) == pytest.approx([3.0, 3.0], abs=0.15)
    assert np.cov(draws.T) == pytest.approx(covariance, rel=0.1)


@pytest.mark.full
@pytest.mark.parametrize("rounds", [200, posterior._ROUNDS])
def test_intervals_hold_as_often_as_they_say_on_data_of_the_law(rounds, monkeypatch):
    """40 data sets, five rows each up to ten times beyond in both; 80 % of 200 rows. A short chain covers as a long one does."""
    monkeypatch.setattr(posterior, "_ROUNDS", rounds)
    far = pd.DataFrame({"params": np.geomspace(1e9, 1e10, 5), "tokens": np.geomspace(1e11, 1e12, 5)})
    truth = Chinchilla.formula(far["params"].to_numpy(), far["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
    inside = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        low, high = fitted(*runs(rng)).predict_quantiles(far, (0.1, 0.9)).T
        measured = truth * np.exp(0.01 * rng.standard_normal(5))
        inside.append((low <= measured) & (measured <= high))
    assert 0.7 < np.mean(inside) < 0.92


def test_the_mean_is_near_the_best_fit_where_rows_decide():
    X, y = runs(np.random.default_rng(1), n=200, noise=1e-3)
    law = fitted(X, y)
    assert law.predict(X) == pytest.approx(fitted(X, y, Chinchilla(loss="l2")).predict(X), rel=2e-3)
    assert np.median(law.noise_) == pytest.approx(1e-3, rel=0.2)


def test_few_rows_leave_the_prior():
    X, y = runs(np.random.default_rng(2), n=3)
    law = fitted(X, y)
    alpha = law.draws_[:, [p.name for p in law.parameters].index("alpha")]
    assert np.exp(np.median(alpha)) == pytest.approx(0.33, rel=0.4) and alpha.std() > 0.15


def test_another_noise_is_refused():
    with pytest.raises(PredictorError, match="normal noise"):
        ChinchillaPosterior().fit(*runs(np.random.default_rng(0)))
