"""The input of all pages: scores, boards, descriptions of tasks, and the tasks whose values may be shown.

Pages show measured values of bundled collections only, even if others are available locally: those are not redistributable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.tasks.task import Task
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.ranking import SYNTHETIC
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.suite_board import SuiteBoard

__all__ = ["Material", "material_of"]


@dataclass(frozen=True)
class Material:
    """The input of all pages.

    Attributes
    ----------
    results : Results
        All results.
    scores : DataFrame
        One row per predictor and task, including the rows of the result file that it comes from.
    board, everyone : Board
        The board, and the ranking of every predictor with a page.
    tracks : mapping of str to Board
        Board of each track.
    tasks : tuple of Task
        Tasks whose values may be shown.
    facts : mapping of str to dict
        Description of every task in the suite by name, including tasks on fetch-only collections.
    """

    results: Results
    scores: pd.DataFrame
    board: Board
    everyone: Board
    tracks: Mapping[str, Board]
    tasks: tuple[Task, ...]
    facts: Mapping[str, dict[str, Any]]

    @cached_property
    def ranked_scores(self) -> pd.DataFrame:
        """The scores on the tasks that the board ranks on, with the reach of each task."""
        ranked = self.scores[self.scores["task"].isin(self.results.task_table["task"])]
        return ranked.assign(extrapolation=[self.facts[task]["far"] for task in ranked["task"]])

    @property
    def ranked_tasks(self) -> tuple[Task, ...]:
        """The tasks that the board ranks on and whose values may be shown."""
        ranked = set(self.results.task_table["task"])
        return tuple(task for task in self.tasks if task.id in ranked)

    def best(self) -> dict[str, dict[str, Any]]:
        """Return the score with the smallest error on every task."""
        first = self.scores.sort_values(["error", "predictor"], kind="stable").drop_duplicates("task")
        return {str(row["task"]): {str(k): v for k, v in row.items()} for row in first.to_dict("records")}


def material_of(results: Results) -> Material:
    """Return the input of the pages of results."""
    scores = results.scores.merge(_result_rows(results), on=["predictor", "task"])
    board, described = results.board(), results.statements
    worlds = [SYNTHETIC] if (described["role"] == SYNTHETIC).any() else []
    tracks = [*(board.tracks if isinstance(board, SuiteBoard) else ()), *worlds]
    facts = {str(row["task"]): {str(k): v for k, v in row.items()} for row in described.to_dict("records")}
    boards = {name: results.select(track=name).board() for name in tracks}
    return Material(results, scores, board, results.everyone, boards, _bundled_tasks(results), facts)


def _bundled_tasks(results: Results) -> tuple[Task, ...]:
    known = set(results.statements["task"])
    names = {spec.collection for spec in results.suite.specs} & set(results.statements["collection"])
    bundled = tuple(name for name in sorted(names) if load_card(name).bundled)
    return tuple(task for task in results.suite.build(collections=bundled) if task.id in known) if bundled else ()


def _result_rows(results: Results) -> pd.DataFrame:
    """Return the rows of each task in a predictor's result file, which has one row per fold."""
    rows = []
    start: dict[str, int] = defaultdict(int)
    for r in results.results:
        first = start[r.predictor]
        rows.append((r.predictor, r.task, f"{first}" if len(r.folds) == 1 else f"{first} to {first + len(r.folds) - 1}"))
        start[r.predictor] += len(r.folds)
    return pd.DataFrame(rows, columns=["predictor", "task", "result_rows"])
