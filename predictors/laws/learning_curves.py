"""The learning-curve forms of the survey of Viering & Loog 2021 and of the LCDB of Mohr et al. 2022.

Published for accuracies; here for any response y, with constants of any sign, so that they fit an
error rate 1 - y as well as y. ``last1``, ``pow2``, ``pow3`` and ``pow4`` are
`baselines.NearestObservation`, `power_laws.PowerLaw`, `PowerThree` and `PowerFour`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate, NotCandidate
from scalingbench.predictors.contract import ANY
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import exponent, factor, level, location, positive, real

__all__ = [
    "ExponentialFour",
    "ExponentialThree",
    "ExponentialTwo",
    "ExppThree",
    "Hill",
    "InverseLog",
    "LogPower",
    "MorganMercerFlodin",
    "PowerFour",
    "PowerThree",
    "VaporPressure",
    "Weibull",
]


class PowerThree(ParametricLaw):
    r"""A power law towards a limit, rising or falling.

    .. math:: y(x) = c + a x^{-b}

    ``pow3`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = NotCandidate("pow4 without its offset")
    parameters = (level("c"), factor("a", x="b"), exponent("b"))

    @staticmethod
    def formula(x: Any, c: Any, a: Any, b: Any) -> Any:
        """Return the response."""
        return c + a * x**-b


class PowerFour(ParametricLaw):
    r"""A power law with an offset in x, towards a limit, rising or falling.

    .. math:: y(x) = c + a (x + d)^{-b}

    ``pow4`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=20)
    parameters = (level("c"), factor("a", x="b"), positive("d", start=(1e-3, 3.0), x=1.0), exponent("b"))

    @staticmethod
    def formula(x: Any, c: Any, a: Any, d: Any, b: Any) -> Any:
        """Return the response."""
        return c + a * (x + d) ** -b


class ExponentialTwo(ParametricLaw):
    r"""An exponential towards zero.

    .. math:: y(x) = a e^{-b x}

    ``exp2`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = NotCandidate("exp3 with its limit at zero")
    parameters = (factor("a"), real("b", -50.0, 50.0, start=(-0.5, 2.0), scale={"x": -1.0}))

    @staticmethod
    def formula(x: Any, a: Any, b: Any) -> Any:
        """Return the response."""
        return a * np.exp(np.minimum(-b * x, 50.0))


class ExponentialThree(ParametricLaw):
    r"""An exponential towards a limit.

    .. math:: y(x) = c + a e^{-b x}

    ``exp3`` of Mohr et al. 2022 (LCDB); ``expd3``, :math:`c - (c - a') e^{-b x}`, is the same curve
    with :math:`a' = c + a`, its value at 0.
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=60)
    parameters = (level("c"), factor("a"), positive("b", 1e-4, 1e3, start=(0.01, 10.0), x=-1.0))

    @staticmethod
    def formula(x: Any, c: Any, a: Any, b: Any) -> Any:
        """Return the response."""
        return c + a * np.exp(-b * x)


class ExponentialFour(ParametricLaw):
    r"""A stretched exponential that falls towards a limit.

    .. math:: y(x) = c + e^{b - a x^{d}}

    ``exp4`` of Mohr et al. 2022 (LCDB), who write it for accuracies, with a minus before the exponential.
    """

    variables = (ANY,)
    candidate = NotCandidate("exp3 stands for exponentials towards a limit")
    parameters = (level("c"), positive("a", start=(0.05, 10.0), x="-d"), real("b", start=(-2.0, 2.0), shift={"y": 1.0}), exponent("d"))

    @staticmethod
    def formula(x: Any, c: Any, a: Any, b: Any, d: Any) -> Any:
        """Return the response."""
        return c + np.exp(np.minimum(b - a * x**d, 50.0))


