"""Back-tests: every candidate is fitted to the lower training rows of each division and predicts the upper ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from scalingbench.common.errors import PredictorError
from scalingbench.predictors.axes import ALL, INTERPOLATION, axes_of, groups_by_missing
from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.contract import columns_read, pools, positive_only
from scalingbench.predictors.registry import get, list_candidates

__all__ = ["Backtest", "CandidateFit", "CandidateFits", "DataSet", "candidates", "fit_candidates", "make_backtests"]

_CUTS = (0.5, 0.65, 0.8)
_FEWEST_VALUES = 4
_FEWEST_ROWS = 3
_FOLDS = 3


@dataclass(frozen=True)
class Backtest:
    """One division of the training rows.

    Attributes
    ----------
    axis : str
        A variable, `ALL` or `INTERPOLATION`.
    train, test : ndarray of int
        Positions of rows.
    """

    axis: str
    train: np.ndarray
    test: np.ndarray


def make_backtests(X: pd.DataFrame) -> list[Backtest]:
    """Divide training rows along every axis at several cuts, and once for interpolation.

    An axis with at least four distinct values is cut at a half, two thirds and four fifths of them: the rows below a cut are
    trained on, those above are predicted. For interpolation, three random parts (whole runs, where rows are steps of runs)
    are each predicted from the rest.
    """
    found = []
    for name, values in axes_of(X).items():
        distinct = np.unique(values)
        if len(distinct) < _FEWEST_VALUES:
            continue
        cuts = {int(np.clip(round(share * len(distinct)), 2, len(distinct) - 1)) for share in _CUTS}
        found += [_cut(name, values, distinct[cut - 1]) for cut in sorted(cuts)]
    return [b for b in (*found, *_parts(X)) if len(b.train) >= _FEWEST_ROWS and len(b.test)]


def _cut(name: str, values: np.ndarray, limit: float) -> Backtest:
    return Backtest(name, np.flatnonzero(values <= limit), np.flatnonzero(values > limit))


def _parts(X: pd.DataFrame) -> list[Backtest]:
    groups = pd.factorize(X["run"])[0] if "run" in X and X["run"].nunique() >= _FOLDS else np.arange(len(X))
    # in random parts: every third row of a sorted grid would be one level of it
    fold = np.random.default_rng(0).permutation(groups.max() + 1)[groups] % _FOLDS
    return [Backtest(INTERPOLATION, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(_FOLDS)]


_SMALLEST = 1e-12  # floor of predictions before a logarithm is taken


def candidates(X: pd.DataFrame, y: np.ndarray, without: Container[str] = ()) -> tuple[str, ...]:
    """Return the registered predictors that AutoLaw tries on a data set; where errors are equal, the earlier one ranks first.

    Each law declares its candidacy (`scalingbench.predictors.candidacy`); results play no role. Names in `without` are not tried.
    """
    columns, numeric, positive = [str(c) for c in X.columns], numeric_columns(X), bool((y > 0).all())
    found: list[tuple[int, str]] = []
    for entry in list_candidates():
        if entry.name in without:
            continue
        stated = entry.candidacy()
        if not isinstance(stated, Candidate) or not stated.admits(columns, len(numeric), len(y), float(np.max(y))):
            continue
        law = entry.make()
        if columns_read(getattr(law, "variables", None), columns, numeric) is not None and (positive or not positive_only(law)):
            found.append((stated.order, entry.name))
    return tuple(name for _, name in sorted(found, key=lambda item: item[0]))


@dataclass(frozen=True)
class DataSet:
    """Training rows and their back-tests.

    Attributes
    ----------
    X : DataFrame, shape (n, n_columns)
        Their inputs, numbered from 0.
    y : ndarray, shape (n,)
        Their values.
    log : bool
        Whether errors and means are of logarithms.
    backtests : tuple of Backtest
        The divisions.
    """

    X: pd.DataFrame
    y: np.ndarray
    log: bool
    backtests: tuple[Backtest, ...]

    @classmethod
    def of(cls, X: pd.DataFrame, y: np.ndarray, *, backtested: bool = True) -> DataSet:
        """Return training rows with their back-tests, or without any."""
        return cls(X, y, _on_log_scale(X, y), tuple(make_backtests(X)) if backtested else ())

    @property
    def scaled(self) -> np.ndarray:
        """The values on the scale that is averaged, shape (n,)."""
        return np.log(self.y) if self.log else self.y

    def residuals(self, model: Any, test: Backtest, X: pd.DataFrame) -> np.ndarray | None:
        """Return a model's errors on the upper rows (of X) of a back-test, on the scale that is averaged; None where it fails."""
        # rows of a run are predicted together, because some laws read its history
        whole = "run" in X
        predicted = _predicted(model, X if whole else X.iloc[test.test])
        if predicted is None:
            return None
        predicted = predicted[test.test] if whole else predicted
        if not np.isfinite(predicted).all():
            return None
        measured = self.y[test.test]
        found: np.ndarray = np.log(np.maximum(predicted, _SMALLEST)) - np.log(measured) if self.log else predicted - measured
        return found


