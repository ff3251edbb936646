"""Other simple forms of one scale variable than power laws: lines, parabolas and sigmoids, in x or its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, TOO_NEW, Candidate, NotCandidate
from scalingbench.predictors.contract import ANY
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import factor, level, location, positive

__all__ = ["CubicLog", "InverseWidth", "Line", "LogLine", "MassiveActivation", "Proportional", "QuadraticLog", "SigmoidLog"]


class LogLine(ParametricLaw):
    r"""A straight line in the logarithm.

    .. math:: y(x) = a + b \ln x

    ``log2`` of Mohr et al. 2022 (LCDB); encoding performance against model size in Antonello et al. 2023
    (arXiv 2305.11863).
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=50)
    parameters = (level("a", x="-b"), factor("b"))

    @staticmethod
    def formula(x: Any, a: Any, b: Any) -> Any:
        """Return the response."""
        return a + b * np.log(x)


class QuadraticLog(ParametricLaw):
    r"""A parabola in the logarithm: U-shaped or inverted.

    .. math:: y(x) = a + b \ln x + c \ln^2 x

    For inverse and U-shaped scaling: McKenzie et al. 2023 (arXiv 2306.09479), Wei et al. 2022 (arXiv 2211.02011).
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=50)
    parameters = (
        level("a", x=lambda p: -p["b"] + p["c"] * p["ln x"]),
        factor("b", shift={"x": lambda p: -2.0 * p["c"]}),
        factor("c"),
    )

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c: Any) -> Any:
        """Return the response."""
        log_x = np.log(x)
        return a + (b + c * log_x) * log_x


class CubicLog(ParametricLaw):
    r"""A cubic in the logarithm, for curves that turn twice.

    .. math:: y(x) = a + b \ln x + c \ln^2 x + d \ln^3 x

    For inverse and U-shaped scaling, as `QuadraticLog`.
    """

    variables = (ANY,)
    candidate = NotCandidate("quadratic-log covers curves that turn")
    parameters = (
        level("a", x=lambda p: -p["b"] + (p["c"] - p["d"] * p["ln x"]) * p["ln x"]),
        factor("b", shift={"x": lambda p: -2.0 * p["c"] + 3.0 * p["d"] * p["ln x"]}),
        factor("c", shift={"x": lambda p: -3.0 * p["d"]}),
        factor("d"),
    )

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        """Return the response."""
        log_x = np.log(x)
        return a + (b + (c + d * log_x) * log_x) * log_x


class SigmoidLog(ParametricLaw):
    r"""A sigmoid in the logarithm, between two levels.

    .. math:: y(x) = A + \frac{B - A}{1 + (x_0 / x)^{s}}

    Compute curves of reinforcement learning (Khatri et al. 2025, ScaleRL, arXiv 2510.13786, eq. 1) and downstream
    accuracy against compute (Ruan et al. 2024, arXiv 2405.10938).
    """

    variables = (ANY,)
    candidate = NotCandidate("the same curve as mmf4")
    parameters = (level("A"), level("B"), location("x_0", start=(1e-3, 1e3), x=1.0), positive("s", 1e-2, 20.0, start=(0.1, 3.0)))

    @staticmethod
    def formula(x: Any, A: Any, B: Any, x_0: Any, s: Any) -> Any:
        """Return the response."""
        share = 1.0 / (1.0 + np.exp(np.clip(s * (np.log(x_0) - np.log(x)), -50.0, 50.0)))
        return A * (1.0 - share) + B * share


class Line(ParametricLaw):
    r"""A straight line.

    .. math:: y(x) = a + b x

    ``lin2`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    parameters = (level("a"), factor("b", x=-1.0))

    @staticmethod
    def formula(x: Any, a: Any, b: Any) -> Any:
        """Return the response."""
        return a + b * x


class Proportional(ParametricLaw):
    r"""A line through the origin.

    .. math:: y(x) = \kappa x

    Size of an adversarial attack on activations against the number of tokens it controls: Fort 2023, eq. 1
    (arXiv 2312.02780).
    """

    variables = (ANY,)
    candidate = NotCandidate("power-law with its exponent fixed")
    parameters = (factor("kappa", x=-1.0),)

    @staticmethod
    def formula(x: Any, kappa: Any) -> Any:
        """Return the response."""
        return kappa * x


class InverseWidth(ParametricLaw):
    r"""A power law of width with exponent 1, which theory predicts.

    .. math:: L(m) = E + a / m

    Strong superposition: Liu et al. 2025 (arXiv 2505.10465).
    """

    variables = (ANY,)
    candidate = NotCandidate("shifted-power-law with its exponent fixed")
    parameters = (level("E"), factor("a", m=1.0))

    @staticmethod
    def formula(m: Any, E: Any, a: Any) -> Any:
        """Return the loss."""
        return E + a / m


class MassiveActivation(ParametricLaw):
    r"""A logarithmic rise that an exponential takes back, through training.

    .. math:: f(t) = A e^{-\lambda x} \log x + K, \quad x = \gamma t + t_0

    Ratio of the largest to the median activation of a layer (Gallego-Feliciano et al. 2025, eq. 9, arXiv 2508.03616): it peaks early in
    the outer layers and grows to the end in the middle ones, where lambda is near 0. No collection has such activations.
    """

    variables = ("steps",)
    candidate = TOO_NEW
    parameters = (
        factor("A"),
        positive("lam", 1e-6, 50.0, start=(1e-3, 1.0)),
        positive("gamma", start=(0.3, 30.0), t=-1.0),
        positive("t_0", 1e-6, 1e3, start=(0.1, 5.0)),
        level("K"),
    )
    default_starts = 256

    @staticmethod
    def formula(t: Any, A: Any, lam: Any, gamma: Any, t_0: Any, K: Any) -> Any:
        """Return the ratio."""
        x = gamma * t + t_0
        return A * np.exp(-np.minimum(lam * x, 300.0)) * np.log(x) + K
