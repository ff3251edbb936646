"""Outputs of a fitted predictor, converted and checked: predictions, quantiles, constants, and the status of the fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import Status

__all__ = ["Predicted", "constants", "note", "predictions", "quantiles"]


@dataclass(frozen=True)
class Predicted:
    """Predictions, or the reason for their absence.

    Attributes
    ----------
    status : Status
        ``ok``, ``wrong-shape`` or ``not-finite``.
    message : str
        The expectation that was not met; empty if ok.
    values : ndarray, shape (n,)
        Empty if it failed.
    """

    status: Status
    message: str = ""
    values: np.ndarray = field(default_factory=lambda: np.empty(0))


def predictions(given: object, n: int) -> Predicted:
    """Return the output of ``predict`` as `n` finite numbers."""
    numbers = _numbers(given)
    if numbers is None:
        return Predicted("wrong-shape", f"predict returned {_kind(given)}, expected {n} numbers")
    if numbers.shape not in ((n,), (n, 1)):
        return Predicted("wrong-shape", f"predict returned shape {numbers.shape}, expected ({n},)")
    broken = ~np.isfinite(numbers)
    if broken.any():
        return Predicted("not-finite", f"predict returned {broken.sum()} of {n} values that are NaN or infinite")
    return Predicted("ok", "", numbers.ravel())


def _numbers(given: object) -> np.ndarray | None:
    """Return real numbers as float64; None for other types: text, dates, complex or masked values."""
    if np.ma.isMaskedArray(given):
        return None
    try:
        array = np.asarray(given)
        if array.dtype == object and not all(isinstance(v, Real) for v in array.ravel()):
            return None
        return array.astype(float) if array.dtype == object or array.dtype.kind in "biuf" else None
    except (TypeError, ValueError, OverflowError):
        return None


def _kind(given: object) -> str:
    name = type(given).__name__
    dtype = getattr(given, "dtype", None)
    return f"{name} of {dtype}" if isinstance(dtype, np.dtype) else name


def quantiles(model: Any, X: pd.DataFrame, levels: tuple[float, ...]) -> dict[float, np.ndarray]:
    """Return predicted quantiles by level, empty if not requested or not available.

    Raises
    ------
    ValueError
        If they have another shape, or are not finite.
    """
    if not levels or not hasattr(model, "predict_quantiles"):
        return {}
    values = _numbers(model.predict_quantiles(X.copy(), list(levels)))
    shape = None if values is None else values.shape
    if values is None or shape != (len(X), len(levels)) or not np.isfinite(values).all():
        raise ValueError(f"predict_quantiles returned shape {shape} or non-finite values, expected ({len(X)}, {len(levels)})")
    return {level: values[:, i] for i, level in enumerate(levels)}


def note(model: object) -> str:
    """Return the status of a fit that did not converge, if the predictor reports one."""
    status = getattr(model, "status_", "converged")
    unidentified = getattr(model, "unidentified_", ())
    return "; ".join([*([str(status)] if status != "converged" else []), *(f"unidentified: {n}" for n in unidentified)])


def constants(model: object) -> dict[str, float]:
    """Return the fitted constants, where the predictor has ``params_``."""
    found = getattr(model, "params_", None)
    if not isinstance(found, Mapping):
        return {}
    return {str(k): float(v) for k, v in found.items() if isinstance(v, int | float | np.number) and not isinstance(v, np.complexfloating)}
