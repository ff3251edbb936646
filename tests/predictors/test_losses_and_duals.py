"""Losses of residuals and dual numbers, without a law."""

import numpy as np
import pytest

from scalingbench.predictors.fitting.duals import derivatives
from scalingbench.predictors.fitting.losses import influence, objective, weight


def test_a_formula_that_duals_cannot_follow_is_differentiated_by_differences():
    def formula(x, a, b):
        return a * np.sinc(0.0 * x) + b * np.vectorize(float)(np.broadcast_to(x, np.broadcast_shapes(np.shape(x), np.shape(b))))

    x, params = np.linspace(1, 2, 7), np.array([[2.0, 3.0], [1.0, 0.5]])
    value, jacobian = derivatives(formula, (x,), params, np.ones_like(params))
    assert value.shape == (2, 7) and np.allclose(jacobian[:, 1], x, rtol=1e-6) and np.allclose(jacobian[:, 0], 1.0, rtol=1e-6)


@pytest.mark.parametrize("loss", ["huber", "soft-l1", "l1", "l2"])
def test_losses_are_consistent(loss):
    r = np.array([-3.0, -1e-3, -1e-5, 0.0, 2e-4, 0.7])
    step = 1e-7
    slope = (objective(loss, r + step, 1e-3) - objective(loss, r - step, 1e-3)) / (2 * step)
    assert np.allclose(influence(loss, r, 1e-3), slope, atol=1e-6)
    assert np.allclose(weight(loss, r, 1e-3) * r, influence(loss, r, 1e-3))
    assert objective(loss, np.zeros(1), 1e-3)[0] == 0.0
