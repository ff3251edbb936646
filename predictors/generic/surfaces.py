"""Generic forms with the shape of a scaling law: a limit, and powers of any variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import Candidate, NotCandidate
from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.generic.regressors import Logarithmic
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.power_laws import ShiftedPowerLaw
from scalingbench.predictors.parameters import Parameter, amplitude, irreducible, real

__all__ = ["AdditivePower", "BoundedTwoStage", "LinkedLinear"]

_RIDGE = 1e-6
_FLOORS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)


class LinkedLinear(Logarithmic):
    r"""A product of powers between limits.

    .. math:: L = E + A \prod_j x_j^{-b_j}
        \qquad \text{or} \qquad \mathrm{acc} = c + \frac{u - c}{1 + A \prod_j x_j^{-b_j}}

    The first form is for positive values, the second for shares that rise with scale, between the limits c and u. The limits are
    chosen among a few by leave-one-out error on the training rows; the other constants follow by linear least squares.

    Parameters
    ----------
    link : {"log", "logit"}
        The form; the second needs values between 0 and 1.
    """

    candidate = Candidate("several-variables", order=15)

    def __init__(self, link: str = "log"):
        self.link = link

    @property
    def shares_only(self) -> bool:
        """Whether values must lie between 0 and 1."""
        return self.link == "logit"

    def _needs_positive(self) -> bool:
        return self.link == "log"

    def fit(self, X: pd.DataFrame, y: Any) -> LinkedLinear:
        """Fit the limits and the powers."""
        if self.link not in ("log", "logit"):
            raise PredictorError(f"link: expected 'log' or 'logit', got {self.link!r}")
        points, y = self._remember(X, y)
        if self.link == "logit" and not ((y >= 0).all() and (y <= 1).all()):
            raise PredictorError("y: a logit needs shares, values between 0 and 1")
        self._center, self._size = points.mean(axis=0), np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
        design = np.column_stack([np.ones(len(y)), (points - self._center) / self._size])
        gram = design.T @ design + _RIDGE * len(y) * np.diag([0.0] + [1.0] * points.shape[1])
        inverse = np.linalg.pinv(gram)
        leverage = np.minimum(np.einsum("np,pq,nq->n", design, inverse, design), 1.0 - 1e-6)
        hat = inverse @ design.T
        fits = [(*self._fit_within(design, hat, leverage, y, limits), limits) for limits in self._limits(y)]
        _, self.coef_, self.limits_ = min(fits, key=lambda fit: fit[0])
        return self

    def _limits(self, y: np.ndarray) -> list[tuple[float, float]]:
        low, high = float(y.min()), float(y.max())
        if self.link == "log":
            return [(share * low, 0.0) for share in _FLOORS]
        lows = sorted({0.0, *(c for c in (0.25, 0.5, 0.9 * low, 0.98 * low) if c < low)})
        highs = sorted({1.0, *(u for u in (0.9, 0.8, high + 0.3 * (1 - high), high + 0.05 * (1 - high)) if u > high)})
        return [(c, u) for c in lows for u in highs]

    def _fit_within(
        self, design: np.ndarray, hat: np.ndarray, leverage: np.ndarray, y: np.ndarray, limits: tuple[float, float]
    ) -> tuple[float, np.ndarray]:
        """Return leave-one-out error and coefficients, given the limits."""
        target = self._forward(y, limits)
        coef = hat @ target
        left_out = self._back(target - (target - design @ coef) / (1.0 - leverage), limits)
        error = np.log(np.maximum(left_out, 1e-300) / y) if self.link == "log" else left_out - y
        return float(np.mean(error**2)), coef

    def _forward(self, y: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
        low, high = limits
        if self.link == "log":
            found: np.ndarray = np.log(y - low)
            return found
        share = np.clip((y - low) / (high - low), 1e-3, 1.0 - 1e-3)
        return np.log(share) - np.log(1.0 - share)

    def _back(self, values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
        low, high = limits
        values = np.clip(values, -600.0, 600.0)
        found: np.ndarray = low + (np.exp(values) if self.link == "log" else (high - low) / (1.0 + np.exp(-values)))
        return found

    def _predict(self, points: np.ndarray) -> np.ndarray:
        design = np.column_stack([np.ones(len(points)), (points - self._center) / self._size])
        return self._back(design @ self.coef_, self.limits_)


class AdditivePower(ParametricLaw):
    r"""A limit, and one power of every variable.

    .. math:: L(x) = E + \sum_j A_j x_j^{-b_j}

    Chinchilla's form for any variables; exponents may be negative.
    """

    variables = None
    candidate = NotCandidate("slow; not evaluated on the tuning cases")

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """The limit, and two constants for each variable."""
        terms: list[Parameter] = []
        for name in getattr(self, "columns_", ()) or ("x",):
            scale: dict[str, Any] = {name: f"b_{name}"}
            terms += [amplitude(f"A_{name}", **scale), real(f"b_{name}", -3.0, 3.0, start=(-0.2, 1.0))]
        return (irreducible("E"), *terms)

    def _input_names(self) -> list[str]:
        return list(self.columns_)

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from the variables and then the constants."""
        n = (len(arguments) - 1) // 3
        columns, E, constants = arguments[:n], arguments[n], arguments[n + 1 :]
        return E + sum(A * x**-b for x, A, b in zip(columns, constants[::2], constants[1::2], strict=True))


_LOSS = "source_loss"


class BoundedTwoStage(ScalingLaw):
    """Scale gives the loss, the loss gives a share between chance and a ceiling.

    The first stage is Chinchilla's form for params and tokens, a shifted power law for one variable and a product of
    powers above a limit for others; it is left out where there are none. The second is `LinkedLinear` on the loss, whose limits
    are chosen among a few (0, 25 and 50 % chance among them) by leave-one-out error. A row with a measured loss is predicted
    from that loss.
    """

    variables = None
    requires = (_LOSS,)
    shares_only = True
    candidate = Candidate("several-variables", needs=(_LOSS,), order=90)

    def fit(self, X: pd.DataFrame, y: Any) -> BoundedTwoStage:
        """Fit both stages."""
        X, y = self._read_training(X, y, positive=False)
        scale = [c for c in numeric_columns(X) if c != _LOSS]
        if _LOSS not in X:
            raise PredictorError(f"X: two stages need {_LOSS}")
        if not ((y >= 0).all() and (y <= 1).all()):
            raise PredictorError("y: the second stage gives shares, values between 0 and 1")
        self._scale = scale
        self.first_ = self._first(scale).fit(X[scale], X[_LOSS].to_numpy(float)) if scale else None
        self.second_ = LinkedLinear("logit").fit(X[[_LOSS]], y)
        return self

    def _first(self, scale: list[str]) -> Any:
        if set(scale) == {"params", "tokens"}:
            return Chinchilla()
        return ShiftedPowerLaw(loss="l2") if len(scale) == 1 else LinkedLinear("log")

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the share at the measured loss, else at the predicted one, shape (n,)."""
        check_is_fitted(self, "second_")
        X = self._read(X)
        loss = X[_LOSS].to_numpy(float).copy() if _LOSS in X else np.full(len(X), np.nan)
        unknown = ~np.isfinite(loss)
        if unknown.any():
            if self.first_ is None:
                raise PredictorError(f"X: row {int(np.flatnonzero(unknown)[0]) + 1} has no {_LOSS}, and there is no variable of scale")
            loss[unknown] = self.first_.predict(X.loc[unknown, self._scale].reset_index(drop=True))
        return np.asarray(self.second_.predict(pd.DataFrame({_LOSS: loss})), float)
