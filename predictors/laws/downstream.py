"""Laws of downstream metrics: from loss, compute or size to accuracy, directly or in two stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import NOT_CHOSEN, TOO_NEW, Candidate
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.parameters import amplitude, factor, level, location, positive, real

__all__ = [
    "CapabilityGap",
    "Densing",
    "DirectAccuracy",
    "LineTimesSigmoid",
    "LossToAccuracy",
    "LossToError",
    "PassUntil",
    "TokenPower",
    "TwoStage",
]


class LineTimesSigmoid(ParametricLaw):
    r"""A question and its negation: a skill that grows along a line, and one that appears at a size.

    .. math:: y(N) = l s + (1 - l)(1 - s), \quad l = a + b \ln N, \quad s = \frac{1}{1 + (N_0 / N)^{k}}

    Zhang et al. 2023 (NeQA, arXiv 2305.17311): who answers but misses the negation is wrong, so accuracy falls with l until s rises, a U.
    They describe the two parts in words and simulate them; the composition for two choices is written out here. Accuracy is a share, so the
    response is not normalised.
    """

    variables = ("params",)
    candidate = TOO_NEW
    fixed_scale = ("y",)
    parameters = (
        level("a", N="-b"),
        factor("b"),
        location("N_0", start=(1e-2, 1e2), N=1.0),
        positive("k", 1e-2, 50.0, start=(0.3, 10.0)),
    )
    default_starts = 128

    @staticmethod
    def formula(N: Any, a: Any, b: Any, N_0: Any, k: Any) -> Any:
        """Return the accuracy."""
        right = a + b * np.log(N)
        sees = 1.0 / (1.0 + np.exp(np.clip(k * (np.log(N_0) - np.log(N)), -50.0, 50.0)))
        return right * sees + (1.0 - right) * (1.0 - sees)


class LossToError(ParametricLaw):
    r"""Error falls exponentially from chance level as the loss falls.

    .. math:: \mathrm{Err}(L) = \epsilon - k e^{-\gamma L}

    Gadre et al. 2024, eq. 5 (arXiv 2403.08540).
    """

    variables = ("source_loss",)
    candidate = Candidate()
    parameters = (level("epsilon"), factor("k"), positive("gamma", 1e-3, 100.0, start=(0.3, 10.0), L=-1.0))

    @staticmethod
    def formula(L: Any, epsilon: Any, k: Any, gamma: Any) -> Any:
        """Return the error."""
        return epsilon - k * np.exp(-gamma * L)


class LossToAccuracy(ParametricLaw):
    r"""Accuracy is a sigmoid of the loss.

    .. math:: \mathrm{Acc}(L) = b + \frac{a}{1 + e^{k (L - L_0)}}

    Bhagia et al. 2024, eq. 3, step 2 of the model ladder (arXiv 2412.04403).
    """

    variables = ("source_loss",)
    candidate = Candidate()
    parameters = (level("b"), factor("a"), positive("k", 1e-2, 1e3, start=(1.0, 50.0), L=-1.0), location("L_0", start=(0.5, 1.5), L=1.0))
    default_starts = 128

    @staticmethod
    def formula(L: Any, b: Any, a: Any, k: Any, L_0: Any) -> Any:
        """Return the accuracy."""
        return b + a / (1.0 + np.exp(np.clip(k * (L - L_0), -50.0, 50.0)))


class TokenPower(ParametricLaw):
    r"""Getting a whole answer right takes every token of it right.

    .. math:: \mathrm{Acc}(L) = a \left(e^{-L}\right)^{m}

    Schaeffer et al. 2023, eq. 2 (arXiv 2304.15004): with a loss of L nats a token, an answer of m tokens is right
    with probability :math:`e^{-m L}`; a is 1 there.
    """

    variables = ("source_loss",)
    candidate = NOT_CHOSEN
    parameters = (amplitude("a"), positive("m", 1e-3, 1e3, start=(0.1, 30.0), L=-1.0))

    @staticmethod
    def formula(L: Any, a: Any, m: Any) -> Any:
        """Return the accuracy."""
        return a * np.exp(-m * L)


class DirectAccuracy(ParametricLaw):
    r"""The negative log of accuracy is a power of compute.

    .. math:: -\log \mathrm{Acc} = A C^{-\alpha}

    Krajewski et al. 2025, eq. 1 (arXiv 2512.08894). Accuracy is a share, so the response is not normalised.
    """

    variables = ("flops",)
    candidate = Candidate(values="shares")
    fixed_scale = ("y",)
    parameters = (positive("A", start=(0.05, 5.0), C="alpha"), real("alpha", -5.0, 5.0, start=(0.0, 1.0)))

    @staticmethod
    def formula(C: Any, A: Any, alpha: Any) -> Any:
        """Return the accuracy."""
        return np.exp(-A * np.exp(np.clip(-alpha * np.log(C), -300.0, 300.0)))


class PassUntil(ParametricLaw):
    r"""The rate at which samples pass, against model size.

    .. math:: \mathrm{PU}(N) = e^{-c N^{-\alpha}}

    Hu et al. 2023, eq. 3 (arXiv 2310.03262). A rate is a share, so the response is not normalised.
    """

    variables = ("params",)
    candidate = NOT_CHOSEN
    fixed_scale = ("y",)
    parameters = (positive("c", start=(0.05, 10.0), N="alpha"), real("alpha", -5.0, 5.0, start=(0.0, 1.0)))

    @staticmethod
    def formula(N: Any, c: Any, alpha: Any) -> Any:
        """Return the rate."""
        return np.exp(-c * np.exp(np.clip(-alpha * np.log(N), -300.0, 300.0)))


class Densing(ParametricLaw):
    r"""Capability density grows exponentially in time.

    .. math:: \rho(t) = e^{A t + B}

    Xiao et al. 2024, eq. 8 (arXiv 2412.04315), where density is the size that a reference family needs for the same
    score, divided by the model's own; t in years.
    """

    variables = ("date",)
    candidate = NOT_CHOSEN
    fixed_scale = ("t",)
    parameters = (real("A", -20.0, 20.0, start=(-1.0, 4.0)), real("B", start=(-2.0, 2.0), shift={"y": 1.0}))

    @staticmethod
    def formula(t: Any, A: Any, B: Any) -> Any:
        """Return the density."""
        return np.exp(np.clip(A * t + B, -50.0, 50.0))


class CapabilityGap(ParametricLaw):
    r"""Success of an attack is logistic in the gap between attacker and target.

    .. math:: \mathrm{logit}(s) = k (c_\mathrm{attacker} - c_\mathrm{target}) + b

    Panfilov et al. 2025 (arXiv 2505.20162), with capabilities as logits of benchmark accuracies, columns
    ``obs_attacker`` and ``obs_target``. A rate is a share, so nothing is normalised.
    """

    variables = ("obs_attacker", "obs_target")
    candidate = NOT_CHOSEN
    fixed_scale = ("attacker", "target", "y")
    parameters = (real("k", start=(-1.0, 3.0)), real("b", start=(-3.0, 3.0)))

    @staticmethod
    def formula(attacker: Any, target: Any, k: Any, b: Any) -> Any:
        """Return the success rate."""
        gap = _logit(attacker) - _logit(target)
        return 1.0 / (1.0 + np.exp(np.clip(-k * gap - b, -50.0, 50.0)))


def _logit(share: Any) -> Any:
    inside = np.clip(share, 1e-3, 1.0 - 1e-3)
    return np.log(inside) - np.log(1.0 - inside)


class TwoStage(ScalingLaw):
    """Size and data give the loss, the loss gives the metric.

    Bhagia et al. 2024 (arXiv 2412.04403) for accuracies, Gadre et al. 2024 (arXiv 2403.08540) for errors. Both
    stages are fitted on the training rows; on held-out rows the loss is the first stage's prediction,
    even if a measured one exists.

    Parameters
    ----------
    second : {"sigmoid", "exponential"}
        `LossToAccuracy` or `LossToError`.
    random_state : int
        Seed of the starts.
    """

    variables = ("params", "tokens", "source_loss")
    candidate = Candidate()

    def __init__(self, second: str = "sigmoid", random_state: int = 0):
        self.second = second
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Any) -> TwoStage:
        """Fit both stages."""
        forms = {"sigmoid": LossToAccuracy, "exponential": LossToError}
        if self.second not in forms:
            raise PredictorError(f"second: expected one of {', '.join(forms)}, got {self.second!r}")
        X, y = self._read_training(X, y, positive=False)
        self.first_ = Chinchilla(random_state=self.random_state).fit(X, X["source_loss"])
        self.second_ = forms[self.second](loss="l2", space="linear", random_state=self.random_state).fit(X, y)
        self.params_ = {**self.first_.params_, **self.second_.params_}
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the metric at the predicted loss, shape (n,)."""
        check_is_fitted(self, "second_")
        X = self._read(X)
        return self.second_.predict(pd.DataFrame({"source_loss": self.first_.predict(X)}))
