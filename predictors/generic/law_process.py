"""A Gaussian process on the residuals of a law: its correction fades away from the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from scalingbench.predictors.axes import ALL, axes_of
from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.generic.nearest import _Generic
from scalingbench.predictors.generic.regressors import LogLinear
from scalingbench.predictors.generic.surfaces import LinkedLinear
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.power_laws import ShiftedPowerLaw

__all__ = ["LawProcess"]

_LENGTHS = (0.5, 1.0, 2.0, 4.0)  # in units of the training rows' spread along each variable
_NOISE = np.geomspace(1e-3, 1e2, 11)  # variance of the noise over that of the process


class LawProcess(_Generic):
    """A law, and a Gaussian process on its residuals.

    The law is Chinchilla's form for params and tokens, a shifted power law for one variable, and a product of powers above a
    limit for others, or between limits for shares that rise with scale; values of any sign are linear in the
    logarithms of the variables. The process has one length scale, in units of the spread of the training rows; it and the noise
    maximise the marginal likelihood. Beyond a few lengths the prediction is that of the law.

    Parameters
    ----------
    max_rows : int
        Largest number of rows for the process; more are thinned evenly, because the cost is cubic in the rows.
    """

    candidate = Candidate(order=12)

    def __init__(self, max_rows: int = 160):
        self.max_rows = max_rows

    def fit(self, X: pd.DataFrame, y: Any) -> LawProcess:
        """Fit the law, then the process."""
        law = self._law_for(X, np.asarray(y, float)).fit(X, y)
        self._store(law, X, y)
        return self

    def fit_many(self, frames: Sequence[pd.DataFrame], responses: Sequence[Any]) -> list[LawProcess]:
        """Fit many data sets; laws of one form are fitted in one descent."""
        made = [clone(self) for _ in frames]
        laws = [one._law_for(X, np.asarray(y, float)) for one, X, y in zip(made, frames, responses, strict=True)]
        for kind in {repr(law) for law in laws}:
            rows = [k for k, law in enumerate(laws) if repr(law) == kind]
            law = laws[rows[0]]
            if hasattr(law, "fit_many"):
                for k, found in zip(rows, law.fit_many([frames[k] for k in rows], [responses[k] for k in rows]), strict=True):
                    laws[k] = found
            else:
                for k in rows:
                    laws[k] = clone(law).fit(frames[k], responses[k])
        for one, law, X, y in zip(made, laws, frames, responses, strict=True):
            one._store(law, X, y)
        return made

    def _law_for(self, X: pd.DataFrame, y: np.ndarray) -> Any:
        columns = [c for c in X.columns if pd.api.types.is_numeric_dtype(X[c])]
        rising = bool((y >= 0).all() and y.max() <= 1.0 and len(columns) and _rises(X[columns], y))
        if rising:
            return LinkedLinear("logit")
        if not (y > 0).all():
            return LogLinear()
        if len(columns) == 1:
            return ShiftedPowerLaw(loss="l2")
        return Chinchilla(loss="l2") if set(columns) == {"params", "tokens"} else LinkedLinear("log")

    def _store(self, law: Any, X: pd.DataFrame, y: Any) -> None:
        points, y = self._remember(X, y)
        self.law_, self._in_logs = law, bool((y > 0).all()) and getattr(law, "link", "log") == "log"
        rest = self._scaled(y) - self._scaled(law.predict(self._training[0]))
        keep = np.unique(np.round(np.linspace(0, len(y) - 1, min(len(y), self.max_rows))).astype(int))
        keep = np.argsort(points.sum(axis=1), kind="stable")[keep]
        self._center, self._size = points.mean(axis=0), np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
        self._points = ((points - self._center) / self._size)[keep]
        self._process(rest[keep])

    def _process(self, rest: np.ndarray) -> None:
        """Choose length and noise by marginal likelihood, and store what predictions need."""
        distance = _squares(self._points, self._points)
        best, n = np.inf, len(rest)
        for length in _LENGTHS:
            values, vectors = np.linalg.eigh(np.exp(-0.5 * distance / length**2))
            along = vectors.T @ rest
            total = np.maximum(values, 0.0)[:, None] + _NOISE[None, :]
            unit = np.maximum((along[:, None] ** 2 / total).mean(axis=0), 1e-300)
            cost = n * np.log(unit) + np.log(total).sum(axis=0)
            k = int(np.argmin(cost))
            if cost[k] < best:
                best = float(cost[k])
                self.length_, self.noise_, self.scale_ = length, float(_NOISE[k]), float(np.sqrt(unit[k]))
                self._dual = vectors @ (along / total[:, k])

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(y, 1e-300)) if self._in_logs else y

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values, shape (n,)."""
        check_is_fitted(self)
        X = self._read(X)
        fewer = self._without_missing(X)
        if fewer is not None:
            return np.asarray(fewer.predict(X), float)
        Z = (self._features(X) - self._center) / self._size
        rest = np.exp(-0.5 * _squares(Z, self._points) / self.length_**2) @ self._dual
        law = self._scaled(self.law_.predict(X))
        found: np.ndarray = np.exp(np.clip(law + rest, -690.0, 690.0)) if self._in_logs else law + rest
        return found


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found: np.ndarray = ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)
    return found


def _rises(X: pd.DataFrame, y: np.ndarray) -> bool:
    axes = axes_of(X)
    scale = pd.Series(axes.get(ALL, next(iter(axes.values()), np.zeros(len(y)))))
    return len(y) > 1 and bool(np.ptp(scale) > 0) and bool(np.corrcoef(scale.rank(), pd.Series(y).rank())[0, 1] > 0)
