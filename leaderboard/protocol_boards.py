"""Boards by the rules of other benchmarks, together with their published scores, and stored tables of their protocols' scores.

The board of all results is printed from the stored tables, without loading a collection.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.scores.protocols import curve_errors, revisiting_nsl, sldbench
from scalingbench.benchmark.scores.store import differences
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing
from scalingbench.common.messages import described
from scalingbench.common.tables import Table, Tabular, cell

__all__ = [
    "ProtocolBoard",
    "board_of",
    "protocol_differences",
    "protocol_path",
    "protocol_table",
    "published_scores",
    "revisiting_nsl_board",
    "sldbench_board",
    "stored_protocol_table",
    "write_protocol_table",
]

SLDBENCH_TASKS = ("parallel", "vocab", "sft", "domain_mixture", "moe", "data_constrained", "lr_bsz", "easy_question")
_NOT_ENTERED = -1.0
_KEYS = {"predictor", "task", "domain", "curve"}


@dataclass(frozen=True, eq=False, repr=False)
class ProtocolBoard(Tabular):
    """A ranking by another benchmark's rules.

    Attributes
    ----------
    name : str
        Name of the benchmark.
    rows : DataFrame
        One row per predictor, best first: source (ours or published), then numbers.
    note : str
        One sentence that explains the numbers.
    digits : int
        Decimals in tables.
    """

    name: str
    rows: pd.DataFrame
    note: str
    digits: int = 3

    def cut(self, top: int | None = None, *, variants: bool = True) -> ProtocolBoard:
        """Return the board with its first rows only; here every recipe of a law is a separate entry."""
        return replace(self, rows=self.rows[:top])

    def table(self) -> Table:
        cells = [
            [str(name), *(cell(v, f".{self.digits}f") for v in row)]
            for name, row in zip(self.rows.index, self.rows.astype(object).to_numpy(), strict=True)
        ]
        return Table(["predictor", *self.rows], cells, frozenset({0, 1}), self.note, compact=True)

    def facts(self) -> dict[str, Any]:
        return {"note": self.note, "rows": self.rows.reset_index(names="predictor").to_dict("records")}

    def __repr__(self) -> str:
        ours = int((self.rows["source"] == "ours").sum())
        return f"ProtocolBoard({self.name}: {ours} predictors of ours, {len(self.rows) - ours} published)"


def published_scores(name: str) -> pd.DataFrame:
    """Return the scores that a benchmark published, one row per entry, indexed by predictor."""
    file = importlib.resources.files("scalingbench.leaderboard") / "published" / f"{name}.csv"
    with importlib.resources.as_file(file) as path:
        return pd.read_csv(path, index_col="predictor")


def board_of(protocol: str, table: pd.DataFrame) -> ProtocolBoard:
    """Rank predictors by a protocol, from the output of `protocol_table`."""
    return sldbench_board(table) if protocol == "sldbench" else revisiting_nsl_board(revisiting_nsl(table))


def sldbench_board(scores: pd.DataFrame) -> ProtocolBoard:
    """Rank predictors by their mean clipped R2 over the eight tasks; a task not entered counts -1, like a missing run in SLDBench.

    Parameters
    ----------
    scores : DataFrame
        From `scalingbench.benchmark.scores.protocols.sldbench`.

    Returns
    -------
    ProtocolBoard
        Its columns are source, mean, one per task, and median_within.
    """
    ours = scores.pivot(index="predictor", columns="task", values="r2").reindex(columns=SLDBENCH_TASKS)
    board = pd.concat([ours.assign(source="ours"), published_scores("sldbench").assign(source="published, not re-run")])
    board["mean"] = board[list(SLDBENCH_TASKS)].fillna(_NOT_ENTERED).mean(axis=1)
    within = scores.groupby("predictor")["within_r2"].median()
    board["median_within"] = within.reindex(board.index)
    board = board[["source", "mean", *SLDBENCH_TASKS, "median_within"]].sort_values(["mean"], ascending=False, kind="stable")
    note = (
        "R2 over the pooled held-out rows of a task, clipped to [-1, 1] (SLDBench's protocol); '-' is a task not entered, which "
        "counts -1 in the mean; median_within is the median over tasks of R2 relative to the mean of each group."
    )
    return ProtocolBoard("sldbench", board.rename_axis("predictor"), note)


def revisiting_nsl_board(table: pd.DataFrame) -> ProtocolBoard:
    """Rank predictors by the mean of their ranks over the domains of the 92 curves.

    Parameters
    ----------
    table : DataFrame
        From `scalingbench.benchmark.scores.protocols.revisiting_nsl`.

    Returns
    -------
    ProtocolBoard
        Its columns are source, and for each domain the mean error and the share of curves won. Published means exist for the
        language domains only.
    """
    published = published_scores("revisiting-nsl").add_suffix("_error")
    published.index = pd.Index([f"{name} (published)" for name in published.index])
    board = pd.concat([table.assign(source="ours"), published.assign(source="published, not re-run")])
    errors = [c for c in map(str, board) if c.endswith("_error")]
    order = [c for d in ("IC", "NMT", "LM", "BB") for c in (f"{d}_error", f"{d}_wins") if c in board]
    board = board.assign(place=board[errors].rank().mean(axis=1)).sort_values("place", kind="stable")[["source", *order]]
    note = "Mean RMSLE of a domain's curves, and share of curves won (errors truncated to three decimals, ties share)."
    return ProtocolBoard("revisiting-nsl", board.rename_axis("predictor"), note, digits=4)


def protocol_path(suite: str) -> Path:
    """Return the file of stored protocol scores of a suite's committed results; it may not exist."""
    return Path(str(importlib.resources.files("scalingbench.leaderboard") / "protocols" / f"{suite}.parquet"))


def protocol_table(protocol: str, results: Iterable[TaskResult], tasks: Sequence[Task]) -> pd.DataFrame:
    """Return the scores of a protocol: SLDBench's scores of tasks, or the errors on the curves of Revisiting Neural Scaling Laws."""
    return sldbench(results, tasks) if protocol == "sldbench" else curve_errors(results, tasks)


def stored_protocol_table(suite: str) -> pd.DataFrame | None:
    """Return the stored protocol scores of a suite; None if there are none.

    Raises
    ------
    InputError
        If the file is broken.
    """
    path = protocol_path(suite)
    if not path.is_file():
        return None
    try:
        table = pd.read_parquet(path)
        table["predictor"]
    except Exception as error:  # the library raises errors of many classes on a file that is not Parquet
        raise InputError(f"{path}: not a table of a protocol's scores: {described(error, 200)}") from None
    return table


def write_protocol_table(suite: str, table: pd.DataFrame) -> None:
    """Write the protocol scores of a suite's committed results atomically."""
    with replacing(protocol_path(suite)) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def protocol_differences(stored: pd.DataFrame | None, again: pd.DataFrame) -> tuple[str, ...]:
    """Return one line for every stored number that differs from the recomputed one; a single line if the rows differ."""
    keys = [str(c) for c in again if c in _KEYS]
    if stored is None or list(stored) != list(again) or not stored[keys].astype(str).equals(again[keys].astype(str)):
        return ("the stored scores of the protocol belong to other results",)
    return differences(stored, again, keys)
