"""The board cut up: by track, domain, metric, extrapolation, share of compute, number of rows, noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from leaderboard.ranking import by_collection, counted, skill_over
from scalingbench.common.errors import LeaderboardError

__all__ = ["SLICES", "skill_by", "slice_of"]


def _bins(
    column: str, limits: tuple[float, ...], labels: tuple[str, ...], missing: str = "not stated"
) -> Callable[[pd.DataFrame], pd.Series]:
    def of(tasks: pd.DataFrame) -> pd.Series:
        values = tasks[column].astype(float)
        return pd.Series(np.asarray(labels)[np.searchsorted(limits, values.fillna(0.0))], index=tasks.index).where(values.notna(), missing)

    return of


_FACTORS = ("none", "up to 4x", "4x to 16x", "over 16x")
SLICES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "track": lambda tasks: tasks["track"],
    "domain": lambda tasks: tasks["domain"],
    "metric": lambda tasks: tasks["metric"],
    "extrapolation": _bins("extrapolation", (1.0, 4.0, 16.0), _FACTORS),
    "compute-share": _bins("compute_share", (0.1, 0.5), ("up to 10 %", "10 to 50 %", "over 50 %")),
    "rows": _bins("rows_per_fit", (10.0, 100.0), ("up to 10", "11 to 100", "over 100")),
    "noise": _bins("noise", (0.003,), ("up to 0.3 %", "over 0.3 %"), missing="not measured"),
}
"""What the board can be cut by; each gives the part that a task of the task table belongs to."""


def slice_of(tasks: pd.DataFrame, by: str) -> pd.Series:
    """Return the part that each task belongs to.

    Raises
    ------
    LeaderboardError
        If the board can't be cut by that.
    """
    if by not in SLICES:
        raise LeaderboardError(f"cut by {by!r}: expected one of {', '.join(SLICES)}")
    return SLICES[by](tasks)


def skill_by(scores: pd.DataFrame, tasks: pd.DataFrame, by: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return skill on each part, predictors x parts (NaN where none of its tasks was entered), and the tasks of each part."""
    tasks = counted(tasks)
    parts = slice_of(tasks, by)
    columns = {}
    for part in _in_order(parts, by):
        chosen = tasks[parts == part]
        entered = scores.loc[scores["task"].isin(chosen["task"]), "predictor"].unique()
        columns[part] = skill_over(*by_collection(scores[scores["predictor"].isin(entered)], chosen))
    return pd.DataFrame(columns), parts.value_counts().reindex(list(columns))


def _in_order(parts: pd.Series, by: str) -> list[str]:
    names = sorted(parts.unique())
    known = {"extrapolation": _FACTORS}.get(by)
    return [n for n in known if n in names] if known else names
