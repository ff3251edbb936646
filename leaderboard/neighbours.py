"""Where predictors stand: their neighbours on the board, and their place on every track."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from benchmark.evaluation.results import TaskResult
from benchmark.tasks.suite import Suite
from benchmark.tasks.task import Task
from leaderboard.ranking import Board
from leaderboard.rendering import render
from leaderboard.results import ranked, scores_of

__all__ = ["standing"]

_NEIGHBOURS = 2


def standing(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], names: tuple[str, ...], track: str | None) -> str:
    """Return the rows of the board around the named predictors, and their place on each track that they entered."""
    results = tuple(results)
    tasks = tuple(t for t in tasks if track in (None, t.track))
    scores = scores_of(results, suite, tasks, track)
    parts = [_around(ranked(scores, results, suite, tasks, track), names)]
    entered = {r.task for r in results if r.predictor in names}
    tracks = sorted({t.track for t in tasks if t.id in entered and t.weight > 0})
    if track is None and len(tracks) > 1:
        parts.append("\n".join(_line(ranked(scores, results, suite, tasks, one), names, one) for one in tracks))
    return "\n\n".join(parts)


def _rows(board: Board, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the heads of families, and the named predictors whatever they are."""
    return board.rows[(board.rows["variant_of"] == "") | board.rows["predictor"].isin(names)].reset_index(drop=True)


def _around(board: Board, names: tuple[str, ...]) -> str:
    rows = _rows(board, names)
    places = rows.index[rows["predictor"].isin(names)]
    keep = [i for i in rows.index if any(abs(i - place) <= _NEIGHBOURS for place in places) or rows.loc[i, "predictor"] == board.reference]
    return render(replace(board, rows=rows.loc[keep]), "md")


def _line(board: Board, names: tuple[str, ...], track: str) -> str:
    rows = _rows(board, names)
    found = [_place(rows, i) for i in rows.index[rows["predictor"].isin(names)]]
    return f"{track} ({board.n_tasks} tasks): " + "; ".join(found)


def _place(rows: pd.DataFrame, i: int) -> str:
    shown = [f"{name} {skill:.3f}" for name, skill in zip(rows["predictor"], rows["skill"], strict=True)]
    above = f", below {shown[i - 1]}" if i > 0 else ""
    below = f", above {shown[i + 1]}" if i + 1 < len(rows) else ""
    return f"{shown[i]} is {i + 1} of {len(rows)}{above}{below}"
