"""Skill, or quality of intervals, on slices of the suite: by track, domain, metric, reach, share of compute, rows, noise, date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.common.tables import Table, Tabular, number
from scalingbench.leaderboard.ranking import crps_skill
from scalingbench.leaderboard.scores import ScoreMatrix

__all__ = ["SLICES", "SkillBySlice", "What", "in_order", "slice_of", "slices_of"]

What = Literal["skill", "coverage", "crps", "mape", "noise"]
"""The number of a slice: skill, coverage of the 80 % interval, skill by the continuous ranked probability score, relative error in %,
or error over the deviation between repeated runs."""


def _bins(
    column: str, limits: tuple[float, ...], labels: tuple[str, ...], missing: str = "not stated", *, edge: Literal["left", "right"] = "left"
) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a function that bins tasks; a value on a limit is in the bin below it, or above if the edge is ``"right"``."""

    def of(tasks: pd.DataFrame) -> pd.Series:
        values = tasks[column].astype(float)
        return pd.Series(np.asarray(labels)[np.searchsorted(limits, values, side=edge)], index=tasks.index).where(values.notna(), missing)

    return of


_FACTORS = ("none", "up to 4x", "4x to 16x", "over 16x")
_REACHES = ("within 3x", "3x to 10x", "10x to 100x", "beyond 100x")
_SHARES = ("up to 10 %", "10 to 50 %", "over 50 %")
_ROWS = ("up to 10", "11 to 100", "over 100")
_ORDERS = {"extrapolation": _FACTORS, "reach": _REACHES, "compute-share": _SHARES, "rows": _ROWS}
SLICES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "track": lambda tasks: tasks["track"],
    "domain": lambda tasks: tasks["domain"],
    "metric": lambda tasks: tasks["metric"],
    "extrapolation": _bins("far", (1.0, 4.0, 16.0), _FACTORS),
    "compute-share": _bins("compute_share", (0.1, 0.5), _SHARES),
    "rows": _bins("rows_per_fit", (10.0, 100.0), _ROWS),
    "noise": _bins("noise", (0.003,), ("up to 0.3 %", "over 0.3 %"), missing="not measured"),
    "reach": _bins("far", (3.0, 10.0, 100.0), _REACHES, edge="right"),
    "published": lambda tasks: tasks["published"].str[:4].fillna("not stated"),
    "kind": lambda tasks: tasks["kind"],
    "tier": lambda tasks: tasks["tier"],
}
"""Ways to slice a suite; each function returns the slice of every task in the task table."""


@dataclass(frozen=True, eq=False, repr=False)
class SkillBySlice(Tabular):
    """Skill, coverage, skill by CRPS or relative error on each slice of a suite.

    Attributes
    ----------
    by : str
        Name of the slicing, one of `SLICES`.
    rows : DataFrame
        Predictors x slices; NaN if a predictor entered none of a slice's tasks, or has no intervals there.
    counts : Series
        Number of tasks of each slice.
    clusters : Series
        Number of clusters of each slice.
    what : {"skill", "coverage", "crps", "mape", "noise"}
        Kind of the numbers.
    """

    by: str
    rows: pd.DataFrame
    counts: pd.Series
    clusters: pd.Series
    what: What = "skill"

    def of(self, predictors: pd.Series) -> SkillBySlice:
        """Return the rows of the given predictors, in their order."""
        return replace(self, rows=self.rows.reindex(predictors).rename_axis("predictor"))

    def table(self) -> Table:
        header = ["predictor", *(f"{name} ({self._size(str(name))})" for name in self.counts.index)]
        digits = 1 if self.what in ("mape", "noise") else 3
        cells = [[str(name), *(number(v, digits) for v in row)] for name, row in zip(self.rows.index, self.rows.to_numpy(), strict=True)]
        return Table(header, cells, note=self._note(), compact=True)

    def _size(self, name: str) -> str:
        return f"{self.counts[name]} tasks, {self.clusters[name]} clusters"

    def _note(self) -> str:
        absent = _ABSENT.get(self.what, "no task entered")
        return f"{_TITLES[self.what]} by {self.by}; numbers of tasks and clusters in brackets; '-' means {absent}."

    def facts(self) -> dict[str, Any]:
        return {"by": self.by, "tasks": self.counts.to_dict(), "clusters": self.clusters.to_dict(), self.what: self.rows.to_dict("index")}

    def __repr__(self) -> str:
        what = "" if self.what == "skill" else f"{self.what} "
        return f"SkillBySlice({what}by {self.by}: {len(self.rows)} predictors x {', '.join(map(str, self.rows))})"


