"""Candidates on trial: each is fitted to all training rows, and to the lower rows of every back-test, whose upper rows it predicts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from predictors.backtests import ALL, Backtest, axes_of, make_backtests
from predictors.candidacy import Candidate
from predictors.columns import numeric_columns
from predictors.contract import columns_read, positive_only
from predictors.registry import get, list_predictors
from scalingbench.common.errors import PredictorError

__all__ = ["DataSet", "Trial", "Trials", "candidates", "hold_trials"]

_SMALLEST = 1e-12  # predictions below this count as this where a logarithm is taken


def candidates(X: pd.DataFrame, y: np.ndarray) -> tuple[str, ...]:
    """Return the names of the registered predictors that AutoLaw tries on a data set, those first that go first where errors are equal.

    They say so themselves (`predictors.candidacy`); nothing here depends on results.
    """
    columns, numeric, positive = [str(c) for c in X.columns], numeric_columns(X), bool((y > 0).all())
    found: list[tuple[int, str]] = []
    for entry in list_predictors():
        stated = entry.candidacy()
        if not isinstance(stated, Candidate) or not stated.admits(columns, len(numeric), len(y), float(np.max(y))):
            continue
        law = entry.make()
        if columns_read(getattr(law, "variables", None), columns, numeric) is not None and (positive or not positive_only(law)):
            found.append((stated.order, entry.name))
    return tuple(name for _, name in sorted(found, key=lambda item: item[0]))


@dataclass(frozen=True)
class DataSet:
    """Training rows and how they are divided.

    Attributes
    ----------
    X : DataFrame, shape (n, n_columns)
        Their inputs, numbered from 0.
    y : ndarray, shape (n,)
        Their values.
    log : bool
        Whether errors and means are taken of logarithms.
    backtests : tuple of Backtest
        The divisions.
    """

    X: pd.DataFrame
    y: np.ndarray
    log: bool
    backtests: tuple[Backtest, ...]

    @classmethod
    def of(cls, X: pd.DataFrame, y: np.ndarray) -> DataSet:
        """Return training rows with their back-tests."""
        return cls(X, y, _on_log_scale(X, y), tuple(make_backtests(X)))

    @property
    def scaled(self) -> np.ndarray:
        """The values on the scale that is averaged, shape (n,)."""
        return np.log(self.y) if self.log else self.y

    def error(self, model: Any, test: Backtest, X: pd.DataFrame) -> float:
        """Return a model's root mean squared error on the upper rows of a back-test, taken from X; infinite where it fails."""
        # rows of a run are handed over together, because some laws read the history of a run
        whole = "run" in X
        predicted = _predicted(model, X if whole else X.iloc[test.test])
        if predicted is None:
            return float("inf")
        predicted = predicted[test.test] if whole else predicted
        if not np.isfinite(predicted).all():
            return float("inf")
        measured = self.y[test.test]
        residual = np.log(np.maximum(predicted, _SMALLEST)) - np.log(measured) if self.log else predicted - measured
        return float(np.sqrt(np.mean(residual**2)))


@dataclass(frozen=True)
class Trial:
    """One candidate on one data set.

    Attributes
    ----------
    model : fitted predictor or None
        Fitted to all rows; None where that failed.
    lower : tuple of fitted predictors or None
        Fitted to the lower rows of each back-test; empty where there is one column, which cannot go missing.
    errors : tuple of float
        On the upper rows of each back-test.
    plain : bool
        Whether it shares the weight where nothing could be back-tested.
    """

    model: Any
    lower: tuple[Any, ...]
    errors: tuple[float, ...]
    plain: bool


