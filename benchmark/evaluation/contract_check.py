"""Check that a predictor keeps the contract, on small synthetic tasks, in seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import OWN_PREFIX
from scalingbench.benchmark.evaluation.results import UNSTABLE
from scalingbench.benchmark.evaluation.stability import jittered, moves
from scalingbench.common.defaults import TIME_LIMIT
from scalingbench.common.rounding import REFITS
from scalingbench.common.variables import MIXTURE, VARIABLES, family_of
from scalingbench.predictors.contract import CONTRACT, missing_methods

__all__ = ["check", "unstable"]

_SLOW = 5.0
_RANGES = {
    "params": (1e7, 1e10),
    "params_nonembedding": (1e7, 1e10),
    "params_active": (1e7, 1e10),
    "tokens": (1e9, 1e11),
    "unique_tokens": (1e8, 1e10),
    "flops": (1e18, 1e22),
    "learning_rate": (1e-4, 1e-2),
    "sparsity": (0.1, 0.9),
    "loss": (1.5, 4.0),
}
_OPEN = {"mix_*": ("mix_web", "mix_code", "mix_books"), "obs_*": ("obs_a", "obs_b", "obs_c", "obs_d")}


def check(make: Callable[[], Any]) -> list[str]:
    """Return the contract violations of a predictor, one line each; empty if there are none.

    Parameters
    ----------
    make : callable
        Returns an unfitted instance.
    """
    try:
        predictor = make()
    except Exception as error:
        return [f"constructor: expected to work without arguments: {_line(error)}"]
    if missing := missing_methods(predictor):
        return [f"{name}: missing; {CONTRACT}" for name in missing]
    found = [*_declared(predictor), *_constructor(predictor)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit warnings are irrelevant on synthetic rows
        return found or [f"{n} rows: {line}" for n in (40, 4) for line in _on_task(make, *_task(predictor, n))]


def unstable(make: Callable[[], Any]) -> list[str]:
    """Return a line for each synthetic task on which rounding, or the order of rows, moves a prediction by more than a millionth.

    This is no violation of the contract.

    Parameters
    ----------
    make : callable
        Gives an unfitted instance of a predictor that keeps the contract.
    """
    predictor, lines = make(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in (40, 4):
            X, y, X_test = _task(predictor, n)
            largest = _Moves(make, X, y, X_test)
            rounding = max(largest.of(*jittered(X, y, seed)) for seed in range(REFITS))
            if rounding > UNSTABLE:
                lines.append(f"{n} rows: unstable: rounding moves a prediction by {100 * rounding:.2g} %")
            elif (order := largest.of(X.iloc[::-1].reset_index(drop=True), y[::-1])) > UNSTABLE:
                lines.append(f"{n} rows: the order of the training rows moves a prediction by {100 * order:.2g} %")
    return lines


class _Moves:
    """Largest changes of predictions, against a fit to the rows as they are."""

    def __init__(self, make: Callable[[], Any], X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame) -> None:
        self._make, self._X_test, self._y = make, X_test, y
        self._first = self._predictions(X, y)

    def of(self, X: pd.DataFrame, y: np.ndarray) -> float:
        """Return the largest change after a fit to other rows."""
        return float(moves(self._first, self._predictions(X, y), self._y).max())

    def _predictions(self, X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
        return np.asarray(self._make().fit(X, y).predict(self._X_test), float).ravel()


def _declared(predictor: Any) -> Iterator[str]:
    variables = getattr(predictor, "variables", None)
    if variables is None or tuple(variables) == ("*",):
        return
    if isinstance(variables, str):
        yield f"variables: expected a tuple of names, got the string {variables!r}"
        return
    for name in variables:
        if name not in VARIABLES and name not in ("run", "curve") and family_of(str(name)) is None and not str(name).startswith(OWN_PREFIX):
            yield f"variables: {name!r} is not in the schema ('scalingbench tasks' lists the inputs of tasks)"


def _constructor(predictor: Any) -> Iterator[str]:
    if not callable(getattr(predictor, "get_params", None)):
        return
    from sklearn.base import clone

    try:
        clone(predictor)
    except Exception as error:
        yield f"constructor: expected only to store its arguments, so that clone works: {_line(error)}"


def _task(predictor: Any, n: int) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Return a synthetic task: a power law with 1 % noise in the predictor's columns."""
    rng = np.random.default_rng(0)
    declared = tuple(getattr(predictor, "variables", None) or ("params", "tokens"))
    names = ("tokens",) if declared == ("*",) else tuple(c for name in declared for c in _OPEN.get(str(name), (str(name),)))
    X = pd.DataFrame({name: _column(name, n + 4, rng) for name in names})
    mixture = [c for c in names if c.startswith(MIXTURE)]
    X[mixture] = X[mixture].div(X[mixture].sum(axis=1), axis=0)
    numbers = [c for c in names if c not in ("run", "curve")]
    X[numbers] = X[numbers].sort_values(numbers[0]).to_numpy()
    level = np.log(X[numbers].to_numpy(float).clip(1e-6)).mean(axis=1)
    y = (0.3 + 0.5 * np.exp(-0.2 * (level - level.min()))) * np.exp(rng.normal(0, 0.01, n + 4))
    return X.iloc[:n], y[:n], X.iloc[n:].reset_index(drop=True)


