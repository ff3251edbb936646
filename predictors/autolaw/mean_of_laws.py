"""Unweighted mean and median of the laws that fit a data set's variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.autolaw.backtest import CandidateFits, DataSet, candidates, fit_candidates
from scalingbench.predictors.candidacy import NotCandidate
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.priors import PooledLaw
from scalingbench.predictors.registry import get

__all__ = ["MeanOfLaws"]

_COMPONENTS = ("mixture-times-scale", "mixture-plus-scale")  # not on any board, unlike the laws that are averaged
_STAND_INS = ("log-linear[floor]", "log-linear", "nearest-observation")


class MeanOfLaws(ScalingLaw):
    """The mean or median, without weights, of the laws among AutoLaw's candidates.

    Laws are the candidates with a formula of their own. Generic forms replace them where fewer than three laws read the data set's
    variables. The average is of logarithms where all values are positive, except for shares that rise with scale.

    Parameters
    ----------
    statistic : {"mean", "median"}
        Which of the two.
    """

    variables = None
    candidate = NotCandidate("it averages the candidates")

    def __init__(self, statistic: Literal["mean", "median"] = "mean"):
        self.statistic = statistic

    def fit(self, X: pd.DataFrame, y: Any) -> MeanOfLaws:
        """Fit every law."""
        return self._fit_all([self], [X], [y])[0]

    def fit_many(self, frames: Sequence[pd.DataFrame], responses: Sequence[Any]) -> list[MeanOfLaws]:
        """Fit many data sets; laws of one form are fitted to all of them in one descent."""
        return self._fit_all([clone(self) for _ in frames], frames, responses)

    @staticmethod
    def _fit_all(made: list[MeanOfLaws], frames: Sequence[pd.DataFrame], responses: Sequence[Any]) -> list[MeanOfLaws]:
        data_sets = []
        for one, X, y in zip(made, frames, responses, strict=True):
            if one.statistic not in ("mean", "median"):
                raise PredictorError(f"statistic: expected 'mean' or 'median', got {one.statistic!r}")
            X, y = one._read_training(X, y, positive=False)
            data_sets.append(DataSet.of(X.reset_index(drop=True), y, backtested=False))
        for one, fits in zip(made, fit_candidates(data_sets, choose=_laws), strict=True):
            if all(fit.model is None for fit in fits.by_name.values()):
                raise PredictorError("no law could be fitted")
            one._fits = fits
        return made

    @property
    def laws_(self) -> tuple[str, ...]:
        """Names of the laws that were fitted."""
        check_is_fitted(self, "_fits")
        return tuple(name for name, fit in self._fits.by_name.items() if fit.model is not None)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the mean or median of the laws, shape (n,)."""
        check_is_fitted(self, "_fits")
        fits: CandidateFits = self._fits
        values = np.stack(list(fits.predict(self._read(X).reset_index(drop=True)).values()))
        found: np.ndarray = np.nanmean(values, axis=0) if self.statistic == "mean" else np.nanmedian(values, axis=0)
        return np.exp(np.clip(found, -690.0, 690.0)) if fits.data.log else found


def _laws(X: pd.DataFrame, y: np.ndarray) -> tuple[str, ...]:
    """Return the candidates with a formula, and generic forms where they are few."""
    tried = candidates(X, y, _COMPONENTS)
    formulas = {name: law for name in tried if isinstance(law := get(name).make(), ParametricLaw)}
    laws = tuple(name for name, law in formulas.items() if not isinstance(law, PooledLaw))  # pooled laws repeat a form that is included
    return laws if len(laws) > 2 else (*laws, *(name for name in _STAND_INS if name in tried))
