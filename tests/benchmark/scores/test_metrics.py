import numpy as np
import pytest
from sklearn import metrics as reference

from benchmark.scores import metrics

RNG = np.random.default_rng(0)
Y = RNG.uniform(1, 5, 40)
P = Y * np.exp(RNG.normal(0, 0.1, 40))


def test_metrics_agree_with_scikit_learn():
    assert metrics.rmse(Y, P) == pytest.approx(reference.root_mean_squared_error(Y, P))
    assert metrics.mape(Y, P) == pytest.approx(reference.mean_absolute_percentage_error(Y, P))
    assert metrics.r2(Y, P) == pytest.approx(reference.r2_score(Y, P))
    assert metrics.pinball(Y, P, 0.9) == pytest.approx(reference.mean_pinball_loss(Y, P, alpha=0.9))
    assert metrics.rmsle(Y, P) == pytest.approx(reference.root_mean_squared_error(np.log(Y), np.log(P)))


def test_r2_is_not_reported_on_few_rows_or_constant_values():
    assert np.isnan(metrics.r2(Y[:4], P[:4]))
    assert np.isfinite(metrics.r2(Y[:5], P[:5]))
    assert np.isnan(metrics.r2(np.ones(10), P[:10]))


def test_a_prediction_that_is_not_positive_is_finite_and_hopeless_on_a_log_scale():
    assert 100 < metrics.rmsle([1.0], [-3.0]) < np.inf


def test_bias_is_signed():
    assert metrics.bias(Y, Y * 1.1) == pytest.approx(np.log(1.1))
    assert metrics.bias(Y, Y / 1.1) == pytest.approx(-np.log(1.1))


def test_coverage_counts_the_rows_inside():
    assert metrics.coverage([1, 2, 3, 4], [0, 2, 4, 0], [2, 2, 5, 3]) == 0.5


def test_pinball_refuses_a_level_outside_the_unit_interval():
    with pytest.raises(ValueError, match="level"):
        metrics.pinball(Y, P, 1.0)