def _column(name: str, n: int, rng: np.random.Generator) -> Any:
    if name in ("run", "curve"):
        return [f"{name}-{i % 3}" for i in range(n)]
    low, high = _RANGES.get(name, (0.05, 0.95) if family_of(name) else (1.0, 1e3))
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def _on_task(make: Callable[[], Any], X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame) -> Iterator[str]:
    before, y_before = X.copy(), y.copy()
    start = time.perf_counter()
    try:
        model = make()
        fitted = model.fit(X, y)
        p = model.predict(X_test)
    except Exception as error:
        yield f"fit and predict: {_line(error)}"
        return
    seconds = time.perf_counter() - start
    if fitted is not model:
        yield f"fit: expected to return self, got {type(fitted).__name__}"
    if not X.equals(before) or not np.array_equal(y, y_before):
        yield "fit: changes X or y; work on a copy"
    yield from _predictions(p, len(X_test))
    yield from _quantiles(model, X_test)
    if seconds > _SLOW:
        yield f"fit: took {seconds:.0f} s on {len(X)} rows; a task has {TIME_LIMIT:.0f} s for all of its fits"
    again = _safely(lambda: make().fit(X.copy(), y).predict(X_test))
    if not _same(p, again):
        yield "fit: two fits to the same rows predict differently; fix the seed"
    turned = _safely(lambda: model.predict(X_test[list(X_test)[::-1]]))
    if not _same(p, turned):
        yield "predict: depends on the order of the columns; read them by name"


def _safely(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception:
        return None


def _same(p: Any, other: Any) -> bool:
    try:
        return bool(np.allclose(np.ravel(p).astype(float), np.ravel(other).astype(float), rtol=1e-6, equal_nan=True))
    except (TypeError, ValueError):
        return False


def _predictions(p: Any, n: int) -> Iterator[str]:
    try:
        values = np.asarray(p, float)
    except (TypeError, ValueError):
        yield f"predict: expected {n} numbers, got {type(p).__name__}"
        return
    if values.shape not in ((n,), (n, 1)):
        yield f"predict: expected shape ({n},), got {values.shape}"
    elif not np.isfinite(values).all():
        yield f"predict: {int((~np.isfinite(values)).sum())} of {n} values are NaN or infinite"


def _quantiles(model: Any, X: pd.DataFrame) -> Iterator[str]:
    if not hasattr(model, "predict_quantiles"):
        return
    levels = [0.1, 0.5, 0.9]
    try:
        q = np.asarray(model.predict_quantiles(X, levels), float)
    except Exception as error:
        yield f"predict_quantiles: {_line(error)}"
        return
    if q.shape != (len(X), 3):
        yield f"predict_quantiles: expected shape ({len(X)}, 3) for three levels, got {q.shape}"
    elif not (np.isfinite(q).all() and (np.diff(q, axis=1) >= 0).all()):
        yield "predict_quantiles: not finite, or not increasing in the level"


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