@dataclass(frozen=True)
class Trials:
    """What became of all candidates on one data set."""

    data: DataSet
    by_name: Mapping[str, Trial]

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes that were back-tested."""
        return tuple(dict.fromkeys(test.axis for test in self.data.backtests))

    def errors(self, axis: str, hidden: Sequence[str] = ()) -> dict[str, list[float]]:
        """Return each candidate's errors in the back-tests of an axis, from the lowest up.

        Parameters
        ----------
        axis : str
            One of `axes`.
        hidden : sequence of str
            Columns that held-out rows lack: the upper rows are predicted again without them, by what was fitted to the lower rows.
        """
        chosen = [(i, test) for i, test in enumerate(self.data.backtests) if test.axis == axis]
        if not hidden:
            return {name: [trial.errors[i] for i, _ in chosen] for name, trial in self.by_name.items()}
        blind = self.data.X.assign(**dict.fromkeys(hidden, np.nan))
        return {
            name: [self.data.error(trial.lower[i], test, blind) if trial.lower else trial.errors[i] for i, test in chosen]
            for name, trial in self.by_name.items()
        }

    def predict(self, X: pd.DataFrame) -> dict[str, np.ndarray]:
        """Return what every candidate that can predicts, on the scale that is averaged, each of shape (len(X),).

        Raises
        ------
        PredictorError
            If none can.
        """
        values = {name: _predicted(trial.model, X) for name, trial in self.by_name.items()}
        found = {name: value for name, value in values.items() if value is not None and np.isfinite(value).all()}
        if not found:
            raise PredictorError("no candidate can predict these rows")
        return {name: np.log(np.maximum(value, _SMALLEST)) if self.data.log else value for name, value in found.items()}


def _predicted(model: Any, X: pd.DataFrame) -> np.ndarray | None:
    """Return predictions of shape (len(X),), or None where there are none."""
    if model is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            predicted = np.asarray(model.predict(X), float)
        except Exception:  # a candidate is anyone's code: one that cannot predict these rows does not take part
            return None
    return predicted if predicted.shape == (len(X),) else None


def hold_trials(data_sets: Sequence[DataSet]) -> list[Trials]:
    """Fit every candidate to every data set and all of its back-tests; laws of one form are fitted to all of them in one descent."""
    names = [candidates(data.X, data.y) for data in data_sets]
    found: list[dict[str, Trial]] = [{} for _ in data_sets]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in dict.fromkeys(name for group in names for name in group):
            takers = [k for k, group in enumerate(names) if name in group]
            for k, trial in zip(takers, _run(name, [data_sets[k] for k in takers]), strict=True):
                found[k][name] = trial
    return [Trials(data, by_name) for data, by_name in zip(data_sets, found, strict=True)]


def _run(name: str, data_sets: Sequence[DataSet]) -> Iterator[Trial]:
    """Put one candidate on trial on every data set."""
    frames, responses = [], []
    for data in data_sets:
        for rows in (np.arange(len(data.y)), *(test.train for test in data.backtests)):
            frames.append(data.X.iloc[rows].reset_index(drop=True))
            responses.append(data.y[rows])
    entry = get(name)
    stated, models = entry.candidacy(), iter(_fit_all(entry.make(), frames, responses))
    plain = isinstance(stated, Candidate) and stated.plain
    for data in data_sets:
        model, lower = next(models), tuple(next(models) for _ in data.backtests)
        errors = tuple(data.error(part, test, data.X) for part, test in zip(lower, data.backtests, strict=True))
        yield Trial(model, lower if len(numeric_columns(data.X)) > 1 else (), errors, plain)


def _fit_all(law: Any, frames: list[pd.DataFrame], responses: list[np.ndarray]) -> list[Any]:
    if hasattr(law, "fit_many"):
        try:
            return list(law.fit_many(frames, responses))
        except Exception:  # a candidate is anyone's code, and one data set may be bad: find out which
            pass
    return [_fit_one(law, X, y) for X, y in zip(frames, responses, strict=True)]


def _fit_one(law: Any, X: pd.DataFrame, y: np.ndarray) -> Any:
    try:
        return clone(law).fit(X, y)
    except Exception:  # a candidate is anyone's code: one that cannot be fitted does not take part
        return None


def _on_log_scale(X: pd.DataFrame, y: np.ndarray) -> bool:
    """Return whether values are averaged as logarithms: positive ones, but for shares that rise with scale (accuracies)."""
    if not (y > 0).all():
        return False
    axes = axes_of(X)
    if y.max() > 1.0 or not axes:
        return True
    scale = axes.get(ALL, next(iter(axes.values())))
    return bool(np.ptp(scale) <= 0 or np.corrcoef(pd.Series(scale).rank(), pd.Series(y).rank())[0, 1] <= 0)
