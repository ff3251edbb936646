"""The contract of a predictor.

A predictor is a scikit-learn regressor that reads the columns it needs by name:
``fit(X: DataFrame, y) -> self``, ``predict(X) -> ndarray``, ``get_params``/``clone``; the
constructor only stores. Whatever speaks this protocol can be evaluated; this class is a
convenience.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import column_or_1d, validate_data

from predictors.errors import PredictorError
from predictors.frames import check_response, numeric_columns

__all__ = ["ANY", "ScalingLaw", "latex_of"]

ANY = "*"
"""In `ScalingLaw.variables`: the task's only input, whatever it is called."""


class ScalingLaw(RegressorMixin, BaseEstimator):
    """Base of all predictors.

    Attributes
    ----------
    variables : tuple of str or None
        Columns that are read from X, others are ignored; ``("*",)`` is the only numeric column,
        whatever its name, ``"mix_*"`` every column whose name starts so; None is every numeric
        column. Plain arrays are read by position.
    """

    variables: ClassVar[tuple[str, ...] | None] = None

    def fit(self, X: pd.DataFrame, y: Any) -> ScalingLaw:
        """Fit on training rows.

        Parameters
        ----------
        X : DataFrame, shape (n, n_variables)
            Scale variables, one column each.
        y : array-like, shape (n,)
            Measured values.
        """
        raise NotImplementedError

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values, shape (n,)."""
        raise NotImplementedError

    def _read_training(self, X: Any, y: Any, *, positive: bool = True) -> tuple[pd.DataFrame, np.ndarray]:
        """Return X as a DataFrame and y checked, and remember the columns in use."""
        if y is None:
            raise PredictorError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if isinstance(X, pd.DataFrame):
            if len(X) == 0:
                raise PredictorError("X: has no rows to fit on")
            y = column_or_1d(y, warn=True)
            self.n_features_in_ = X.shape[1]
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        else:  # scikit-learn's own checks for arrays: shape, finiteness, number of features
            X, y = validate_data(self, X, y, y_numeric=True)
            X = pd.DataFrame(X, columns=self._array_columns(X.shape[1]))
        self.columns_ = self._wanted(X)
        return X, check_response(y, len(X), positive=positive)

    def _read(self, X: Any) -> pd.DataFrame:
        """Return X as a DataFrame."""
        if isinstance(X, pd.DataFrame):
            return X
        X = validate_data(self, X, reset=False)
        return pd.DataFrame(X, columns=self._array_columns(X.shape[1]))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self._needs_positive()
        return tags

    def _needs_positive(self) -> bool:
        """Return whether values are modelled in logarithms."""
        return False

    @classmethod
    def latex(cls) -> str:
        """Return the formula as LaTeX, from the law's documentation; empty where there is none."""
        return latex_of(cls.__doc__ or "")

    def _array_columns(self, width: int) -> list[str]:
        names = self.variables
        return list(names) if names and names != (ANY,) and len(names) == width else [f"x{i}" for i in range(width)]

    def _wanted(self, X: pd.DataFrame) -> tuple[str, ...]:
        """Return the names of the columns to read."""
        if self.variables is None:
            return tuple(numeric_columns(X))
        if tuple(self.variables) != (ANY,):
            return tuple(name for wanted in self.variables for name in _expand(wanted, X))
        numeric = numeric_columns(X)
        if len(numeric) != 1:
            raise PredictorError(f"X: {type(self).__name__} takes one numeric column, got {len(numeric)}: {', '.join(map(str, numeric))}")
        return tuple(numeric)


def latex_of(text: str) -> str:
    """Return the first ``.. math::`` block of a docstring."""
    _, found, rest = inspect.cleandoc(text).partition(".. math::")
    lines = []
    for line in rest.splitlines() if found else []:
        if line.strip() and not line.startswith(" "):
            break
        lines.append(line.strip())
    return " ".join(line for line in lines if line)


def _expand(wanted: str, X: pd.DataFrame) -> list[str]:
    """Return the columns that an entry of `ScalingLaw.variables` stands for."""
    if not wanted.endswith("*"):
        return [wanted]
    found = sorted(str(c) for c in X.columns if str(c).startswith(wanted[:-1]))
    if not found:
        raise PredictorError(f"X: has no column {wanted}; it has {', '.join(map(str, X.columns))}")
    return found