@dataclass(frozen=True)
class CandidateFit:
    """One candidate on one data set.

    Attributes
    ----------
    model : fitted predictor or None
        Fitted to all rows; None where that failed.
    lower : tuple of fitted predictors or None
        Fitted to the lower rows of each back-test.
    residuals : tuple of ndarray or None
        Errors on the upper rows of each back-test, on the scale that is averaged; None where it failed.
    plain : bool
        Whether it has weight where no back-test is possible.
    """

    model: Any
    lower: tuple[Any, ...]
    residuals: tuple[np.ndarray | None, ...]
    plain: bool

    @cached_property
    def errors(self) -> tuple[float, ...]:
        """Root mean squared errors in the back-tests; infinite where it failed."""
        return tuple(root_mean_square(r) for r in self.residuals)


def root_mean_square(residuals: np.ndarray | None) -> float:
    """Return the root mean square, infinite where there are no residuals."""
    return float("inf") if residuals is None else float(np.sqrt(np.mean(residuals**2)))


@dataclass(frozen=True)
class CandidateFits:
    """All candidates on one data set."""

    data: DataSet
    by_name: Mapping[str, CandidateFit]

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
            Columns that held-out rows lack: the models of the lower rows then predict the upper ones without them.
        """
        found, chosen = self.all_errors(hidden), [i for i, test in enumerate(self.data.backtests) if test.axis == axis]
        return {name: [errors[i] for i in chosen] for name, errors in found.items()}

    def all_errors(self, hidden: Sequence[str] = ()) -> dict[str, tuple[float, ...]]:
        """Return each candidate's errors in all back-tests, in their order; `hidden` as in `errors`."""
        if not hidden:
            return {name: fit.errors for name, fit in self.by_name.items()}
        blind = self.data.X.assign(**dict.fromkeys(hidden, np.nan))
        return {
            name: tuple(
                root_mean_square(self.data.residuals(model, test, blind))
                for model, test in zip(fit.lower, self.data.backtests, strict=True)
            )
            for name, fit in self.by_name.items()
        }

    def predict(self, X: pd.DataFrame) -> dict[str, np.ndarray]:
        """Return what every candidate predicts, on the scale that is averaged, each of shape (len(X),); NaN where it cannot.

        A prediction depends on its own row alone, or on the rows of its run.

        Raises
        ------
        PredictorError
            If no candidate can predict a row.
        """
        found = self._values(X, {name: fit.model for name, fit in self.by_name.items() if fit.model is not None})
        if not found or not np.isfinite(np.stack(list(found.values()))).any(axis=0).all():
            raise PredictorError("no candidate can predict these rows")
        return found

    def _values(self, X: pd.DataFrame, models: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return what models predict, on the scale that is averaged, NaN where they cannot."""
        found = {name: np.full(len(X), np.nan) for name in models}
        for rows, hidden in groups_by_missing(self.data.X, X):
            part = X.iloc[rows].reset_index(drop=True)
            known = self.data.X.assign(**dict.fromkeys(hidden, np.nan)).head(1)
            for name, values in found.items():
                values[rows] = _predicted_apart(models[name], part, known)
        return {name: np.log(np.maximum(value, _SMALLEST)) if self.data.log else value for name, value in found.items()}


def _predicted_apart(model: Any, X: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Return predictions of shape (len(X),), row by row where a joint call fails; NaN where there is none.

    `known` is a training row without the same columns: a model that cannot predict it is not tried row by row.
    """
    together = _predicted(model, X)
    if together is not None:
        return np.where(np.isfinite(together), together, np.nan)
    values = np.full(len(X), np.nan)
    if _predicted(model, known) is None:
        return values
    runs = X.groupby(X["run"].to_numpy(), sort=False).indices.values() if "run" in X else np.arange(len(X))[:, None]
    for rows in map(np.asarray, runs):
        alone = _predicted(model, X.iloc[rows].reset_index(drop=True))
        if alone is not None:
            values[rows] = np.where(np.isfinite(alone), alone, np.nan)
    return values


def _predicted(model: Any, X: pd.DataFrame) -> np.ndarray | None:
    """Return predictions of shape (len(X),), or None where there are none."""
    if model is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            predicted = np.asarray(model.predict(X), float)
        except Exception:  # third-party code: a candidate that cannot predict these rows is excluded
            return None
    return predicted if predicted.shape == (len(X),) else None


def fit_candidates(
    data_sets: Sequence[DataSet],
    without: Container[str] = (),
    *,
    choose: Callable[..., tuple[str, ...]] | None = None,
    groups: Sequence[Hashable] | None = None,
) -> list[CandidateFits]:
    """Fit every candidate to every data set and all of its back-tests; laws of one form are fitted to all of them in one descent.

    `choose` returns the names that are tried from inputs and values; by default they are the `candidates` that are not in `without`.
    Data sets of one of the `groups` may share a prior; by default each stands alone.
    """
    groups = range(len(data_sets)) if groups is None else groups
    names = [choose(data.X, data.y) if choose else candidates(data.X, data.y, without) for data in data_sets]
    found: list[dict[str, CandidateFit]] = [{} for _ in data_sets]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in dict.fromkeys(name for group in names for name in group):
            takers = [k for k, group in enumerate(names) if name in group]
            for k, fit in zip(takers, _run(name, [data_sets[k] for k in takers], [groups[k] for k in takers]), strict=True):
                found[k][name] = fit
    return [CandidateFits(data, by_name) for data, by_name in zip(data_sets, found, strict=True)]


def _run(name: str, data_sets: Sequence[DataSet], groups: Sequence[Hashable]) -> Iterator[CandidateFit]:
    """Fit one candidate to every data set and its back-tests; one that pools shares a prior within a group."""
    frames, responses, heights = [], [], []
    for data, group in zip(data_sets, groups, strict=True):
        for height, rows in (("", np.arange(len(data.y))), *zip(_cut_keys(data), (test.train for test in data.backtests), strict=True)):
            frames.append(data.X.iloc[rows].reset_index(drop=True))
            responses.append(data.y[rows])
            # only fits to the same cut are pooled, so that no back-test trains on the rows that it predicts
            heights.append((group, height))
    entry = get(name)
    stated, models = entry.candidacy(), iter(_fit_all(entry.make(), frames, responses, heights))
    plain = isinstance(stated, Candidate) and stated.plain
    for data in data_sets:
        model, lower = next(models), tuple(next(models) for _ in data.backtests)
        residuals = tuple(data.residuals(part, test, data.X) for part, test in zip(lower, data.backtests, strict=True))
        yield CandidateFit(model, lower, residuals, plain)


def _cut_keys(data: DataSet) -> list[Hashable]:
    """Return for each back-test its axis and the number of higher ones on that axis."""
    axes = [test.axis for test in data.backtests]
    return [(axis, axes[i + 1 :].count(axis)) for i, axis in enumerate(axes)]


def _fit_all(law: Any, frames: list[pd.DataFrame], responses: list[np.ndarray], groups: Sequence[Hashable]) -> list[Any]:
    if hasattr(law, "fit_many"):
        pooled = {"groups": groups} if pools(law) else {}
        try:
            return list(law.fit_many(frames, responses, **pooled))
        except Exception:  # third-party code, or one bad data set: fit them one by one
            pass
    return [_fit_one(law, X, y) for X, y in zip(frames, responses, strict=True)]


def _fit_one(law: Any, X: pd.DataFrame, y: np.ndarray) -> Any:
    try:
        return clone(law).fit(X, y)
    except Exception:  # third-party code: a candidate that cannot be fitted is excluded
        return None


def _on_log_scale(X: pd.DataFrame, y: np.ndarray) -> bool:
    """Return whether values are averaged as logarithms: if positive, except shares that rise with scale (accuracies)."""
    if not (y > 0).all():
        return False
    axes = axes_of(X)
    if y.max() > 1.0 or not axes:
        return True
    scale = axes.get(ALL, next(iter(axes.values())))
    return bool(np.ptp(scale) <= 0 or np.corrcoef(pd.Series(scale).rank(), pd.Series(y).rank())[0, 1] <= 0)
