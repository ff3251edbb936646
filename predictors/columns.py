"""Read and check a predictor's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.errors import PredictorError

__all__ = ["check_response", "check_weights", "numeric_columns", "ordered", "select"]


def numeric_columns(X: pd.DataFrame) -> list[str]:
    """Return the names of the numeric columns."""
    kinds = zip(X.columns, X.dtypes, strict=True)
    return [c for c, kind in kinds if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)]


def ordered(X: pd.DataFrame, y: np.ndarray) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return rows and columns in an order that depends on the set of rows alone, and the positions of the rows before.

    Columns are sorted by name, rows by their numbers, the columns of X before y. Fits, resamples and back-tests then give the same
    result for every order in which a table lists its runs.

    Examples
    --------
    >>> X, y, order = ordered(pd.DataFrame({"tokens": [2.0, 1.0], "params": [3.0, 3.0]}), np.array([0.5, 0.7]))
    >>> X.to_dict("list"), y.tolist(), order.tolist()
    ({'params': [3.0, 3.0], 'tokens': [1.0, 2.0]}, [0.7, 0.5], [1, 0])
    """
    names = sorted(X.columns, key=str)
    if names != list(X.columns):
        X = X[names]
    keys = [X[name].to_numpy(float, na_value=np.nan) for name in numeric_columns(X)]
    order = np.lexsort([y, *reversed(keys)])
    if (order[1:] > order[:-1]).all():
        return X, y, order
    return X.iloc[order].reset_index(drop=True), y[order], order


def select(X: pd.DataFrame, names: Sequence[str]) -> list[np.ndarray]:
    """Return columns as float arrays of shape (n,).

    Raises
    ------
    PredictorError
        If a column is missing or has a value that is not finite; names the column and the row.
    """
    arrays = []
    for name in names:
        if name not in X.columns:
            raise PredictorError(f"X: column {name!r} is missing; it has {', '.join(map(str, X.columns))}")
        try:
            x = X[name].to_numpy(dtype=float)
        except (TypeError, ValueError):
            raise PredictorError(f"X: column {name!r} does not hold numbers") from None
        broken = ~np.isfinite(x)
        if broken.any():
            raise PredictorError(f"X: column {name!r}, row {int(np.flatnonzero(broken)[0]) + 1}: must be finite")
        arrays.append(x)
    return arrays


def check_response(y: Any, n: int, *, positive: bool) -> np.ndarray:
    """Return y as a float array of shape (n,).

    Raises
    ------
    PredictorError
        If its length is wrong or a value is invalid; names the row.
    """
    array = np.asarray(y, dtype=float)
    if array.shape != (n,):
        raise PredictorError(f"y: expected shape ({n},), got {array.shape}")
    broken = ~np.isfinite(array) | (positive & (array <= 0))
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise PredictorError(
            f"y: row {row + 1}: {float(array[row])!r} must be finite{' and positive, to be fitted in log space' if positive else ''}"
        )
    return array


def check_weights(weights: Any, n: int) -> np.ndarray:
    """Return weights of rows as a float array of shape (n,).

    Raises
    ------
    PredictorError
        Unless they are n finite numbers >= 0, at least one of them positive.
    """
    array = np.asarray(weights, dtype=float)
    if array.shape != (n,) or not np.isfinite(array).all() or (array < 0).any():
        raise PredictorError(f"sample_weight: expected {n} finite numbers >= 0")
    if not array.any():
        raise PredictorError("sample_weight: Sample weights must contain at least one non-zero number")
    return array
