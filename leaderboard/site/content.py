"""The content of the site as plain records, independent of results, tasks and cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scalingbench.common.tables import Table
from scalingbench.leaderboard.board import Board

__all__ = ["Chart", "CollectionPage", "PredictorPage", "SiteContent", "TaskPage"]

Chart = Mapping[str, Any]
"""A Vega-Lite specification."""
Record = Mapping[str, Any]


@dataclass(frozen=True)
class PredictorPage:
    """One predictor: description and scores.

    `tracks` has one record per track (track, skill, low, high, tasks), `scores` one per task entered, best ratio first. `row` is None if
    it entered no task that the board ranks on.
    """

    name: str
    about: str
    latex: str
    paper: str
    constants: str
    row: Record | None
    tracks: Sequence[Record]
    scores: Sequence[Record]
    chart: Chart | None
    trained_on: Sequence[str] = ()
    """Collections that it is not ranked on."""


@dataclass(frozen=True)
class CollectionPage:
    """One collection: its card, its points, its tasks with the best predictor of each."""

    name: str
    facts: Record
    citation: str
    tasks: Sequence[Record]
    chart: Chart | None


@dataclass(frozen=True)
class TaskPage:
    """One task: its description and all scores; its points and the best predictions, if its values may be shown."""

    name: str
    collection: str
    facts: Record
    scores: Sequence[Record]
    chart: Chart | None = None
    """None if the values of the collection are not redistributable."""
    shown: Sequence[str] = ()
    """Predictors whose predictions are in the table."""
    predictions: Sequence[Record] = ()
    n_predictions: int = 0
    """Number of held-out rows of the task; the table may have only the first of them."""


@dataclass(frozen=True)
class SiteContent:
    """The content of the site: the board and charts of the first page, and a record for every other page."""

    board: Board
    track_boards: Mapping[str, Board]
    summaries: Sequence[Table]
    """Tables: the first predictors of every track, skill by reach, and the best track of each specialised law."""
    charts: Mapping[str, tuple[str, Chart]]
    """Charts of the first page by identifier: title and specification."""
    comparison_svg: str
    cliques: Sequence[Sequence[str]]
    predictors: Sequence[PredictorPage]
    collections: Sequence[CollectionPage]
    tasks: Sequence[TaskPage]
    general: float
    """Share of the weight that a general-purpose entry must have entered."""
    result_files: Mapping[str, Path] = field(default_factory=dict)
    """Result file of each predictor, copied into the site."""