class Weibull(ParametricLaw):
    r"""A stretched exponential towards a limit, rising or falling.

    .. math:: y(x) = c - b e^{-a x^{d}}

    ``wbl4`` of Mohr et al. 2022 (LCDB); ``janoschek4`` of LCDB 1.1.
    """

    variables = (ANY,)
    candidate = NotCandidate("exp3 stands for exponentials towards a limit")
    parameters = (level("c"), factor("b"), positive("a", start=(0.05, 10.0), x="-d"), exponent("d"))

    @staticmethod
    def formula(x: Any, c: Any, b: Any, a: Any, d: Any) -> Any:
        """Return the response."""
        return c - b * np.exp(-a * x**d)


class InverseLog(ParametricLaw):
    r"""A limit approached as slowly as one over the logarithm.

    .. math:: y(x) = b - a / \ln x

    ``ilog2`` of Mohr et al. 2022 (LCDB). The unit of x matters, so x is not normalised.
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    fixed_scale = ("x",)
    parameters = (level("b"), factor("a"))

    @staticmethod
    def formula(x: Any, b: Any, a: Any) -> Any:
        """Return the response."""
        return b - a / np.log(np.maximum(x, 1.0 + 1e-9))


class LogPower(ParametricLaw):
    r"""A logistic function of the logarithm of x.

    .. math:: y(x) = \frac{a}{1 + (x / e^{b})^{c}}

    ``logpower3`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = NotCandidate("mmf4 with one of its levels at zero")
    parameters = (factor("a"), real("b", start=(-6.0, 6.0), shift={"x": 1.0}), real("c", -10.0, 10.0, start=(-1.5, 1.5)))

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c: Any) -> Any:
        """Return the response."""
        return a / (1.0 + np.exp(np.clip(c * (np.log(x) - b), -50.0, 50.0)))


class MorganMercerFlodin(ParametricLaw):
    r"""A sigmoid of a power of x between two levels.

    .. math:: y(x) = \frac{a b + c x^{d}}{b + x^{d}}

    ``mmf4`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = Candidate("one-variable", order=20)
    parameters = (level("a"), positive("b", start=(1e-2, 1e2), x="d"), level("c"), exponent("d"))

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
        """Return the response."""
        share = b / (b + x**d)
        return a * share + c * (1.0 - share)


class VaporPressure(ParametricLaw):
    r"""A power law with an early bend.

    .. math:: y(x) = e^{a + b / x + c \ln x}

    ``vap3`` of Mohr et al. 2022 (LCDB).
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    parameters = (
        real("a", start=(-1.0, 1.0), shift={"y": 1.0, "x": "-c"}),
        real("b", start=(-0.5, 0.5), scale={"x": 1.0}),
        real("c", -10.0, 10.0, start=(-1.0, 0.5)),
    )

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c: Any) -> Any:
        """Return the response."""
        return np.exp(np.minimum(a + b / x + c * np.log(x), 50.0))


class ExppThree(ParametricLaw):
    r"""An exponential of a power.

    .. math:: y(x) = c + e^{(x - b)^{a}}

    ``expp3`` of Mohr et al. 2022 (LCDB), who write it for accuracies, with a minus before the exponential. The form
    has no constant for the units of x and y, so neither is normalised.
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    fixed_scale = ("x", "y")
    parameters = (level("c"), real("b", start=(-30.0, 10.0)), real("a", -5.0, 1.0, start=(-1.0, -0.01)))

    @staticmethod
    def formula(x: Any, c: Any, b: Any, a: Any) -> Any:
        """Return the response."""
        return c + np.exp(np.minimum(np.exp(a * np.log(np.maximum(x - b, 1e-9))), 50.0))


class Hill(ParametricLaw):
    r"""A saturating power.

    .. math:: y(x) = \frac{a x^{b}}{c^{b} + x^{b}}

    ``hill3`` of the survey of Viering & Loog 2021 (arXiv 2103.10948).
    """

    variables = (ANY,)
    candidate = NotCandidate("mmf4 with one of its levels at zero")
    parameters = (factor("a"), real("b", -10.0, 10.0, start=(-1.5, 1.5)), location("c", start=(1e-3, 1e3), x=1.0))

    @staticmethod
    def formula(x: Any, a: Any, b: Any, c: Any) -> Any:
        """Return the response."""
        return a / (1.0 + np.exp(np.clip(b * (np.log(c) - np.log(x)), -50.0, 50.0)))
