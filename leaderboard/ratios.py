"""Ratios of the errors of two predictors, with intervals from a bootstrap over clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.common.tables import Table, Tabular, interval, number
from scalingbench.leaderboard.scores import PERCENTILES, ScoreMatrix, cluster_draws
from scalingbench.leaderboard.slices import in_order, slice_of

__all__ = ["ErrorRatio", "RatioBySlice", "error_ratio", "ratios_by_slice"]

DIGITS = 2


@dataclass(frozen=True)
class ErrorRatio:
    """The weighted geometric mean over tasks of one predictor's error over another's.

    Attributes
    ----------
    value : float
        The ratio; NaN without tasks.
    low, high : float
        Ends of its 95 % interval; NaN for a single cluster.
    n_tasks, n_clusters : int
        Numbers of tasks and clusters.
    """

    value: float
    low: float
    high: float
    n_tasks: int
    n_clusters: int

    @property
    def verdict(self) -> Literal["higher", "lower", "not distinguishable", "no interval"]:
        """How the error compares with the other's: by the interval, which holds 1 where the two are not distinguishable."""
        if np.isnan(self.low):
            return "no interval"
        if self.low <= 1.0 <= self.high:
            return "not distinguishable"
        return "higher" if self.value > 1.0 else "lower"

    @property
    def cells(self) -> tuple[str, str]:
        """The ratio and its interval as text."""
        return number(self.value, DIGITS), interval(self.low, self.high, DIGITS)


def error_ratio(scores: ScoreMatrix, one: str, other: str) -> ErrorRatio:
    """Return the ratio of the errors of two predictors on the tasks of the scores.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores; a task that one of them did not enter counts as the reference's, as for skill.
    one, other : str
        The predictor whose error is the numerator, and that of the denominator.
    """
    if not len(scores.tasks):
        return ErrorRatio(np.nan, np.nan, np.nan, 0, 0)
    logs = np.nan_to_num(scores.log_ratio)
    difference = logs[scores.place_of(one)] - logs[scores.place_of(other)]
    value = float(np.exp((difference * scores.weight).sum() / scores.weight.sum()))
    draws = cluster_draws(scores.n_clusters)
    low = high = float("nan")
    if draws is not None:
        weight = draws[:, scores.cluster_of_task] * scores.weight
        low, high = (float(v) for v in np.percentile(np.exp(weight @ difference / weight.sum(axis=1)), PERCENTILES))
    return ErrorRatio(value, low, high, len(scores.tasks), scores.n_clusters)


@dataclass(frozen=True, eq=False, repr=False)
class RatioBySlice(Tabular):
    """The ratio of the errors of two predictors on each slice of the tasks that both entered.

    Attributes
    ----------
    one, other : str
        The predictors of numerator and denominator.
    by : str
        Name of the slicing.
    ratios : dict of str to ErrorRatio
        By slice, and ``"all"`` last.
    """

    one: str
    other: str
    by: str
    ratios: dict[str, ErrorRatio]

    @property
    def rows(self) -> pd.DataFrame:  # type: ignore[override]
        """One row per slice."""
        found = {name: {"ratio": r.value, "low": r.low, "high": r.high} for name, r in self.ratios.items()}
        sizes = {name: {"tasks": r.n_tasks, "clusters": r.n_clusters, "error is": r.verdict} for name, r in self.ratios.items()}
        return pd.DataFrame({name: {**sizes[name], **found[name]} for name in found}).T.rename_axis(self.by)

    def table(self) -> Table:
        header = (self.by, "tasks", "clusters", "error ratio", "95 % interval", "error is")
        cells = [[name, str(r.n_tasks), str(r.n_clusters), *r.cells, r.verdict] for name, r in self.ratios.items()]
        note = f"Error of {self.one} over that of {self.other}, geometric mean over the tasks that both entered."
        return Table(header, cells, frozenset({0, 5}), note)

    def facts(self) -> dict[str, Any]:
        return {"one": self.one, "other": self.other, "by": self.by, "ratios": self.rows.to_dict("index")}


def ratios_by_slice(scores: ScoreMatrix, tasks: pd.DataFrame, by: str, one: str, other: str) -> RatioBySlice:
    """Return the ratio of the errors of two predictors on each slice.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores of both.
    tasks : DataFrame
        Descriptions of the tasks.
    by : str
        One of `scalingbench.leaderboard.slices.SLICES`.
    one, other : str
        The predictors of numerator and denominator.

    Raises
    ------
    LeaderboardError
        If they entered no task in common, or there is no such slicing.
    """
    common = scores.common([one, other])
    if not len(common.tasks) or len(common.predictors) < 2:
        raise LeaderboardError(f"predictors: {one!r} and {other!r} entered no task in common")
    slices = slice_of(tasks.set_index("task").loc[common.tasks], by)
    of = {name: error_ratio(common.on(slices.index[slices == name]), one, other) for name in in_order(slices, by)}
    return RatioBySlice(one, other, by, {**of, "all": error_ratio(common, one, other)})
