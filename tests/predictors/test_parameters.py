"""How constants change with the units of the data."""

import numpy as np
import pytest

from scalingbench.predictors.parameters import amplitude, exponent, factor, irreducible, level, location, positive, real

SCALES = {"y": 2.0, "N": 1e6, "D": 1e9}  # what the response and the inputs were divided by
THETA = {"alpha": 0.5, "b": 3.0}


@pytest.mark.parametrize(
    ("parameter", "value", "raw"),
    [
        (irreducible("E"), 0.7, 0.7 * 2.0),  # in the unit of the response
        (exponent("alpha"), 0.5, 0.5),  # free of units
        (amplitude("A", N="alpha"), 3.0, 3.0 * 2.0 * 1e6**0.5),  # A N^-alpha
        (amplitude("A", N="-alpha"), 3.0, 3.0 * 2.0 * 1e6**-0.5),
        (amplitude("A", N="alpha", D=1.0), 3.0, 3.0 * 2.0 * 1e6**0.5 * 1e9),
        (amplitude("A", N=lambda p: 2.0 * p["alpha"]), 3.0, 3.0 * 2.0 * 1e6),
        (location("d", N=1.0), 0.3, 0.3e6),
        (positive("k"), 0.3, 0.3),
        (positive("A", N=1.0, y=lambda p: 1.0 / p["alpha"]), 0.3, 0.3 * 1e6 * 4.0),
        (level("a"), 0.3, 0.6),
        (level("a", N="-b"), 0.3, (0.3 - 3.0 * np.log(1e6)) * 2.0),  # a + b log N: shifted first, then scaled
        (factor("b", N="alpha"), -0.3, -0.3 * 2.0 * 1e6**0.5),
        (factor("b", shift={"N": 1.0}), -0.3, (-0.3 + np.log(1e6)) * 2.0),
        (real("b", shift={"y": 1.0}), -0.3, -0.3 + np.log(2.0)),
        (real("a", scale={"N": "-alpha"}), -0.3, -0.3 * 1e6**-0.5),
        (level("a", N=lambda p: p["ln N"]), 0.3, (0.3 + np.log(1e6) ** 2) * 2.0),
    ],
)
def test_a_constant_turns_back_into_the_units_of_the_data(parameter, value, raw):
    assert parameter.raw(SCALES, {**THETA, parameter.name: np.array(value)}) == pytest.approx(raw, rel=1e-12)


@pytest.mark.parametrize(
    ("parameter", "low", "high", "linear", "in_logarithms"),
    [
        (irreducible(), 0.0, np.inf, True, False),
        (amplitude("A"), 0.0, np.inf, True, True),
        (amplitude("A", linear=False), 0.0, np.inf, False, True),
        (level("a"), -np.inf, np.inf, True, False),
        (factor("a"), -np.inf, np.inf, True, False),
        (exponent("a"), 1e-3, 10.0, False, True),
        (location("d"), 0.0, np.inf, False, True),
        (positive("k", 1.0, 2.0), 1.0, 2.0, False, True),
        (real("r", -1.0), -1.0, np.inf, False, False),
    ],
)
def test_roles_say_bounds_and_how_a_constant_is_searched(parameter, low, high, linear, in_logarithms):
    assert (parameter.low, parameter.high, parameter.linear, parameter.positive) == (low, high, linear, in_logarithms)
