"""The contract of a predictor, and the base class of a law form.

A predictor is a scikit-learn regressor that reads the columns it needs by name:
``fit(X: DataFrame, y) -> self``, ``predict(X) -> ndarray``, ``get_params``/``clone``; the
constructor only stores. Whatever speaks this protocol can be evaluated; these classes are a
convenience.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from predictors import fitting
from predictors.errors import FitWarning, PredictorError
from predictors.parameters import Parameter

__all__ = ["ANY", "ParametricLaw", "ScalingLaw"]

ANY = "*"
"""In `ScalingLaw.variables`: the task's only input, whatever it is called."""


class ScalingLaw(RegressorMixin, BaseEstimator):
    """Base of all predictors.

    Attributes
    ----------
    variables : tuple of str or None
        Columns that are read from X; ``("*",)`` is the only numeric column, whatever its name;
        None is every numeric column.
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
