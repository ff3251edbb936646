"""What happens in a worker process: fit on training rows, predict held-out ones, record how it ended."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd

from benchmark.evaluation.isolation import confine
from benchmark.evaluation.results import FoldResult, Status, as_stored
from scalingbench.common.messages import described

__all__ = ["Inputs", "fit_folds", "start_worker"]

Inputs = list[tuple[str, pd.DataFrame, np.ndarray, pd.DataFrame]]
"""Per fold: name, training X, training y, held-out X."""


def start_worker(confined: bool) -> None:
    """Keep what predictors print away from this program's standard output, which carries data; close the files where asked."""
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if confined:
        warnings.filterwarnings("ignore", module="joblib")  # it looks for semaphores, and says that there are none
        confine()


def fit_folds(packed: bytes, inputs: Inputs, levels: tuple[float, ...]) -> list[FoldResult]:
    """Fit a fresh copy of a predictor to every fold, and predict its held-out rows."""
    from threadpoolctl import threadpool_limits

    # one BLAS thread: the order of a sum, hence its last bits, must not depend on the machine's load
    with threadpool_limits(1):
        together = _fit_together(packed, inputs) if len(inputs) > 1 else None
        return [
            _predict_fold(*together[i], fold[0], fold[3], levels) if together else _fit_fold(packed, *fold, levels)
            for i, fold in enumerate(inputs)
        ]


def _fit_together(packed: bytes, inputs: Inputs) -> list[tuple[Any, float]] | None:
    """Fit all folds in one call where the predictor can; None where it can't or fails, so that the fault is found by fold."""
    model = cloudpickle.loads(packed)
    if not hasattr(model, "fit_many"):
        return None
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = list(model.fit_many([X.copy() for _, X, _, _ in inputs], [y.copy() for _, _, y, _ in inputs]))
        except Exception:
            return None
    seconds = (time.perf_counter() - start) / len(inputs)
    return [(m, seconds) for m in fitted] if len(fitted) == len(inputs) else None


def _fit_fold(packed: bytes, name: str, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, levels: tuple[float, ...]) -> FoldResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = cloudpickle.loads(packed)  # a fresh, unfitted copy: never shared between folds
            start = time.perf_counter()
            model.fit(X.copy(), y.copy())
        except Exception as error:
            return FoldResult(name, "error", described(error))
        return _predict_fold(model, time.perf_counter() - start, name, X_test, levels)


def _predict_fold(model: Any, fit_seconds: float, name: str, X: pd.DataFrame, levels: tuple[float, ...]) -> FoldResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            start = time.perf_counter()
            predictions = model.predict(X.copy())
            times: dict[str, Any] = {"fit_seconds": fit_seconds, "predict_seconds": time.perf_counter() - start}
            quantiles = _quantiles(model, X, levels)
        except Exception as error:
            return FoldResult(name, "error", described(error), fit_seconds=fit_seconds)
    status, message = _check(predictions, len(X))
    if status != "ok":
        return FoldResult(name, status, message, **times)
    return FoldResult(name, "ok", _note(model), as_stored(np.asarray(predictions, float).ravel()), quantiles, _constants(model), **times)


def _note(model: object) -> str:
    """Return how the fit ended, where the predictor says so and it did not converge."""
    status = getattr(model, "status_", "converged")
    unidentified = getattr(model, "unidentified_", ())
    return "; ".join([*([str(status)] if status != "converged" else []), *(f"unidentified: {n}" for n in unidentified)])


def _check(predictions: object, n: int) -> tuple[Status, str]:
    try:
        array = np.asarray(predictions, dtype=float)
    except (TypeError, ValueError):
        return "wrong-shape", f"predict returned {type(predictions).__name__}, expected {n} numbers"
    if array.shape not in ((n,), (n, 1)):
        return "wrong-shape", f"predict returned shape {array.shape}, expected ({n},)"
    broken = ~np.isfinite(array)
    if broken.any():
        return "not-finite", f"predict returned {broken.sum()} of {n} values that are NaN or infinite"
    return "ok", ""


def _quantiles(model: Any, X: pd.DataFrame, levels: tuple[float, ...]) -> dict[float, np.ndarray]:
    if not levels or not hasattr(model, "predict_quantiles"):
        return {}
    values = np.asarray(model.predict_quantiles(X.copy(), list(levels)), float)
    if values.shape != (len(X), len(levels)) or not np.isfinite(values).all():
        raise ValueError(f"predict_quantiles returned shape {values.shape} or non-finite values, expected ({len(X)}, {len(levels)})")
    return {level: as_stored(values[:, i]) for i, level in enumerate(levels)}


def _constants(model: object) -> dict[str, float]:
    constants = getattr(model, "params_", None)
    if not isinstance(constants, Mapping):
        return {}
    return {str(k): float(v) for k, v in constants.items() if isinstance(v, int | float | np.number)}
