"""The schema of the score table: one row is one predictor on one task that it entered.

`scalingbench.benchmark.scores.scoring.score` makes it and `check_scores` checks its rules. Rankings, slices and figures read this table
alone. The checks use numpy, 7 ms for 4,000 rows, because the import of pandera alone is too slow for a board.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.common.errors import SchemaError
from scalingbench.common.tracks import TRACKS

__all__ = ["CEILING", "COLUMNS", "FLOOR", "ScoreColumn", "check_scores"]

CEILING = 10.0
"""Largest ratio to the reference's error, and the ratio of a failed task."""
FLOOR = 0.01
"""Smallest ratio to the reference's error."""

Kind = Literal["text", "count", "number"]


@dataclass(frozen=True)
class ScoreColumn:
    """One column of the score table.

    Attributes
    ----------
    name, meaning : str
        Name and meaning.
    kind : {"text", "count", "number"}
        Strings that are not empty, whole numbers, or floats.
    low, high : float
        Inclusive limits of a number; without them it is finite.
    missing : bool
        Whether NaN is valid, for values that cannot be computed.
    among : tuple of str
        The allowed values of a text, if limited.
    """

    name: str
    meaning: str
    kind: Kind = "number"
    low: float = -np.inf
    high: float = np.inf
    missing: bool = False
    among: tuple[str, ...] = ()


COLUMNS: tuple[ScoreColumn, ...] = (
    ScoreColumn("predictor", "name of the entry", "text"),
    ScoreColumn("family", "entries of one family fold under its head", "text"),
    ScoreColumn("task", "identifier of the task", "text"),
    ScoreColumn("collection", "collection of the runs", "text"),
    ScoreColumn("track", "where it is ranked", "text", among=TRACKS),
    ScoreColumn("error", "mean over folds of the capped error; a failed fold counts as the cap", low=0.0),
    ScoreColumn("reference_error", "mean over folds of the reference's error: the unit", low=1e-12),
    ScoreColumn("ratio", "error / reference_error, clipped; CEILING where every fold failed", low=FLOOR, high=CEILING),
    ScoreColumn("failed", "folds without a usable prediction", "count", low=0),
    ScoreColumn("folds", "independent fits of the task", "count", low=1),
    ScoreColumn("fit_seconds", "median over folds", low=0.0, missing=True),
    ScoreColumn("mape", "mean over folds of the mean absolute relative error, as a share", low=0.0, missing=True),
    ScoreColumn("r2", "mean over folds with at least 5 held-out rows", high=1.0, missing=True),
    ScoreColumn("bias", "mean over folds of the signed error, of the logarithm where errors are", missing=True),
    ScoreColumn("coverage", "share of held-out rows between the predicted 10 % and 90 % quantiles", low=0.0, high=1.0, missing=True),
    ScoreColumn("crps", "mean over folds, capped as errors are, on their scale; without quantiles the mean absolute error", low=0.0),
    ScoreColumn("regret", "of the decisions, 0 best and 1 chance; below 0 by rounding only", low=-1e-9, missing=True),
    ScoreColumn("log_params_error", "|log(params picked / params of the best)|", low=0.0, missing=True),
    ScoreColumn("exponent_error", "mean |fitted - true| over the exponents of a synthetic world", low=0.0, missing=True),
    ScoreColumn("extrapolation", "largest held-out scale over the largest trained on", low=0.0),
    ScoreColumn("compute_share", "cost of the training runs as a share of that of all", low=0.0, high=1.0),
)
"""The columns of the table, in order."""


def check_scores(table: pd.DataFrame) -> None:
    """Check every rule of the score table; further columns are ignored.

    Parameters
    ----------
    table : DataFrame
        Rows in any order.

    Raises
    ------
    SchemaError
        At the first broken rule, with the row (counted from 1), its predictor and task, the column and the rule.
    """
    for column in COLUMNS:
        if column.name not in table:
            raise SchemaError(f"scores: no column {column.name!r} ({column.meaning})")
    for column in COLUMNS if len(table) else ():
        _check_column(table, column)
    failed, folds, ratio = (table[name].to_numpy() for name in ("failed", "folds", "ratio"))
    _refuse(table, failed > folds, "failed", "is more than its folds")
    _refuse(table, (failed == folds) & (ratio < CEILING), "ratio", f"must be {CEILING:g} where every fold failed")
    _refuse(table, table.duplicated(["predictor", "task"]).to_numpy(), "task", "is scored twice for one predictor")


def _check_column(table: pd.DataFrame, column: ScoreColumn) -> None:
    if column.kind == "text":
        _check_text(table, column)
    elif column.kind == "count" and not pd.api.types.is_integer_dtype(table[column.name]):
        raise SchemaError(f"scores: column {column.name!r}: must hold whole numbers, not {table[column.name].dtype}")
    elif not pd.api.types.is_numeric_dtype(table[column.name]):
        raise SchemaError(f"scores: column {column.name!r}: must hold numbers, not {table[column.name].dtype}")
    else:
        _check_range(table, column)


def _check_text(table: pd.DataFrame, column: ScoreColumn) -> None:
    values = table[column.name]
    named = [v for v in values.unique() if isinstance(v, str) and v]
    _refuse(table, ~values.isin(named).to_numpy(bool), column.name, "must be a name")
    if column.among:
        _refuse(table, ~values.isin(column.among).to_numpy(bool), column.name, f"must be one of {', '.join(column.among)}")


def _check_range(table: pd.DataFrame, column: ScoreColumn) -> None:
    values = table[column.name].to_numpy(float)
    inside = np.isfinite(values) & (values >= column.low) & (values <= column.high)
    outside = ~inside & ~np.isnan(values) if column.missing else ~inside
    _refuse(table, outside, column.name, f"must be finite and in [{column.low:g}, {column.high:g}]")


def _refuse(table: pd.DataFrame, broken: np.ndarray, column: str, rule: str) -> None:
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        predictor, task, value = table[["predictor", "task", column]].astype(object).iloc[row]
        raise SchemaError(f"scores: row {row + 1} ({predictor} on {task}), column {column!r}: {value!r} {rule}")
