"""Ratios of the errors of two predictors, with intervals from a bootstrap over clusters and a signed-rank test over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.common.tables import Table, Tabular, interval, number
from scalingbench.leaderboard.scores import PERCENTILES, ScoreMatrix, cluster_draws
from scalingbench.leaderboard.slices import in_order, slice_of

__all__ = ["LEVEL", "ErrorRatio", "RatioBySlice", "error_ratio", "p_text", "ratios_by_slice", "signed_rank"]

DIGITS = 2
LEVEL = 0.05
"""Level of the tests."""


@dataclass(frozen=True)
class ErrorRatio:
    """The weighted geometric mean over tasks of one predictor's error over another's.

    Attributes
    ----------
    value : float
        The ratio; NaN without tasks.
    low, high : float
        Ends of its 95 % interval; NaN for a single cluster.
    p : float
        P-value of the signed-rank test over clusters.
    n_tasks, n_clusters : int
        Numbers of tasks and clusters.
    """

    value: float
    low: float
    high: float
    p: float
    n_tasks: int
    n_clusters: int

    @property
    def verdict(self) -> Literal["higher", "lower", "not distinguishable", "no interval"]:
        """How the error compares with the other's. They differ if the interval excludes 1 and the test finds a difference at 5 %.

        Neither is enough alone: intervals from few clusters are too narrow, and the test does not see the size of a difference.
        """
        if np.isnan(self.low):
            return "no interval"
        if self.low <= 1.0 <= self.high or self.p >= LEVEL:
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
        return ErrorRatio(np.nan, np.nan, np.nan, np.nan, 0, 0)
    logs = np.nan_to_num(scores.log_ratio)
    difference = logs[scores.place_of(one)] - logs[scores.place_of(other)]
    value = float(np.exp((difference * scores.weight).sum() / scores.weight.sum()))
    draws = cluster_draws(scores.n_clusters)
    low = high = float("nan")
    if draws is not None:
        weight = draws[:, scores.cluster_of_task] * scores.weight
        low, high = (float(v) for v in np.percentile(np.exp(weight @ difference / weight.sum(axis=1)), PERCENTILES))
    means = scores.cluster_means()
    p = signed_rank(means.loc[one].to_numpy(), means.loc[other].to_numpy())
    return ErrorRatio(value, low, high, p, len(scores.tasks), scores.n_clusters)


def p_text(p: float) -> str:
    """Return a p-value as text."""
    return "<0.001" if p < 0.0005 else number(p, 3)


def signed_rank(one: np.ndarray, other: np.ndarray) -> float:
    """Return the p-value of Wilcoxon's signed-rank test; 1 if no pair of values differs."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(one, other).pvalue) if np.any(one != other) else 1.0


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
        found = {name: {"ratio": r.value, "low": r.low, "high": r.high, "p": r.p} for name, r in self.ratios.items()}
        sizes = {name: {"tasks": r.n_tasks, "clusters": r.n_clusters, "error is": r.verdict} for name, r in self.ratios.items()}
        return pd.DataFrame({name: {**sizes[name], **found[name]} for name in found}).T.rename_axis(self.by)

    def table(self) -> Table:
        header = (self.by, "tasks", "clusters", "error ratio", "95 % interval", "p", "error is")
        cells = [[name, str(r.n_tasks), str(r.n_clusters), *r.cells, p_text(r.p), r.verdict] for name, r in self.ratios.items()]
        ratio = f"Error of {self.one} over that of {self.other}, geometric mean over the tasks that both entered"
        note = f"{ratio}; p: Wilcoxon signed-rank test over clusters."
        return Table(header, cells, frozenset({0, 6}), note)

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
