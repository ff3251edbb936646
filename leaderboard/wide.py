"""The score table as arrays, predictors x tasks: what rankings compute on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import COLUMNS

__all__ = ["Wide", "counted"]

_NUMBERS = tuple(c.name for c in COLUMNS if c.kind != "text")


def counted(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the tasks that count, in order, each with its weight and its cluster."""
    weighed = tasks.assign(weight=tasks.get("weight", 1.0), cluster=tasks.get("cluster", tasks["collection"]))
    return weighed[weighed["weight"] > 0].sort_values("task", ignore_index=True)


class _About(NamedTuple):
    tasks: np.ndarray
    collections: np.ndarray
    clusters: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Wide:
    """Scores on the tasks that count.

    Attributes
    ----------
    predictors, families : ndarray of str
        Who entered any of them, by name, and the family of each.
    about : _About
        Name, collection, cluster and weight of each task.
    columns : mapping of str to ndarray
        Every column of numbers, of more predictors and tasks than these.
    rows, places : ndarray of int
        Which of them are these.
    """

    predictors: np.ndarray
    families: np.ndarray
    about: _About
    columns: Mapping[str, np.ndarray]
    rows: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, scores: pd.DataFrame, tasks: pd.DataFrame) -> Wide:
        """Return the scores of the tasks that count as arrays."""
        tasks = counted(tasks)
        place = pd.Index(tasks["task"]).get_indexer(scores["task"])
        here = place >= 0
        names, of, families = (scores[c].to_numpy(object)[here] for c in ("predictor", "predictor", "family"))
        predictors, first, row = np.unique(names.astype(str), return_index=True, return_inverse=True)
        columns = {}
        for name in (name for name in _NUMBERS if name in scores):
            columns[name] = np.full((len(predictors), len(tasks)), np.nan)
            columns[name][row, place[here]] = scores[name].to_numpy(float)[here]
        named = [tasks[c].to_numpy(object) for c in ("task", "collection", "cluster")]
        about = _About(named[0], named[1], named[2], tasks["weight"].to_numpy(float))
        return cls(of[first], families[first], about, columns, np.arange(len(predictors)), np.arange(len(tasks)))

    def on(self, tasks: Collection[str]) -> Wide:
        """Return the columns of these tasks, and the predictors that entered any of them."""
        chosen = set(tasks)
        place = np.flatnonzero([name in chosen for name in self.tasks])
        row = np.flatnonzero(self.entered[:, place].any(axis=1))
        about = _About(*(array[place] for array in (self.tasks, self.collections, self.clusters, self.weight)))
        return Wide(self.predictors[row], self.families[row], about, self.columns, self.rows[row], self.places[place])

    def among(self, predictors: Collection[str]) -> Wide:
        """Return the rows of these predictors."""
        chosen = set(predictors)
        row = np.flatnonzero([name in chosen for name in self.predictors])
        return Wide(self.predictors[row], self.families[row], self.about, self.columns, self.rows[row], self.places)

    def __getitem__(self, column: str) -> np.ndarray:
        values: np.ndarray = self.columns[column][np.ix_(self.rows, self.places)]
        return values

    @property
    def tasks(self) -> np.ndarray:
        """Name of each task."""
        return self.about.tasks

    @property
    def collections(self) -> np.ndarray:
        """Collection of each task."""
        return self.about.collections

    @property
    def clusters(self) -> np.ndarray:
        """Cluster of each task."""
        return self.about.clusters

    @property
    def weight(self) -> np.ndarray:
        """Weight of each task."""
        return self.about.weight

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
        """How many clusters the tasks are of."""
        return len(set(self.clusters))

    def by_cluster(self, values: np.ndarray) -> tuple[np.ndarray, pd.Series]:
        """Return weighted sums of values over the tasks of each cluster, shape (n_predictors, n_clusters), and the weights' own sums."""
        sums = pd.DataFrame((values * self.weight).T).groupby(self.clusters).sum()
        return sums.to_numpy(float).T, pd.Series(self.weight).groupby(self.clusters).sum()

    def mean(self, column: str) -> np.ndarray:
        """Return each predictor's mean over the tasks of which it has a value."""
        values = pd.Series(self[column][self.entered]).groupby(np.repeat(np.arange(len(self.predictors)), self.entered.sum(axis=1)))
        return values.mean().to_numpy()

    def weighted_mean(self, values: np.ndarray) -> np.ndarray:
        """Return each predictor's mean over the tasks of which it has a value, by their weights; missing where there is none."""
        known = ~np.isnan(values) * self.weight
        with np.errstate(invalid="ignore"):
            mean: np.ndarray = (np.nan_to_num(values) * known).sum(axis=1) / known.sum(axis=1)
        return mean

    def median(self, column: str) -> np.ndarray:
        """Return each predictor's median over the tasks of which it has a value; missing where there is none."""
        values = np.sort(self[column], axis=1)  # NaN last; numpy's nanmedian is ten times slower
        known = (~np.isnan(values)).sum(axis=1)
        at = np.arange(len(values))
        middle: np.ndarray = (values[at, np.maximum(known - 1, 0) // 2] + values[at, np.minimum(known // 2, values.shape[1] - 1)]) / 2.0
        return np.where(known > 0, middle, np.nan)
