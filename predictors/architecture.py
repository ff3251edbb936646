"""Laws of architecture: mixtures of experts."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictors.base import ParametricLaw
from predictors.parameters import amplitude, exponent, irreducible, positive, real

__all__ = ["MoEPower", "Routed"]


class Routed(ParametricLaw):
    r"""Log-bilinear in model size and saturated expert count.

    .. math::

        \log L = a \log N + b \log \hat{E} + c \log N \log \hat{E} + d, \quad
        \frac{1}{\hat{E}} = \frac{1}{E - 1 + (1 / E_\mathrm{start} - 1 / E_\mathrm{max})^{-1}} + \frac{1}{E_\mathrm{max}}

    Clark et al. 2022, eqs. 1 and 2 (arXiv 2202.01169). Experts are counted, hence not normalised.
    """

    variables = ("params", "experts")
    fixed_scale = ("E",)
    parameters = (
        real("a", start=(-0.3, 0.0)),
        real("b", start=(-0.3, 0.1), shift={"N": "-c"}),
        real("c", start=(-0.05, 0.05)),
        real("d", start=(-0.3, 0.3), shift={"y": 1.0, "N": "-a"}),
        positive("E_start", 1e-2, 30.0, start=(0.5, 10.0)),
        positive("E_max", 32.0, 1e5, start=(100.0, 2000.0)),
    )
    default_starts = 128

    @staticmethod
    def formula(N: Any, E: Any, a: Any, b: Any, c: Any, d: Any, E_start: Any, E_max: Any) -> Any:
        """Return the loss."""
        log_N, log_E = np.log(N), np.log(_saturated(E, E_start, E_max))
        return np.exp(np.minimum(a * log_N + b * log_E + c * log_N * log_E + d, 50.0))


def _saturated(E: Any, E_start: Any, E_max: Any) -> Any:
    """Return E-hat, which runs from E_start at one expert to E_max at infinitely many."""
    return 1.0 / (1.0 / (E - 1.0 + 1.0 / (1.0 / E_start - 1.0 / E_max)) + 1.0 / E_max)


class MoEPower(ParametricLaw):
    r"""One power of size and experts above an irreducible loss.

    .. math:: L(N, E) = L_\infty + B N^{-\alpha} E^{-\beta}

    The refit that extrapolates best on the data of Clark et al. 2022 among published leaderboard
    entries of SLDBench (Lin et al. 2025).
    """

    variables = ("params", "experts")
    parameters = (irreducible("L_inf"), amplitude("B", N="alpha", E="beta"), exponent("alpha"), exponent("beta"))

    @staticmethod
    def formula(N: Any, E: Any, L_inf: Any, B: Any, alpha: Any, beta: Any) -> Any:
        """Return the loss."""
        return L_inf + B * N**-alpha * E**-beta
