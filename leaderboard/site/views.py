"""Views of the board: one per track and range of reach, as data that the page filters, sorts and exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.columns import BoardColumn, shown_columns
from scalingbench.leaderboard.ranking import Ranking, rank
from scalingbench.leaderboard.site.content import Whisker
from scalingbench.leaderboard.site.material import Material, records
from scalingbench.leaderboard.slices import in_order, slice_of

__all__ = ["columns", "on_slices", "view", "views", "whiskers"]

_SHOWN_FIRST = ("rank", "predictor", "skill", "skill_entered", "win_rate", "regret", "coverage", "tasks_entered", "fit_seconds")
_ON_A_TABLET = ("rank", "predictor", "skill", "skill_entered", "win_rate", "tasks_entered", "fit_seconds")
_ON_A_PHONE = ("rank", "predictor", "skill")


def columns(board: Board) -> list[dict[str, Any]]:
    """Return the columns of the table of a board for the page."""
    return [_column(c) for c in shown_columns(board.rows)]


def _column(c: BoardColumn) -> dict[str, Any]:
    known = {"key": c.key, "heading": c.heading, "title": c.meaning, "digits": c.digits, "ends": c.shown_ends, "down": c.best == "high"}
    return {**known, "first": c.key in _SHOWN_FIRST, "phone": c.key in _ON_A_PHONE, "tablet": c.key in _ON_A_TABLET}


def view(board: Board, ranked: Board | None = None) -> dict[str, Any]:
    """Return the rows of a board, column by column.

    Parameters
    ----------
    board : Board
        All rows.
    ranked : Board, optional
        The rows with a rank; by default all. Their heads of families may be others.
    """
    rows = board.rows
    if ranked is not None:
        own = ranked.rows.set_index("predictor")
        rows = rows.assign(rank=rows["predictor"].map(own["rank"]), ranked=rows["predictor"].map(own["variant_of"]))
    keys = ["variant_of", *(key for c in shown_columns(rows) for key in c.keys), "tasks_total", *([] if ranked is None else ["ranked"])]
    about = {"tasks": board.n_tasks, "clusters": board.n_clusters, "version": board.version, "caption": board.caption}
    return {**about, "columns": {key: rows[key].tolist() for key in keys}}


def views(material: Material) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and content of every view; the name is track and range of reach."""
    for track, board in material.tracks.items():
        yield f"{track}|", view(board)
    for reach, board in on_slices(material, "reach").items():
        yield f"|{reach}", view(board, _general(board, material))
    for track in material.tracks:
        for reach, board in on_slices(material, "reach", track).items():
            yield f"{track}|{reach}", view(board)


def _general(board: Board, material: Material) -> Board:
    """Return the rows of the general-purpose entries, ranked among themselves."""
    among = board.rows[board.rows["predictor"].isin(material.board.rows["predictor"])].copy()
    heads = material.board.heads["predictor"]
    among["variant_of"] = among["predictor"].map(material.board.rows.set_index("predictor")["variant_of"])
    ranked = among["predictor"].isin(heads) & bool(among["rank"].notna().any())
    among["rank"] = among["skill"].where(ranked).rank(method="min", ascending=False).astype("Int64")
    return replace(board, rows=among)


def on_slices(material: Material, by: str, track: str | None = None) -> dict[str, Board]:
    """Return the ranking of every predictor on each slice of the tasks, without pairwise comparisons."""
    results = material.results if track is None else material.results.select(track=track)
    scores = results.matrix.on(results.task_table["task"])
    slices = slice_of(results.task_table.set_index("task").loc[scores.tasks], by)
    order = in_order(slices, by)
    what = Ranking(results.suite, results.order, track)
    return {name: rank(scores.on(slices.index[slices == name]), what, comparisons="none") for name in order}


def whiskers(board: Board, material: Material, top: int | None = None) -> list[Whisker]:
    """Return the skill of the heads of families, best first."""
    rows = records(board.heads if top is None else board.heads.head(top))
    return [
        Whisker(r["predictor"], r["skill"], _known(r["skill_low"]), _known(r["skill_high"]), "predictors/", material.kinds[r["predictor"]])
        for r in rows
    ]


def _known(value: float) -> float | None:
    return None if pd.isna(value) else value
