"""The score table as arrays, predictors x tasks, and skill, which aggregates the error ratios of tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import COLUMNS

__all__ = ["PERCENTILES", "ScoreMatrix", "cluster_draws", "skill"]

PERCENTILES = (2.5, 97.5)
"""Percentiles of the resamples that are the ends of an interval."""
_NUMBERS = tuple(c.name for c in COLUMNS if c.kind != "text")


def skill(log_ratio: np.ndarray, weight: np.ndarray, over: Literal["all", "entered"] = "all") -> np.ndarray:
    r"""Return the skill of every predictor: 1 minus the weighted geometric mean of error over the reference's error.

    .. math:: s = 1 - \exp \frac{\sum_t w_t \log r_t}{\sum_t w_t}

    Every skill of the project is computed here: of boards and their intervals, slices, specialised laws, the continuous ranked
    probability score, and of the tuning tasks, which choose the heads of families.

    Parameters
    ----------
    log_ratio : ndarray, shape (n_predictors, n_tasks)
        Logarithm of each ratio; NaN where a predictor did not enter.
    weight : ndarray, shape (n_tasks,) or (n_resamples, n_tasks)
        Weight of each task.
    over : {"all", "entered"}
        Whether a task that was not entered is imputed as the reference's, or left out.

    Returns
    -------
    ndarray, shape (n_predictors,) or (n_predictors, n_resamples)
        NaN for a predictor that entered none of the counted tasks.
    """
    entered = np.ones_like(log_ratio) if over == "all" else (~np.isnan(log_ratio)).astype(float)
    with np.errstate(invalid="ignore"):
        mean = _weighted_sum(np.nan_to_num(log_ratio), weight) / _weighted_sum(entered, weight)
    skills: np.ndarray = 1.0 - np.exp(mean)
    return skills


def cluster_draws(n: int, n_resamples: int = 1000, seed: int = 0) -> np.ndarray | None:
    """Return how often each cluster is drawn, shape (n_resamples, n_clusters); None for a single cluster."""
    if n < 2:
        return None
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_resamples).astype(float)


def _weighted_sum(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # not a matrix product for one weight per task: its rounding of equal rows depends on their position
    summed: np.ndarray = (values * weight).sum(axis=1) if weight.ndim == 1 else values @ weight.T
    return summed


@dataclass(frozen=True, eq=False)
class ScoreMatrix:
    """Scores on the tasks with a weight.

    Attributes
    ----------
    predictors, families : ndarray of str
        The predictors that entered any of the tasks, by name, and the family of each.
    tasks, collections, clusters : ndarray of str
        Name of each task, its collection and its cluster.
    weight : ndarray
        Weight of each task.
    columns : mapping of str to ndarray
        Every numeric column, of all predictors and tasks.
    rows, places : ndarray of int
        Indices of the predictors and tasks of this matrix in `columns`.
    """

    predictors: np.ndarray
    families: np.ndarray
    tasks: np.ndarray
    collections: np.ndarray
    clusters: np.ndarray
    weight: np.ndarray
    columns: Mapping[str, np.ndarray]
    rows: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, scores: pd.DataFrame, tasks: pd.DataFrame) -> ScoreMatrix:
        """Return scores as arrays.

        Parameters
        ----------
        scores : DataFrame
            As described in `scalingbench.benchmark.scores.table`.
        tasks : DataFrame
            Columns task, collection, cluster and weight; tasks of weight 0 are left out.
        """
        tasks = tasks[tasks["weight"] > 0].sort_values("task", ignore_index=True)
        place = pd.Index(tasks["task"]).get_indexer(scores["task"])
        here = place >= 0
        names, of, families = (scores[c].to_numpy(object)[here] for c in ("predictor", "predictor", "family"))
        predictors, first, row = np.unique(names.astype(str), return_index=True, return_inverse=True)
        columns = {}
        for name in (name for name in _NUMBERS if name in scores):
            columns[name] = np.full((len(predictors), len(tasks)), np.nan)
            columns[name][row, place[here]] = scores[name].to_numpy(float)[here]
        named = [tasks[c].to_numpy(object) for c in ("task", "collection", "cluster")]
        weight, rows, places = tasks["weight"].to_numpy(float), np.arange(len(predictors)), np.arange(len(tasks))
        return cls(of[first], families[first], named[0], named[1], named[2], weight, columns, rows, places)

    def on(self, tasks: Collection[str]) -> ScoreMatrix:
        """Return the columns of these tasks, and the predictors that entered any of them."""
        chosen = set(tasks)
        place = np.flatnonzero([name in chosen for name in self.tasks])
        row = np.flatnonzero(self.entered[:, place].any(axis=1))
        of_tasks = {name: getattr(self, name)[place] for name in ("tasks", "collections", "clusters", "weight", "places")}
        return replace(self._rows(row), **of_tasks)

    def among(self, predictors: Collection[str]) -> ScoreMatrix:
        """Return the rows of these predictors."""
        chosen = set(predictors)
        return self._rows(np.flatnonzero([name in chosen for name in self.predictors]))

    def common(self, predictors: Collection[str]) -> ScoreMatrix:
        """Return the rows of these predictors on the tasks that all of them entered."""
        among = self.among(predictors)
        return among.on(among.tasks[among.entered.all(axis=0)])

    def _rows(self, row: np.ndarray) -> ScoreMatrix:
        return replace(self, predictors=self.predictors[row], families=self.families[row], rows=self.rows[row])

    def __getitem__(self, column: str) -> np.ndarray:
        values: np.ndarray = self.columns[column][np.ix_(self.rows, self.places)]
        return values

    def place_of(self, predictor: str) -> int:
        """Return the row of a predictor.

        Raises
        ------
        KeyError
            If it entered none of the tasks.
        """
        found = np.flatnonzero(self.predictors == predictor)
        if not len(found):
            raise KeyError(predictor)
        return int(found[0])

    @cached_property
    def log_ratio(self) -> np.ndarray:
        """Logarithm of each error over the reference's; NaN where not entered."""
        ratio: np.ndarray = np.log(self["ratio"])
        return ratio

    @cached_property
    def entered(self) -> np.ndarray:
        """Whether each predictor entered each task."""
        entered: np.ndarray = ~np.isnan(self["ratio"])
        return entered

    @cached_property
    def failed(self) -> np.ndarray:
        """Whether every fit failed."""
        failed: np.ndarray = self["failed"] >= self["folds"]  # NaN compares as False
        return failed

    @cached_property
    def share_entered(self) -> np.ndarray:
        """Share of the weight that each predictor entered, to twelve digits."""
        share: np.ndarray = np.round(self.entered @ self.weight / self.weight.sum(), 12)
        return share

    @cached_property
    def n_clusters(self) -> int:
        """Number of clusters of the tasks."""
        return len(set(self.clusters))

    @cached_property
    def cluster_of_task(self) -> np.ndarray:
        """The index of each task's cluster in the sorted cluster names, shape (n_tasks,)."""
        numbers: np.ndarray = np.unique(self.clusters.astype(str), return_inverse=True)[1]
        return numbers

    def skill(self, over: Literal["all", "entered"] = "all") -> np.ndarray:
        """Return the skill of each predictor, shape (n_predictors,)."""
        return skill(self.log_ratio, self.weight, over)

    def cluster_means(self) -> pd.DataFrame:
        """Return the weighted mean log ratio of each predictor on the tasks of each cluster; a task not entered counts 0."""
        sums = pd.DataFrame((np.nan_to_num(self.log_ratio) * self.weight).T).groupby(self.clusters).sum()
        weight = pd.Series(self.weight).groupby(self.clusters).sum()
        return pd.DataFrame(sums.to_numpy(float).T / weight.to_numpy(), index=self.predictors, columns=weight.index)

    def weighted_mean(self, values: np.ndarray) -> np.ndarray:
        """Return each predictor's weighted mean over the tasks on which it has a value; NaN if there is none."""
        known = ~np.isnan(values) * self.weight
        with np.errstate(invalid="ignore"):
            mean: np.ndarray = (np.nan_to_num(values) * known).sum(axis=1) / known.sum(axis=1)
        return mean

    def median(self, column: str) -> np.ndarray:
        """Return each predictor's median over the tasks on which it has a value; NaN if there is none."""
        return self.median_of(self[column])

    def median_of(self, values: np.ndarray) -> np.ndarray:
        """Return each predictor's median of values of its tasks, NaN left out; NaN if there is none."""
        values = np.sort(values, axis=1)  # NaN last; numpy's nanmedian is ten times slower
        known = (~np.isnan(values)).sum(axis=1)
        at = np.arange(len(values))
        middle: np.ndarray = (values[at, np.maximum(known - 1, 0) // 2] + values[at, np.minimum(known // 2, values.shape[1] - 1)]) / 2.0
        return np.where(known > 0, middle, np.nan)
