"""Compute-optimal allocation, approach 2 and published constants."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.data_constrained import DataConstrained
from scalingbench.predictors.laws.isoflop import IsoFLOP
from scalingbench.predictors.laws.power_laws import PowerLaw
from scalingbench.predictors.published import PublishedLaw

TRUE = {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37}


def optimal_params(flops, alpha, beta, A, B, **_):
    """Closed form of Hoffmann et al. 2022, eq. 4."""
    return (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta))


@pytest.fixture(scope="module")
def runs():
    budgets = np.repeat(10.0 ** np.arange(18, 22), 9)
    params = optimal_params(budgets, **TRUE) * np.tile(np.exp(np.linspace(-1.2, 1.2, 9)), 4)
    X = pd.DataFrame({"params": params, "tokens": budgets / 6 / params})
    return X, Chinchilla.formula(X["params"].to_numpy(), X["tokens"].to_numpy(), *TRUE.values())


def test_the_optimum_is_the_closed_form(runs):
    law = Chinchilla(loss="l2").fit(*runs)
    for flops in (1e19, 6e23):
        best = law.allocate(flops)
        assert best.params == pytest.approx(optimal_params(flops, **TRUE), rel=1e-3)
        assert 6 * best.params * best.tokens == pytest.approx(flops)
        assert best.loss == pytest.approx(law.predict(pd.DataFrame({"params": [best.params], "tokens": [best.tokens]}))[0], rel=1e-8)


def test_intervals_hold_the_truth_and_shrink_with_the_noise(runs):
    X, y = runs
    widths = []
    for noise in (0.002, 0.01):
        noisy = y * np.exp(np.random.default_rng(0).normal(0, noise, len(y)))
        best = Chinchilla().fit(X, noisy).allocate(1e23, level=0.9)
        low, high = best.params_interval
        widths.append(np.log(high / low))
        assert low < optimal_params(1e23, **TRUE) < high and best.loss_interval[0] < best.loss < best.loss_interval[1]
        assert best.tokens_interval == pytest.approx((1e23 / 6 / high, 1e23 / 6 / low))
    assert widths[0] < widths[1]


def test_an_interval_of_80_percent_is_from_the_10th_to_the_90th_percentile_of_refits(runs):
    X, y = runs
    law = Chinchilla().fit(X, y * np.exp(np.random.default_rng(0).normal(0, 0.01, len(y))))
    refits = law.bootstrap(50).to_dict("records")
    expected = np.percentile([optimal_params(1e23, **refit) for refit in refits], [10, 90])
    assert law.allocate(1e23, level=0.8, n_resamples=50).params_interval == pytest.approx(tuple(expected), rel=1e-2)


def test_approach_2_finds_the_exponent_and_the_optimum(runs):
    law = IsoFLOP().fit(*runs)
    assert law.params_["a"] == pytest.approx(TRUE["beta"] / (TRUE["alpha"] + TRUE["beta"]), abs=0.01)
    assert law.allocate(1e22).params == pytest.approx(optimal_params(1e22, **TRUE), rel=0.1)
    X, y = runs
    assert np.abs(np.log(law.predict(X) / y)).max() < 1e-2


def test_approach_2_needs_two_budgets_with_an_optimum(runs):
    X, y = runs
    with pytest.raises(PredictorError, match="1 of the budgets"):
        IsoFLOP().fit(X[:9], y[:9])


def test_what_cannot_be_allocated_is_named(runs):
    with pytest.raises(PredictorError, match="needs a value of unique_tokens"):
        X = runs[0].assign(unique_tokens=runs[0]["tokens"] / 2)
        DataConstrained(n_starts=8).fit(X, runs[1]).allocate(1e20)
    with pytest.raises(PredictorError, match="PowerLaw needs a value of tokens"):
        PowerLaw().fit(runs[0][["params"]], runs[1]).allocate(1e20)
    with pytest.raises(PredictorError, match="flops: expected a positive number"):
        Chinchilla().fit(*runs).allocate(-1.0)


def test_published_constants_are_not_refitted(runs):
    X, y = runs
    law = PublishedLaw("chinchilla[huber-log]", "besiroglu2024").fit(X, 100.0 * y)
    N, D = X["params"].to_numpy(), X["tokens"].to_numpy()
    assert np.allclose(law.predict(X), 1.8172 + 482.01 / N**0.3478 + 2085.43 / D**0.3658)
    with pytest.raises(PredictorError, match="no constants of 'nobody'; known: hoffmann2022, besiroglu2024"):
        PublishedLaw("chinchilla[huber-log]", "nobody").fit(X, y)
