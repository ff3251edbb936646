import numpy as np
import pytest
from sklearn import metrics as reference

from scalingbench.benchmark.scores import metrics

RNG = np.random.default_rng(0)
Y = RNG.uniform(1, 5, 40)
P = Y * np.exp(RNG.normal(0, 0.1, 40))
LISTS = [1.0, 2.0, 4.0], [2.0, 2.0, 1.0]
"""Measured and predicted: log errors log 2, 0 and -log 4; relative errors 1, 0 and 3/4; errors 1, 0 and -3."""


def test_metrics_agree_with_scikit_learn():
    assert metrics.rmse(Y, P) == pytest.approx(reference.root_mean_squared_error(Y, P))
    assert metrics.mape(Y, P) == pytest.approx(reference.mean_absolute_percentage_error(Y, P))
    assert metrics.r2(Y, P) == pytest.approx(reference.r2_score(Y, P))
    assert metrics.pinball(Y, P, 0.9) == pytest.approx(reference.mean_pinball_loss(Y, P, alpha=0.9))
    assert metrics.rmsle(Y, P) == pytest.approx(reference.root_mean_squared_error(np.log(Y), np.log(P)))


def test_every_metric_takes_plain_lists_and_gives_what_the_hand_gives():
    y, p = LISTS
    assert metrics.rmsle(y, p) == pytest.approx(np.sqrt((np.log(2) ** 2 + np.log(4) ** 2) / 3))
    assert metrics.bias(y, p) == pytest.approx((np.log(2) - np.log(4)) / 3)
    assert metrics.mape(y, p) == pytest.approx((1.0 + 0.0 + 0.75) / 3)
    assert metrics.rmse(y, p) == pytest.approx(np.sqrt((1.0 + 9.0) / 3))
    assert metrics.nmse(y, p) == pytest.approx(10.0 / 3 / (14.0 / 9))
    assert metrics.r2([*y, 1.0, 2.0], [*p, 1.0, 2.0]) == pytest.approx(1.0 - 2.0 / 1.2)
    assert metrics.pinball(y, p, 0.95) == pytest.approx((0.05 + 0.0 + 2.85) / 3)
    assert metrics.pinball(y, p, 0.9) == pytest.approx((0.1 + 0.0 + 2.7) / 3)
    assert metrics.coverage(y, [0.0, 2.0, 4.5], [2.0, 2.0, 5.0]) == pytest.approx(2 / 3)


def test_mape_of_negative_values_is_positive_and_zero_is_infinitely_far():
    assert metrics.mape([-2.0, -4.0], [-1.0, -4.0]) == pytest.approx(0.25)
    assert metrics.mape([0.0, 1.0], [0.5, 1.0]) == np.inf


def test_r2_is_not_reported_on_few_rows_or_constant_values():
    assert np.isnan(metrics.r2(Y[:4], P[:4]))
    assert np.isfinite(metrics.r2(Y[:5], P[:5]))
    assert np.isnan(metrics.r2(np.ones(10), P[:10]))
    assert metrics.r2(Y[:5] / 1e3, P[:5] / 1e3) == pytest.approx(metrics.r2(Y[:5], P[:5]))  # small is not constant


def test_a_prediction_that_is_not_positive_is_finite_and_hopeless_on_a_log_scale():
    assert metrics.rmsle([1.0], [-3.0]) == metrics.rmsle([1.0], [0.0]) == pytest.approx(300 * np.log(10))


def test_bias_is_signed():
    assert metrics.bias(Y, Y * 1.1) == pytest.approx(np.log(1.1))
    assert metrics.bias(Y, Y / 1.1) == pytest.approx(-np.log(1.1))


def test_coverage_counts_the_rows_inside():
    assert metrics.coverage([1, 2, 3, 4], [0, 2, 4, 0], [2, 2, 5, 3]) == 0.5


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.1])
def test_pinball_refuses_a_level_outside_the_unit_interval(level):
    with pytest.raises(ValueError, match="level"):
        metrics.pinball(Y, P, level)


def test_crps_is_twice_the_mean_pinball_loss_and_the_absolute_error_of_a_point():
    """Of 1 within [0, 4] about 2: pinball .1 * 1, .5 * 1 (above the median) and .1 * 3, twice the mean of which is .6."""
    assert metrics.crps([1.0], {0.1: [0.0], 0.5: [2.0], 0.9: [4.0]}) == pytest.approx(2 * (0.1 + 0.5 + 0.3) / 3)
    y, p = LISTS
    for quantiles in ({0.5: p}, {0.1: p, 0.5: p, 0.9: p}):
        assert metrics.crps(y, quantiles) == pytest.approx((1.0 + 0.0 + 3.0) / 3)


def test_crps_rewards_an_interval_that_is_as_wide_as_it_must_be():
    """Against scoringrules would be slow to import: of a standard normal the true quantiles score better than narrow or wide ones."""
    y = np.random.default_rng(0).standard_normal(4000)
    scores = [metrics.crps(y, {0.1: np.full(4000, -w), 0.5: np.zeros(4000), 0.9: np.full(4000, w)}) for w in (0.6, 1.2816, 2.5)]
    assert scores[1] < scores[0] and scores[1] < scores[2]


def test_crps_of_many_levels_is_that_of_the_distribution():
    """For a uniform forecast on (0, 1) and outcome y, CRPS = y^2 - y + 1/3 (its integral)."""
    levels = (np.arange(999) + 1) / 1000
    for y in (0.2, 0.5, 0.9):
        assert metrics.crps([y], {float(q): q for q in levels}) == pytest.approx(y**2 - y + 1 / 3, abs=1e-3)
