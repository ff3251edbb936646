"""Laws of repeated data: a token that is seen again is worth less."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, positive, real

__all__ = ["DataConstrained", "RepeatedSubset"]


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
    """Return the effective amount of `total` of which only `unique` is new."""
    return unique * (1.0 - R * np.expm1(-(total / unique - 1.0) / R))


class RepeatedSubset(ParametricLaw):
    r"""A power of size, with a model that counts as smaller while a repeated part of the data is being memorised.

    .. math::

        L(N, R) = E + A (m N)^{-\alpha}, \quad \log m = -h \exp\left(-\frac{(\ln R - \rho)^2}{2 w^2}\right)

    The setting of Hernandez et al. 2022 (arXiv 2205.10487): a small part of the data is repeated R times, and the
    damage peaks at an intermediate R (double descent), stated as a loss of effective model size. The paper gives
    no formula; a Gaussian bump in log R has this shape.
    """

    variables = ("params", "epochs")
    candidate = NOT_CHOSEN
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha"),
        exponent("alpha"),
        positive("h", 1e-4, 20.0, start=(0.1, 3.0)),
        real("rho", start=(-2.0, 2.0), shift={"R": 1.0}),
        positive("w", 0.05, 10.0, start=(0.3, 2.0)),
    )

    @staticmethod
    def formula(N: Any, R: Any, E: Any, A: Any, alpha: Any, h: Any, rho: Any, w: Any) -> Any:
        """Return the loss."""
        away = (np.log(R) - rho) / w
        return E + A * N**-alpha * np.exp(alpha * h * np.exp(-0.5 * away * away))
