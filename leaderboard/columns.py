"""The columns of a board. Every form of a board, its documentation and its docstring are generated from `BOARD_COLUMNS`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from scalingbench.common.tables import interval, number

__all__ = ["BOARD_COLUMNS", "BoardColumn", "columns_markdown", "columns_text", "milliseconds", "row_keys", "shown_columns"]

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class BoardColumn:
    """One column of a board.

    Attributes
    ----------
    key : str
        Its name in ``Board.rows``, JSON and CSV.
    meaning : str
        Its meaning.
    heading : str
        Its heading in tables for readers.
    place : int
        Its place in tables; 0 for a column of JSON and CSV only.
    digits : int
        Decimals in tables.
    ends : tuple of str and int, optional
        Keys of the ends of its 95 % interval, and their decimals; the interval is the next cell, without a heading. Without decimals
        the ends are in JSON and CSV only.
    needs : str
        A column that the rows must have for this one to be shown: old releases, and boards of other tasks, have fewer.
    best : {"high", "low"}
        Which end the site sorts first.
    text : callable, optional
        Function from a row to its cell, for a cell that is not a plain number.
    """

    key: str
    meaning: str
    heading: str = ""
    digits: int = 0
    ends: tuple[str, str, int] | tuple[str, str] | None = None
    needs: str = ""
    best: Literal["high", "low"] = "low"
    text: Callable[[Row], str] | None = None
    place: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """Its names in rows, including those of the ends of its interval."""
        return (self.key,) if self.ends is None else (self.key, *self.ends[:2])

    @property
    def shown_ends(self) -> tuple[str, str, int] | None:
        """The ends that tables show."""
        return self.ends if self.ends is not None and len(self.ends) == 3 else None

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of its cells."""
        return (self.heading,) if self.shown_ends is None else (self.heading, "")

    def cells(self, row: Row) -> tuple[str, ...]:
        """Return its cells in a row."""
        own = number(row[self.key], self.digits) if self.text is None else self.text(row)
        ends = self.shown_ends
        return (own,) if ends is None else (own, interval(row[ends[0]], row[ends[1]], ends[2]))


def _rank(row: Row) -> str:
    if row["variant_of"]:
        return ""
    if pd.isna(row["rank"]):
        return "-"
    ends = row.get("rank_low"), row.get("rank_high")  # old releases have none
    return str(row["rank"]) if pd.isna(ends[0]) else f"{row['rank']} [{ends[0]:.0f}, {ends[1]:.0f}]"


def _name(row: Row) -> str:
    return f"- {row['predictor']}" if row["variant_of"] else str(row["predictor"])


def _entered(row: Row) -> str:
    return f"{row['tasks_entered']}/{row['tasks_total']}"


def milliseconds(row: Row) -> str:
    """Return the seconds of a fit as milliseconds of two digits."""
    # times vary between runs: two digits
    seconds = row["fit_seconds"]
    return number(seconds, 0) if pd.isna(seconds) else f"{float(f'{1000 * seconds:.2g}'):g}"


