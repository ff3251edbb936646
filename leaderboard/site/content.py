"""What the site shows: plain records, put together by whoever knows results, tasks and cards."""

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
    """One predictor: what it is, and how it did.

    `tracks` has one record per track (track, skill, low, high, tasks), `scores` one per task entered, best ratio first; without a
    `row` it entered no task that the board ranks on.
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
    """One task: what is stated of it and all scores; where its values may be shown, its points and the best predictions too."""

    name: str
    collection: str
    facts: Record
    scores: Sequence[Record]
    chart: Chart | None = None
    """None where the values of the collection are not ours to show."""
    shown: Sequence[str] = ()
    """Predictors whose predictions are in the table."""
    predictions: Sequence[Record] = ()
    n_predictions: int = 0
    """Held-out rows of the task; the table may hold only the first of them."""


@dataclass(frozen=True)
class SiteContent:
    """What the whole site shows: the first page's board and charts, and a record for every other page."""

    board: Board
    track_boards: Mapping[str, Board]
    summaries: Sequence[Table]
    """The first of every track, the board by reach, and where specialised laws are best."""
    charts: Mapping[str, tuple[str, Chart]]
    """By identifier: title and specification, of the first page."""
    comparison_svg: str
    cliques: Sequence[Sequence[str]]
    predictors: Sequence[PredictorPage]
    collections: Sequence[CollectionPage]
    tasks: Sequence[TaskPage]
    general: float
    """Share of the weight that a general-purpose entry must have entered."""
    result_files: Mapping[str, Path] = field(default_factory=dict)
    """By predictor: its result file, copied beside the pages."""
