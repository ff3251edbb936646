"""Laws of transfer: fine-tuning examples, pre-training data, and one loss from another."""

from __future__ import annotations

from typing import Any

import numpy as np

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate
from scalingbench.predictors.contract import ANY
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import amplitude, exponent, factor, irreducible, level, positive, real

__all__ = ["LogLaw", "LossToLoss", "PostTrainingPower", "Rectified", "SyntheticTransfer"]


class Rectified(ParametricLaw):
    r"""A power law of fine-tuning examples that starts from the pre-trained model.

    .. math:: L(D) = \frac{B}{D_l + D^{\beta}} + E

    Lin et al. 2024, eq. 4 (arXiv 2402.02314); D may be 0.
    """

    variables = (ANY,)
    candidate = Candidate()
    parameters = (
        irreducible("E"),
        amplitude("B", D="beta"),
        positive("D_l", start=(1e-2, 1e2), D="beta"),
        exponent("beta"),
    )

    @staticmethod
    def formula(D: Any, E: Any, B: Any, D_l: Any, beta: Any) -> Any:
        """Return the loss."""
        return E + B / (D_l + D**beta)


class PostTrainingPower(ParametricLaw):
    r"""Performance after training on examples: a power law towards a ceiling, rising or falling.

    .. math:: P(D) = P_\infty - a (D + 1)^{-b}

    The power-law growth with fine-tuning examples of Raghavendra et al. 2024 (arXiv 2411.03350); one example is
    added so that 0 is allowed.
    """

    variables = ("samples",)
    candidate = NOT_CHOSEN
    fixed_scale = ("D",)
    parameters = (level("P_inf"), factor("a"), exponent("b"))

    @staticmethod
    def formula(D: Any, P_inf: Any, a: Any, b: Any) -> Any:
        """Return the performance."""
        return P_inf - a * (D + 1.0) ** -b


class LogLaw(ParametricLaw):
    r"""A translation score that grows with a power of the logarithm of the pre-training data.

    .. math:: f(D) = \left(\ln (A D^{\alpha})\right)^{\beta}

    Isik et al. 2024, eq. 1 (arXiv 2402.04177). Their law for the cross-entropy is `power_laws.ShiftedPowerLaw`.
    """

    variables = (ANY,)
    candidate = NOT_CHOSEN
    parameters = (
        real("log_A", start=(0.1, 2.0), scale={"y": lambda p: 1.0 / p["beta"]}, shift={"D": "-alpha"}),
        real("alpha", -10.0, 10.0, start=(0.0, 0.5), scale={"y": lambda p: 1.0 / p["beta"]}),
        exponent("beta", 0.05, 10.0, start=(0.3, 3.0)),
    )

    @staticmethod
    def formula(D: Any, log_A: Any, alpha: Any, beta: Any) -> Any:
        """Return the score."""
        return np.maximum(log_A + alpha * np.log(D), 1e-9) ** beta


class LossToLoss(ParametricLaw):
    r"""One loss as a shifted power of another.

    .. math:: L_1 = K \left(L_0 - E_0\right)^{\kappa} + E_1

    Brandfonbrener et al. 2024, eq. 4 (arXiv 2411.12925).
    """

    variables = ("source_loss",)
    candidate = Candidate()
    parameters = (
        irreducible("E_1"),
        amplitude("K", L_0=lambda p: -p["kappa"]),
        positive("E_0", start=(0.05, 0.9), L_0=1.0),
        exponent("kappa", 0.05, 10.0, start=(0.3, 3.0)),
    )

    @staticmethod
    def formula(L_0: Any, E_1: Any, K: Any, E_0: Any, kappa: Any) -> Any:
        """Return the loss."""
        return E_1 + K * np.maximum(L_0 - E_0, 1e-6) ** kappa


class SyntheticTransfer(ParametricLaw):
    r"""Error after pre-training on n images and fine-tuning on s.

    .. math:: L(n, s) = \delta \left(\gamma + n^{-\alpha}\right) s^{-\beta}

    Mikami et al. 2021 (arXiv 2108.11018): gamma is the transfer gap, which no amount of pre-training closes, and alpha the rate of
    pre-training, from .1 to 1.5 as in the authors' fits. With s fixed it is their simplified law, C + D n^(-alpha).
    """

    variables = ("unique_tokens", "samples")
    candidate = NOT_CHOSEN
    parameters = (
        amplitude("delta", n="alpha", s="beta"),
        positive("gamma", start=(1e-2, 1e2), n="-alpha"),
        exponent("alpha", 0.1, 1.5),
        exponent("beta"),
    )

    @staticmethod
    def formula(n: Any, s: Any, delta: Any, gamma: Any, alpha: Any, beta: Any) -> Any:
        """Return the error."""
        return delta * (gamma + n**-alpha) * s**-beta
