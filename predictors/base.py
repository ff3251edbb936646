"""What a predictor is built on: the contract, and the base class of law forms."""

from predictors.contract import ANY, ScalingLaw
from predictors.parametric import ParametricLaw

__all__ = ["ANY", "ParametricLaw", "ScalingLaw"]
