"""The meaning of a constant follows from its role, its units, and the powers of the other constants' units."""

import pytest

from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.meanings import meanings
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, level, location, positive, real
from scalingbench.predictors.registry import list_predictors


@pytest.mark.parametrize(
    ("parameter", "meaning"),
    [
        (irreducible("E"), "irreducible value, the limit of infinite scale"),
        (amplitude("A", N="alpha", D="beta"), "factor of the term in N and D"),
        (amplitude("A"), "factor of a term, in the unit of the value"),
        (exponent("b"), "exponent, without a unit"),
        (location("d", x=1.0), "a value of x"),
        (positive("s", x="d"), "positive, with the unit of x to a power"),
        (positive("s"), "positive, without a unit"),
        (real("r", scale={"y": 1.0}), "of any sign, in the unit of the value"),
        (level("a", x="-b"), "a logarithm, of any sign"),
    ],
)
def test_a_constant_alone(parameter, meaning):
    assert meanings((parameter,))[parameter.name] == meaning


def test_an_exponent_is_of_the_inputs_whose_factors_have_it_as_a_power():
    found = meanings((amplitude("A", N="alpha"), amplitude("G", N="alpha", D="-beta"), exponent("alpha"), exponent("beta")))
    assert found["alpha"] == "exponent of N" and found["beta"] == "exponent of D"


def test_every_constant_of_every_law_has_one():
    laws = {type(model): model for entry in list_predictors() if isinstance(model := entry.make(), ParametricLaw)}
    for model in laws.values():
        assert all(meanings(model.parameters).values()) and set(meanings(model.parameters)) == {p.name for p in model.parameters}
