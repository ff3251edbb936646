"""Laws of model size and data: (N, D) -> loss, with or without repeated data."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, positive, real

__all__ = ["Chinchilla", "ComputeOnly", "DataConstrained", "Farseer", "Kaplan", "OverTraining"]


class Kaplan(ParametricLaw):
    r"""One power of the sum of a size term and a data term; no irreducible loss.

    .. math:: L(N, D) = \left[(N_c / N)^{\alpha_N / \alpha_D} + D_c / D\right]^{\alpha_D}

    Kaplan et al. 2020, eq. 1.5 (arXiv 2001.08361).
    """

    variables = ("params", "tokens")
    candidate = Candidate()
    parameters = (
        # the bracket is y^(1/alpha_D): each constant absorbs the unit of the loss through its own exponent
        positive("N_c", start=(1e-3, 1e3), N=1.0, y=lambda p: 1.0 / p["alpha_N"]),
        exponent("alpha_N"),
        positive("D_c", start=(1e-3, 1e3), D=1.0, y=lambda p: 1.0 / p["alpha_D"]),
        exponent("alpha_D"),
    )

    published_constants = {"kaplan2020": {"N_c": 8.8e13, "alpha_N": 0.076, "D_c": 5.4e13, "alpha_D": 0.095}}

    @staticmethod
    def formula(N: Any, D: Any, N_c: Any, alpha_N: Any, D_c: Any, alpha_D: Any) -> Any:
        """Return the loss."""
        # in logarithms: N_c and the inner powers overflow otherwise
        size = alpha_N / alpha_D * (np.log(N_c) - np.log(N))
        return np.exp(alpha_D * np.logaddexp(size, np.log(D_c) - np.log(D)))


class Chinchilla(ParametricLaw):
    r"""An irreducible loss, a size term and a data term.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    Hoffmann et al. 2022, eq. 10 (arXiv 2203.15556), approach 3; re-fitted by Besiroglu et al. 2024
    (arXiv 2404.10102).
    """

    variables = ("params", "tokens")
    candidate = Candidate(order=80)
    parameters = (irreducible("E"), amplitude("A", N="alpha"), exponent("alpha"), amplitude("B", D="beta"), exponent("beta"))

    published_constants = {
        "hoffmann2022": {"E": 1.69, "A": 406.4, "alpha": 0.34, "B": 410.7, "beta": 0.28},
        "besiroglu2024": {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658},
    }

    @staticmethod
    def formula(N: Any, D: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any) -> Any:
        """Return the loss."""
        return E + A * N**-alpha + B * D**-beta


class ComputeOnly(ParametricLaw):
    r"""Training compute alone decides.

    .. math:: L(N, D) = E + a C^{-b}, \quad C = 6 N D

    Guo 2024 (arXiv 2404.19484).
    """

    variables = ("params", "tokens")
    candidate = Candidate()
    parameters = (irreducible("E"), amplitude("a", N="b", D="b"), exponent("b"))

    @staticmethod
    def formula(N: Any, D: Any, E: Any, a: Any, b: Any) -> Any:
        """Return the loss."""
        return E + a * (6.0 * N * D) ** -b


class OverTraining(ParametricLaw):
    r"""Compute and the token multiplier M = D / N.

    .. math:: L(C, M) = E + (a M^{\eta} + b M^{-\eta}) C^{-\eta}, \quad C = 6 N D

    Gadre et al. 2024, eq. 4 (arXiv 2403.08540); the same as Chinchilla with equal exponents 2 eta.
    """

    variables = ("params", "tokens")
    candidate = Candidate()
    # a M^eta C^-eta goes as N^(-2 eta), b M^-eta C^-eta as D^(-2 eta)
    parameters = (
        irreducible("E"),
        amplitude("a", N=lambda p: 2.0 * p["eta"]),
        amplitude("b", D=lambda p: 2.0 * p["eta"]),
        exponent("eta", start=(0.02, 0.75)),
    )

    published_constants = {
        "gadre2024-c4": {"E": 1.51, "a": 141.0, "b": 190.0, "eta": 0.121},
        "gadre2024-redpajama": {"E": 1.84, "a": 212.0, "b": 367.0, "eta": 0.136},
        "gadre2024-refinedweb": {"E": 1.73, "a": 157.0, "b": 246.0, "eta": 0.127},
    }

    @staticmethod
    def formula(N: Any, D: Any, E: Any, a: Any, b: Any, eta: Any) -> Any:
        """Return the loss."""
        M, C = D / N, 6.0 * N * D
        return E + (a * M**eta + b * M**-eta) * C**-eta


class DataConstrained(ParametricLaw):
    r"""Repeated tokens and excess parameters decay in value.

    .. math::

        L(N, D, U) = E + A N'^{-\alpha} + B D'^{-\beta}, \quad
        D' = U + U R_D^* (1 - e^{-(D/U - 1) / R_D^*})

    and N' likewise with :math:`U_N = \min(N, N_\mathrm{opt}(U))`, the size that is compute-optimal
    for U tokens, :math:`N_\mathrm{opt}(U) = (\alpha A / (\beta B))^{1/\alpha} U^{\beta/\alpha}`.

    Muennighoff et al. 2023, eqs. 5, 6 and 12 (arXiv 2305.16264). The paper fixes A, B, E and
    alpha = beta on single-epoch runs and fits the two R*; here all seven constants are fitted.
    """

    variables = ("params", "tokens", "unique_tokens")
    candidate = Candidate()
    shared_scale = (("D", "U"),)
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha", linear=False),
        exponent("alpha"),
        amplitude("B", D="beta", linear=False),
        exponent("beta"),
        positive("R_D", 1e-2, 1e4, start=(1.0, 100.0)),
        positive("R_N", 1e-2, 1e4, start=(1.0, 100.0)),
    )
    default_starts = 128

    published_constants = {
        "muennighoff2023": {"E": 1.87, "A": 521.0, "alpha": 0.353, "B": 1488.0, "beta": 0.353, "R_D": 15.4, "R_N": 5.3},
    }

    @staticmethod
    def formula(N: Any, D: Any, U: Any, E: Any, A: Any, alpha: Any, B: Any, beta: Any, R_D: Any, R_N: Any) -> Any:
        """Return the loss."""
        unique = np.minimum(U, D)
        N_opt = np.exp((np.log(alpha * A / (beta * B)) + beta * np.log(unique)) / alpha)
        U_N = np.minimum(N, N_opt)
        return E + A * _worth(N, U_N, R_N) ** -alpha + B * _worth(D, unique, R_D) ** -beta


def _worth(total: Any, unique: Any, R: Any) -> Any:
    """Return what `total` is worth where only `unique` of it is new."""
    return unique * (1.0 - R * np.expm1(-(total / unique - 1.0) / R))


class Farseer(ParametricLaw):
    r"""A data term whose size and exponent both depend on N.

    .. math:: L(N, D) = e^{a_3 N^{\gamma} + b_3} + e^{a_2 N^{\beta} + b_2} D^{-\exp(a_1 N^{\alpha} + b_1)}

    Li et al. 2025 (arXiv 2506.10972). The form has no constant that absorbs the unit of D, so D must be
    counted in single tokens, as in the paper.
    """

    variables = ("params", "tokens")
    candidate = Candidate(most_rows=2_000)
    fixed_scale = ("D",)
    parameters = (
        real("a3", scale={"N": "-gamma"}),
        real("gamma"),
        real("b3", shift={"y": 1.0}),
        real("a2", scale={"N": "-beta"}),
        real("beta"),
        real("b2", shift={"y": 1.0}),
        real("a1", scale={"N": "-alpha"}),
        real("alpha"),
        real("b1"),
    )
    # a N^g + b runs off to infinite a and b as g goes to 0; c (N^g - 1)/g + d is the same line and does not
    working = (
        real("c3", -20.0, 20.0, start=(-0.5, 0.2)),
        real("gamma", -2.0, 2.0, start=(-0.6, 0.6)),
        real("d3", -20.0, 20.0, start=(-2.0, 0.5)),
        real("c2", -20.0, 20.0, start=(-1.0, 1.0)),
        real("beta", -2.0, 2.0, start=(-0.6, 0.6)),
        real("d2", -20.0, 40.0, start=(0.0, 8.0)),
        real("c1", -20.0, 20.0, start=(-0.5, 0.5)),
        real("alpha", -2.0, 2.0, start=(-0.6, 0.6)),
        real("d1", -20.0, 5.0, start=(-2.5, 0.5)),
    )
    default_starts = 256

    @staticmethod
    def constants_from(c3: Any, gamma: Any, d3: Any, c2: Any, beta: Any, d2: Any, c1: Any, alpha: Any, d1: Any) -> tuple[Any, ...]:
        """Return the paper's constants."""
        a3, a2, a1 = c3 / gamma, c2 / beta, c1 / alpha
        return a3, gamma, d3 - a3, a2, beta, d2 - a2, a1, alpha, d1 - a1

    @staticmethod
    def formula(N: Any, D: Any, a3: Any, gamma: Any, b3: Any, a2: Any, beta: Any, b2: Any, a1: Any, alpha: Any, b1: Any) -> Any:
        """Return the loss."""
        rate = np.exp(_capped(a1 * N**alpha + b1))
        return np.exp(_capped(a3 * N**gamma + b3)) + np.exp(_capped(a2 * N**beta + b2 - rate * np.log(D)))


def _capped(x: Any) -> Any:
    """Return x, no more than what exp can take."""
    return np.minimum(x, 50.0)
