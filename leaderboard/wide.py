"""The score table as arrays, predictors x tasks: what rankings compute on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from benchmark.scores.table import COLUMNS

__all__ = ["Wide", "counted"]

_NUMBERS = tuple(c.name for c in COLUMNS if c.kind != "text")


def counted(tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the tasks that count, in order, each with its weight and its cluster."""
    weighed = tasks.assign(weight=tasks.get("weight", 1.0), cluster=tasks.get("cluster", tasks["collection"]))
    return weighed[weighed["weight"] > 0].sort_values("task", ignore_index=True)


@dataclass(frozen=True, eq=False)
class Wide:
    """Scores on the tasks that count.

    Attributes
    ----------
    predictors : Index
        Who entered any of them, by name.
    families : ndarray of str
        Family of each predictor.
    tasks : DataFrame
        The tasks, see `counted`.
    arrays : mapping of str to ndarray
        Every column of numbers, shape (n_predictors, n_tasks), NaN where a predictor did not enter.
    """

    predictors: pd.Index
    families: np.ndarray
    tasks: pd.DataFrame
    arrays: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, scores: pd.DataFrame, tasks: pd.DataFrame) -> Wide:
        """Return the scores of the tasks that count as arrays."""
        tasks = counted(tasks)
        column = pd.Index(tasks["task"]).get_indexer(scores["task"])
        scores, column = scores[column >= 0], column[column >= 0]
        first = scores.drop_duplicates("predictor").sort_values("predictor")
        predictors = pd.Index(first["predictor"], name="predictor")
        row = predictors.get_indexer(scores["predictor"])
        arrays = {}
        for name in (name for name in _NUMBERS if name in scores):
            arrays[name] = np.full((len(predictors), len(tasks)), np.nan)
            arrays[name][row, column] = scores[name].to_numpy(float)
        return cls(predictors, first["family"].to_numpy(), tasks, arrays)

    def on(self, tasks: Collection[str]) -> Wide:
        """Return the columns of these tasks, and the predictors that entered any of them."""
        column = self.tasks["task"].isin(tasks).to_numpy()
        row = self.entered[:, column].any(axis=1)
        arrays = {name: array[np.ix_(row, column)] for name, array in self.arrays.items()}
        return Wide(self.predictors[row], self.families[row], self.tasks[column].reset_index(drop=True), arrays)

    def among(self, predictors: Collection[str]) -> Wide:
        """Return the rows of these predictors."""
        row = self.predictors.isin(predictors)
        arrays = {name: array[row] for name, array in self.arrays.items()}
        return replace(self, predictors=self.predictors[row], families=self.families[row], arrays=arrays)

    def __getitem__(self, column: str) -> np.ndarray:
        return self.arrays[column]

    def frame(self, values: np.ndarray) -> pd.DataFrame:
        """Return values of predictors x tasks with their names."""
        return pd.DataFrame(values, index=self.predictors, columns=self.tasks["task"])

    @cached_property
    def weight(self) -> np.ndarray:
        """Weight of each task."""
        return self.tasks["weight"].to_numpy(float)

    @cached_property
    def entered(self) -> np.ndarray:
        """Whether each predictor entered each task."""
        return ~np.isnan(self["ratio"])

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

    def by_cluster(self, values: np.ndarray) -> tuple[np.ndarray, pd.Series]:
        """Return weighted sums of values over the tasks of each cluster, shape (n_predictors, n_clusters), and the weights' own sums."""
        sums = self.frame(values * self.weight).T.groupby(self.tasks["cluster"].to_numpy()).sum().T.to_numpy(float)
        return sums, self.tasks.groupby("cluster")["weight"].sum()

    def mean(self, column: str) -> np.ndarray:
        """Return each predictor's mean over the tasks of which it has a value."""
        values = pd.Series(self[column][self.entered]).groupby(np.repeat(np.arange(len(self.predictors)), self.entered.sum(axis=1)))
        return values.mean().to_numpy()

    def median(self, column: str) -> np.ndarray:
        """Return each predictor's median over the tasks of which it has a value; missing where there is none."""
        values = self[column]
        found = np.full(len(values), np.nan)
        known = ~np.isnan(values).all(axis=1)
        if known.any():
            found[known] = np.nanmedian(values[known], axis=1)
        return found