BOARD_COLUMNS: tuple[BoardColumn, ...] = (
    BoardColumn(
        "rank",
        "place among the heads of families by skill, with the 95 % interval of the place in resamples of clusters; none for a variant, "
        "or over fewer than three clusters",
        "rank",
        ends=("rank_low", "rank_high"),
        text=_rank,
        place=10,
    ),
    BoardColumn("predictor", "name of the entry", "predictor", text=_name, place=20),
    BoardColumn("family", "family of the entry"),
    BoardColumn("variant_of", "the head of its family; empty for the head itself"),
    BoardColumn(
        "skill",
        "1 minus the weighted geometric mean over tasks of (error / error of the reference). The error of a fit is the root "
        "mean squared log error on its held-out rows (for shares, accuracies, scores and relative losses the root mean squared "
        "error), that of a task the mean over its fits. A task that a predictor does not enter counts 1; the ratio of a failed fit is"
        " capped at ten times the reference's worst. A predictor's skill does not depend on which others are on the board.",
        "skill",
        3,
        ("skill_low", "skill_high", 2),
        best="high",
        place=30,
    ),
    BoardColumn("skill_entered", "skill over the tasks that the predictor entered", "entered", 3, best="high", place=40),
    BoardColumn(
        "win_rate",
        "share of comparisons won, on common tasks, against the frozen pool in the suite file; ties count 1/2",
        "win rate",
        2,
        ("win_low", "win_high", 2),
        best="high",
        place=50,
    ),
    BoardColumn("mean_rank", "mean place among the pool, 1 (beats all) to the pool's size + 1"),
    BoardColumn(
        "elo",
        "Bradley-Terry rating. The pool is rated from comparisons within it; each other entry is rated against the fixed pool, "
        "so that no entry changes the rating of another. The reference is 1000. Half a win and half a loss are added to every pair.",
        "Elo",
        0,
        ("elo_low", "elo_high", 0),
        best="high",
        place=60,
    ),
    BoardColumn(
        "regret",
        "cost of a choice by predictions: 0 picks the best configuration, 1 is a random pick",
        "regret",
        2,
        ("regret_low", "regret_high"),
        place=70,
    ),
    BoardColumn("log_params_error", "absolute logarithm of (parameters picked / parameters of the best) at one budget"),
    BoardColumn(
        "coverage",
        "share of held-out values within the predicted 80 % interval, over tasks with predicted quantiles; '-' without any",
        "coverage 80 %",
        2,
        ("coverage_low", "coverage_high"),
        needs="crps_skill",
        best="high",
        place=90,
    ),
    BoardColumn("tasks_entered", "tasks entered, of all tasks ranked on (tasks_total)", "tasks", text=_entered, best="high", place=120),
    BoardColumn("tasks_total", "tasks ranked on"),
    BoardColumn("failed_tasks", "tasks with a fit that failed"),
    BoardColumn(
        "failed_folds",
        "fits that raised an error, timed out or returned invalid values",
        "failed fits",
        text=lambda row: str(row["failed_folds"]),
        place=130,
    ),
    BoardColumn("fit_seconds", "median seconds of a fit; tables show milliseconds", "fit ms", text=milliseconds, place=140),
    BoardColumn("mape", "median over tasks of the mean absolute relative error, as a share"),
    BoardColumn("weight_entered", "share of the weight of the tasks that the predictor entered"),
    BoardColumn(
        "crps_skill",
        "skill by the continuous ranked probability score of the predicted quantiles (.1, .5, .9) instead of the error; a point"
        " forecast counts as three equal quantiles",
        "CRPS",
        3,
        ("crps_low", "crps_high"),
        needs="crps_skill",
        best="high",
        place=80,
    ),
    BoardColumn("tasks_decided", "tasks over which regret is averaged"),
    BoardColumn("bias", "on synthetic worlds: mean signed error against the truth", "bias", 3, needs="exponent_error", place=100),
    BoardColumn(
        "exponent_error",
        "on synthetic worlds: mean absolute difference of fitted and true exponents",
        "exponents",
        3,
        needs="exponent_error",
        place=110,
    ),
)
"""Every column of a board, in the order of JSON and CSV."""


def row_keys(columns: Collection[Any]) -> list[str]:
    """Return the given columns that belong to a board, in the order of its rows."""
    return [key for column in BOARD_COLUMNS for key in column.keys if key in columns]


def shown_columns(rows: Collection[Any]) -> tuple[BoardColumn, ...]:
    """Return the columns that tables of a board with these rows show, in their order."""
    return tuple(sorted((c for c in BOARD_COLUMNS if c.place and (not c.needs or c.needs in rows)), key=lambda column: column.place))


def columns_markdown() -> str:
    """Return the table of columns in docs/leaderboard.md."""
    head = ["| column | in JSON and CSV | meaning |", "|---|---|---|"]
    return "\n".join([*head, *(f"| {c.heading} | {', '.join(c.keys)} | {c.meaning} |" for c in BOARD_COLUMNS)])


def columns_text(indent: str) -> str:
    """Return the columns as lines of a docstring."""
    return "\n".join(f"{indent}- {', '.join(c.keys)}: {c.meaning}" for c in BOARD_COLUMNS).strip()
