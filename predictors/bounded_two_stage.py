"""Two stages with a bounded link: scale gives the loss, and the loss an accuracy between chance and a ceiling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.compute import Chinchilla
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.power_laws import ShiftedPowerLaw
from scalingbench.predictors.response_surfaces import LinkedLinear

__all__ = ["BoundedTwoStage"]

_LOSS = "source_loss"


class BoundedTwoStage(ScalingLaw):
    """Scale gives the loss, the loss gives a share between chance and a ceiling.

    The first stage is Chinchilla's form for params and tokens, a shifted power law for one variable and a product of
    powers above a limit for others; it is left out where there are none. The second is `LinkedLinear` on the loss, whose limits
    are chosen among a few (0, 25 and 50 % chance among them) by leave-one-out error. A row whose loss was measured is predicted
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
        """Return the share at the loss that was measured, else at the predicted one, shape (n,)."""
        check_is_fitted(self, "second_")
        X = self._read(X)
        loss = X[_LOSS].to_numpy(float).copy() if _LOSS in X else np.full(len(X), np.nan)
        unknown = ~np.isfinite(loss)
        if unknown.any():
            if self.first_ is None:
                raise PredictorError(f"X: row {int(np.flatnonzero(unknown)[0]) + 1} has no {_LOSS}, and there is no variable of scale")
            loss[unknown] = self.first_.predict(X.loc[unknown, self._scale].reset_index(drop=True))
        return np.asarray(self.second_.predict(pd.DataFrame({_LOSS: loss})), float)
