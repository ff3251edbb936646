"""The input of all pages: scores, boards, descriptions of tasks, and the tasks whose values may be shown.

Pages show measured values of bundled collections only, even if others are available locally: those are not redistributable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.tasks.task import Task
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.ranking import SYNTHETIC
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.site.content import Counts
from scalingbench.leaderboard.site.predictions import predictions_of
from scalingbench.leaderboard.submissions.metadata import submissions
from scalingbench.leaderboard.suite_board import SuiteBoard
from scalingbench.predictors.catalogue import Entry
from scalingbench.predictors.registry import list_predictors

__all__ = ["KINDS", "Material", "kind_of", "material_of", "records"]

KINDS = {
    "published": "published law",
    "constants": "published constants",
    "own": "law form of this project",
    "generic": "generic regressor",
    "ensemble": "ensemble of laws",
    "submitted": "submission",
}
"""Kinds of predictors."""
_LEADERS = 6
_DRAWN = 2
"""Predictors drawn on a task: so many of all, and so many published laws."""


@dataclass(frozen=True)
class Material:
    """The input of all pages.

    Attributes
    ----------
    results : Results
        All results.
    board : Board
        The board: general-purpose entries, and the tracks if it is a suite's.
    everyone : Board
        The ranking of every predictor on the tasks of the board.
    tracks : mapping of str to Board
        Board of each track.
    tasks : mapping of str to Task
        Tasks whose values may be shown, by name.
    facts : mapping of str to dict
        Description of every task in the suite by name, including tasks on fetch-only collections.
    """

    results: Results
    board: Board
    everyone: Board
    tracks: Mapping[str, Board]
    tasks: Mapping[str, Task]
    facts: Mapping[str, dict[str, Any]]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per predictor and task."""
        return self.results.scores

    @cached_property
    def stored(self) -> dict[tuple[str, str], TaskResult]:
        """The predictions that are drawn, by task and predictor: of the leaders on every task that can be shown, and those of `drawn`."""
        wanted: dict[str, set[str]] = {name: set(self.tasks) for name in self.leaders}
        for task, names in self.drawn.items():
            for name in names:
                wanted.setdefault(name, set()).add(task)
        return predictions_of(self.results, wanted)

    @cached_property
    def leaders(self) -> list[str]:
        """The first heads of families on the board, which its charts have."""
        return [str(name) for name in self.board.heads["predictor"].head(_LEADERS)]

    @cached_property
    def drawn(self) -> dict[str, list[str]]:
        """The predictors of each task that can be shown: the best of all and of the published laws, one per family."""
        return {task: self._best(own) for task, own in self.scores_of_task.items() if task in self.tasks}

    def _best(self, scores: Mapping[str, np.ndarray]) -> list[str]:
        families = [str(name) for name in scores["predictor"][~pd.Series(scores["family"]).duplicated()]]
        published = [name for name in families if self.kinds[name] == "published"]
        return list(dict.fromkeys([*families[:_DRAWN], *published[:_DRAWN]]))

    @cached_property
    def scores_of_task(self) -> dict[str, dict[str, np.ndarray]]:
        """The columns of the scores on each task, best first."""
        ordered = self.scores.sort_values(["task", "error", "predictor"], kind="stable")
        columns = {str(c): ordered[c].to_numpy() for c in ordered}
        names, starts = np.unique(columns["task"].astype(str), return_index=True)
        ends = [*starts[1:], len(ordered)]
        return {str(n): {c: v[a:b] for c, v in columns.items()} for n, a, b in zip(names, starts, ends, strict=True)}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Kind of every predictor, a key of `KINDS`."""
        entries, submitted = {e.name: e for e in list_predictors()}, submissions()
        return {name: "submitted" if name in submitted else kind_of(entries.get(name)) for name in self.results.predictors}

    @cached_property
    def counts(self) -> Counts:
        """The counts that the pages state."""
        board, everyone = self.board, self.everyone
        return Counts(
            tasks=len(self.facts),
            ranked_tasks=board.n_tasks,
            clusters=board.n_clusters or board.n_collections,
            collections=len({str(facts["collection"]) for facts in self.facts.values()}),
            predictors=len(self.results.predictors),
            families=len(everyone.heads),
            general=len(board.rows),
            tracks=len(self.tracks),
        )


def kind_of(entry: Entry | None) -> str:
    """Return the kind of a registered predictor, a key of `KINDS`; those of other packages are submissions."""
    if entry is None:
        return "submitted"
    if entry.published:
        return "constants" if entry.constants_only else "published"
    places = {".laws.": "own", ".autolaw.": "ensemble"}
    return next((kind for place, kind in places.items() if place in entry.target), "generic")


def material_of(results: Results) -> Material:
    """Return the input of the pages of results."""
    board, described = results.board(), results.statements
    worlds = [SYNTHETIC] if (described["role"] == SYNTHETIC).any() else []
    tracks = [*(board.tracks if isinstance(board, SuiteBoard) else ()), *worlds]
    facts = {str(row["task"]): row for row in records(described)}
    boards = {name: results.select(track=name).board() for name in tracks}
    return Material(results, board, results.everyone, boards, {t.id: t for t in _bundled_tasks(results)}, facts)


def _bundled_tasks(results: Results) -> tuple[Task, ...]:
    known = set(results.statements["task"])
    names = {spec.collection for spec in results.suite.specs} & set(results.statements["collection"])
    bundled = tuple(name for name in sorted(names) if load_card(name).bundled)
    return tuple(task for task in results.suite.build(collections=bundled) if task.id in known) if bundled else ()


def records(table: pd.DataFrame, columns: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return rows as dictionaries."""
    chosen = table if columns is None else table[list(columns)]
    return [{str(k): v for k, v in row.items()} for row in chosen.to_dict("records")]
