"""Laws of repeated sampling at inference: how often at least one of k samples is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, positive, real

__all__ = ["BetaBinomialCoverage", "Coverage", "ImperfectVerifier"]


class Coverage(ParametricLaw):
    r"""The log of coverage is a power of the number of samples.

    .. math:: c(k) = e^{a k^{-b}}

    Brown et al. 2024, eq. 3 (arXiv 2407.21787), a < 0; Schaeffer et al. 2025 (arXiv 2502.17578). Coverage is a share, so the
    response is not normalised; a is fitted as a positive constant with a minus before it.
    """

    variables = ("samples",)
    candidate = Candidate(values="shares")
    fixed_scale = ("y",)
    parameters = (positive("a", start=(0.05, 10.0), k="b"), real("b", -5.0, 5.0, start=(0.0, 1.0)))

    @staticmethod
    def formula(k: Any, a: Any, b: Any) -> Any:
        """Return the coverage."""
        return np.exp(-a * np.exp(np.clip(-b * np.log(k), -300.0, 300.0)))


def _all_wrong(k: Any, alpha: Any, beta: Any) -> Any:
    """Return the mean of (1 - p)^k over a Beta(alpha, beta) distribution of p."""
    return np.exp(gammaln(beta + k) + gammaln(alpha + beta) - gammaln(alpha + beta + k) - gammaln(beta))


class BetaBinomialCoverage(ParametricLaw):
    r"""The probability that a sample solves a problem has a beta distribution over problems.

    .. math:: c(k) = 1 - \frac{B(\alpha, \beta + k)}{B(\alpha, \beta)}

    Schaeffer et al. 2025 (arXiv 2502.17578): the left tail of the distribution, of exponent alpha, makes the power
    law of `Coverage`. Samples are counted, hence not normalised.
    """

    variables = ("samples",)
    candidate = Candidate(values="shares")
    fixed_scale = ("k", "y")
    parameters = (positive("alpha", 1e-3, 1e3, start=(0.05, 3.0)), positive("beta", 1e-3, 1e6, start=(0.1, 1e3)))

    @staticmethod
    def formula(k: Any, alpha: Any, beta: Any) -> Any:
        """Return the coverage."""
        return 1.0 - _all_wrong(k, alpha, beta)


class ImperfectVerifier(ParametricLaw):
    r"""Resampling until a verifier accepts, where it also accepts wrong answers.

    .. math:: a(k) = \pi \left(1 - \frac{B(\alpha, \beta + k)}{B(\alpha, \beta)}\right)

    Stroebl et al. 2024 (arXiv 2411.17501): more samples raise the share of problems with an accepted answer, but an
    accepted answer is right only with probability pi, which is the ceiling. Rates of acceptance are beta-distributed over
    problems.
    """

    variables = ("samples",)
    candidate = NOT_CHOSEN
    fixed_scale = ("k",)
    parameters = (amplitude("pi"), positive("alpha", 1e-3, 1e3, start=(0.05, 3.0)), positive("beta", 1e-3, 1e6, start=(0.1, 1e3)))

    @staticmethod
    def formula(k: Any, pi: Any, alpha: Any, beta: Any) -> Any:
        """Return the accuracy."""
        return pi * (1.0 - _all_wrong(k, alpha, beta))
