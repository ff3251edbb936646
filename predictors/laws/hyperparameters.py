"""Laws of learning rate and batch size."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln

from scalingbench.predictors.candidacy import NOT_CHOSEN, TOO_NEW, Candidate
from scalingbench.predictors.contract import ANY
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, factor, irreducible, level, location, positive, real

__all__ = ["CriticalBatch", "CriticalBatchScaling", "StepLaw", "TuningCurve"]


class StepLaw(ParametricLaw):
    r"""Chinchilla, and a parabola in log learning rate and log batch size around optima that move with scale.

    .. math::

        L = E + A N^{-\alpha} + B D^{-\beta} + k_\eta \left(\ln\eta - \ln\eta^*\right)^2 + k_b \left(\ln b - \ln b^*\right)^2,
        \quad \ln\eta^* = h + p \ln N + q \ln D, \quad \ln b^* = g + r \ln D

    The optima are those of Li et al. 2025, eq. 1 (Step Law, arXiv 2503.04715), who give p = -0.713, q = 0.307 and
    r = 0.571; here they are fitted. Parabolas are the simplest form of their convex surfaces.
    """

    variables = ("params", "tokens", "learning_rate", "batch_size")
    candidate = Candidate()
    parameters = (
        irreducible("E"),
        amplitude("A", N="alpha"),
        exponent("alpha"),
        amplitude("B", D="beta"),
        exponent("beta"),
        amplitude("k_lr"),
        real("h", start=(-1.5, 1.5), shift={"eta": 1.0, "N": "-p", "D": "-q"}),
        real("p", -3.0, 3.0, start=(-1.0, 0.0)),
        real("q", -3.0, 3.0, start=(-0.2, 0.6)),
        amplitude("k_b"),
        real("g", start=(-1.5, 1.5), shift={"b": 1.0, "D": "-r"}),
        real("r", -3.0, 3.0, start=(0.0, 1.0)),
    )
    default_starts = 128

    @staticmethod
    def formula(
        N: Any,
        D: Any,
        eta: Any,
        b: Any,
        E: Any,
        A: Any,
        alpha: Any,
        B: Any,
        beta: Any,
        k_lr: Any,
        h: Any,
        p: Any,
        q: Any,
        k_b: Any,
        g: Any,
        r: Any,
    ) -> Any:
        """Return the loss."""
        log_N, log_D = np.log(N), np.log(D)
        off_rate = np.log(eta) - h - p * log_N - q * log_D
        off_batch = np.log(b) - g - r * log_D
        return E + A * N**-alpha + B * D**-beta + k_lr * off_rate * off_rate + k_b * off_batch * off_batch


class CriticalBatch(ParametricLaw):
    r"""Steps to a goal against batch size.

    .. math:: S(B) = S_\mathrm{min} \left(1 + \frac{B_\mathrm{crit}}{B}\right)

    McCandlish et al. 2018, eq. 2.11 (arXiv 1812.06162), as :math:`(S / S_\mathrm{min} - 1)(E / E_\mathrm{min} - 1) = 1`
    with :math:`E = S B`; Zhang et al. 2024 write it a + b / B (arXiv 2410.21676).
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    parameters = (amplitude("S_min"), location("B_crit", start=(1e-2, 1e2), B=1.0))

    @staticmethod
    def formula(B: Any, S_min: Any, B_crit: Any) -> Any:
        """Return the number of steps."""
        return S_min * (1.0 + B_crit / B)


class CriticalBatchScaling(ParametricLaw):
    r"""Steps to a goal against batch size, where both constants are powers of model size.

    .. math:: S(N, B) = S_0 N^{p} \left(1 + \frac{B_0 N^{q}}{B}\right)

    Zhang et al. 2024 (arXiv 2410.21676) find the critical batch size to be a power of scale (q = 0.47 on models
    trained for a compute-optimal time, when stated against N).
    """

    variables = ("params", "batch_size")
    candidate = Candidate()
    parameters = (
        amplitude("S_0", N=lambda p: -p["p"]),
        real("p", -3.0, 3.0, start=(0.0, 1.0)),
        positive("B_0", start=(1e-2, 1e2), N=lambda p: -p["q"], B=1.0),
        real("q", -3.0, 3.0, start=(0.0, 1.0)),
    )

    @staticmethod
    def formula(N: Any, B: Any, S_0: Any, p: Any, B_0: Any, q: Any) -> Any:
        """Return the number of steps."""
        return S_0 * N**p * (1.0 + B_0 * N**q / B)


class TuningCurve(ParametricLaw):
    r"""The best that k runs of a random search are expected to find.

    .. math:: y(k) = y^* - g\, \frac{\Gamma(k + 1)\, \Gamma(1 + 2 / \gamma)}{\Gamma(k + 1 + 2 / \gamma)}

    The mean of the largest of k draws from the quadratic distribution of Lourie et al. 2025 (arXiv 2510.02721),
    :math:`F(y) = 1 - ((y^* - y) / g)^{\gamma / 2}`: near its optimum a score is quadratic in gamma effective hyper-parameters. For large
    k the gap to the best possible score falls as :math:`k^{-2 / \gamma}`. The noise of a run is left out; g is negative for a loss.
    """

    variables = ("trials",)
    candidate = TOO_NEW
    fixed_scale = ("k",)
    parameters = (level("best"), factor("gap"), positive("gamma", 0.1, 200.0, start=(1.0, 20.0)))

    @staticmethod
    def formula(k: Any, best: Any, gap: Any, gamma: Any) -> Any:
        """Return the expected best."""
        return best - gap * np.exp(gammaln(k + 1.0) + gammaln(1.0 + 2.0 / gamma) - gammaln(k + 1.0 + 2.0 / gamma))