_TITLES: dict[What, str] = {
    "skill": "Skill",
    "coverage": "Coverage of the 80 % intervals",
    "crps": "Skill of the intervals (continuous ranked probability score)",
    "mape": "Mean absolute relative error in %, median over the tasks entered,",
    "noise": "Error over the deviation between repeated runs, median over the tasks entered whose metric has a measured deviation,",
}
_ABSENT: dict[What, str] = {"coverage": "no intervals", "noise": "no such task entered"}


def slice_of(tasks: pd.DataFrame, by: str) -> pd.Series:
    """Return the slice that each task is in.

    Raises
    ------
    LeaderboardError
        If there is no such slicing, or the tasks lack the fact that it needs.
    """
    if by not in SLICES:
        raise LeaderboardError(f"cut by {by!r}: expected one of {', '.join(SLICES)}")
    try:
        return SLICES[by](tasks)
    except KeyError as error:
        raise LeaderboardError(f"cut by {by!r}: the tasks of this suite have no {error.args[0]!r}") from None


def slices_of(scores: ScoreMatrix, tasks: pd.DataFrame, by: str, *, what: What = "skill", reference: str = "") -> SkillBySlice:
    """Return the skill, coverage, skill by CRPS or relative error of every predictor on each slice of the tasks.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores on the tasks to slice.
    tasks : DataFrame
        Descriptions of these tasks, and possibly of others.
    by : str
        One of `SLICES`.
    what : {"skill", "coverage", "crps", "mape", "noise"}
        The number of each slice.
    reference : str
        Predictor whose score is the unit of ``"crps"``.

    Raises
    ------
    LeaderboardError
        As `slice_of`, or if `what` is unknown.
    """
    if what not in get_args(What):
        raise LeaderboardError(f"show {what!r}: expected one of {', '.join(get_args(What))}")
    described = tasks.set_index("task").loc[scores.tasks]
    if what == "noise":
        described = described[described["noise"].notna()] if "noise" in described else described.head(0)
        if not len(described):
            raise LeaderboardError("show 'noise': no metric of these tasks has a measured deviation between repeated runs")
    slices = slice_of(described, by)
    columns = {name: _shown(scores.on(slices.index[slices == name]), what, reference, described) for name in in_order(slices, by)}
    counts = slices.value_counts().reindex(list(columns))
    clusters = described.groupby(slices)["cluster"].nunique().reindex(list(columns))
    return SkillBySlice(by, pd.DataFrame(columns).rename_axis("predictor"), counts, clusters, what)


def _shown(scores: ScoreMatrix, what: What, reference: str, tasks: pd.DataFrame) -> pd.Series:
    if what == "skill":
        values = scores.skill()
    elif what == "mape":
        values = 100.0 * scores.median("mape")
    elif what == "noise":
        values = scores.median_of(scores["error"] / tasks.loc[scores.tasks, "noise"].to_numpy(float))
    else:
        values = crps_skill(scores, reference) if what == "crps" else scores.weighted_mean(scores["coverage"])
    return pd.Series(values, index=scores.predictors)


def in_order(slices: pd.Series, by: str) -> list[str]:
    """Return the names of the slices in the order of boards."""
    names = sorted(slices.unique())
    known = _ORDERS.get(by, ())
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))
