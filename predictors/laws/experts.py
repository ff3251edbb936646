"""Laws of sparse mixtures of experts."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, TOO_NEW, Candidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, irreducible, positive, real

_LN10 = float(np.log(10.0))

__all__ = ["EfficiencyLeverage", "MoEPower", "MoESparsity", "Routed", "SaturatedLeverage"]


class Routed(ParametricLaw):
    r"""Log-bilinear in model size and saturated expert count.

    .. math::

        \log L = a \log N + b \log \hat{E} + c \log N \log \hat{E} + d, \quad
        \frac{1}{\hat{E}} = \frac{1}{E - 1 + (1 / E_\mathrm{start} - 1 / E_\mathrm{max})^{-1}} + \frac{1}{E_\mathrm{max}}

    Clark et al. 2022, eqs. 1 and 2 (arXiv 2202.01169). Experts are counted, hence not normalised.
    """

    variables = ("params", "experts")
    candidate = Candidate(order=110)
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

    # the paper's logarithms are to base 10
    published_constants = {
        "clark2022-s-base": {"a": -0.082, "b": -0.108, "c": 0.009 / _LN10, "d": 1.104 * _LN10, "E_start": 1.847, "E_max": 314.478},
        "clark2022-rl-r": {"a": -0.083, "b": -0.126, "c": 0.012 / _LN10, "d": 1.111 * _LN10, "E_start": 1.88, "E_max": 469.982},
        "clark2022-hash": {"a": -0.087, "b": -0.136, "c": 0.012 / _LN10, "d": 1.157 * _LN10, "E_start": 4.175, "E_max": 477.741},
    }

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
    candidate = Candidate()
    parameters = (irreducible("L_inf"), amplitude("B", N="alpha", E="beta"), exponent("alpha"), exponent("beta"))

    @staticmethod
    def formula(N: Any, E: Any, L_inf: Any, B: Any, alpha: Any, beta: Any) -> Any:
        """Return the loss."""
        return L_inf + B * N**-alpha * E**-beta


class MoESparsity(ParametricLaw):
    r"""Total parameters, data and the share of them that is not used.

    .. math::

        L(N, D, S) = \frac{a}{N^{\alpha}} + \frac{b}{D^{\beta}} + \frac{c}{(1 - S)^{\lambda}}
            + \frac{d}{(1 - S)^{\delta} N^{\gamma}} + e

    Abnar et al. 2025, eq. 6 (arXiv 2501.12370). S is a share, hence not normalised; 1 - S must be positive.
    """

    variables = ("params", "tokens", "sparsity")
    candidate = Candidate()
    fixed_scale = ("S",)
    parameters = (
        irreducible("e"),
        amplitude("a", N="alpha"),
        exponent("alpha"),
        amplitude("b", D="beta"),
        exponent("beta"),
        amplitude("c"),
        real("lam", -5.0, 5.0, start=(-1.0, 1.0)),
        amplitude("d", N="gamma"),
        real("delta", -5.0, 5.0, start=(-1.0, 1.0)),
        exponent("gamma"),
    )
    default_starts = 256

    @staticmethod
    def formula(
        N: Any, D: Any, S: Any, e: Any, a: Any, alpha: Any, b: Any, beta: Any, c: Any, lam: Any, d: Any, delta: Any, gamma: Any
    ) -> Any:
        """Return the loss."""
        log_used = np.log(np.maximum(1.0 - S, 1e-9))
        return e + a * N**-alpha + b * D**-beta + c * np.exp(-lam * log_used) + d * np.exp(-delta * log_used) * N**-gamma


class EfficiencyLeverage(ParametricLaw):
    r"""How much compute a dense model needs for the loss of a mixture of experts, relative to it.

    .. math:: \log \mathrm{EL}(A, G, C) = \left(\alpha_0 + \alpha_1 \log C + \beta \log G + \gamma \log^2 G\right) \log A

    with the activation ratio A = 1 - S and the expert granularity G. The joint law of Tian et al. 2025
    (arXiv 2507.17702) without its saturation in A: powers in A and C, and a log-quadratic in G.
    """

    variables = ("sparsity", "granularity", "flops")
    candidate = NOT_CHOSEN
    fixed_scale = ("S", "G", "y")
    parameters = (
        real("alpha_0", start=(-1.5, 0.0), shift={"C": "-alpha_1"}),
        real("alpha_1", start=(-0.1, 0.1)),
        real("beta", start=(-0.2, 0.2)),
        real("gamma", start=(-0.1, 0.1)),
    )

    @staticmethod
    def formula(S: Any, G: Any, C: Any, alpha_0: Any, alpha_1: Any, beta: Any, gamma: Any) -> Any:
        """Return the leverage."""
        log_G = np.log(G)
        power = alpha_0 + alpha_1 * np.log(C) + (beta + gamma * log_G) * log_G
        return np.exp(np.minimum(power * np.log(np.maximum(1.0 - S, 1e-9)), 50.0))


class SaturatedLeverage(ParametricLaw):
    r"""Efficiency leverage with its saturation at very few and very many active experts.

    .. math::

        \log \mathrm{EL}(A, G, C) = \left(\alpha_0 + \alpha_1 \log C + \beta \log G + \gamma \log^2 G\right) \log \hat{A}, \quad
        \frac{1}{\hat{A}} = \frac{1}{A + (1 / A_\mathrm{start} - 1 / A_\mathrm{max})^{-1}} + \frac{1}{A_\mathrm{max}}

    Tian et al. 2025, eq. 1 (arXiv 2507.17702), with the activation ratio A = 1 - S and the transformation of Clark et al. 2022, eq. 2
    (arXiv 2202.01169). `EfficiencyLeverage` is the form without it.
    """

    variables = EfficiencyLeverage.variables
    candidate = TOO_NEW
    fixed_scale = EfficiencyLeverage.fixed_scale
    parameters = (
        *EfficiencyLeverage.parameters,
        positive("A_start", 1e-4, 0.9, start=(1e-3, 0.1)),
        positive("A_max", 1.0, 1e3, start=(1.0, 10.0)),
    )
    default_starts = 256

    @staticmethod
    def formula(S: Any, G: Any, C: Any, alpha_0: Any, alpha_1: Any, beta: Any, gamma: Any, A_start: Any, A_max: Any) -> Any:
        """Return the leverage."""
        saturated = _saturated(2.0 - S, A_start, A_max)
        return EfficiencyLeverage.formula(1.0 - saturated, G, C, alpha_0, alpha_1, beta, gamma)
