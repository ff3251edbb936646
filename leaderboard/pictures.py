"""Pictures of the board: skill with intervals, relative error by extrapolation factor, skill of predictors on tracks."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scalingbench.common.extras import require
from scalingbench.common.files import replacing
from scalingbench.common.tables import csv_of, number
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.suite_board import SuiteBoard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PICTURES", "digest", "draw_pictures", "svg_of"]

_LAWS, _OTHERS = "#0b6e99", "#b35c00"
_GREY = "#666666"
_TRACK = "compute"
_COMPARED = ("autolaw", "chinchilla", "over-training", "kaplan", "gaussian-process")


def _skill_data(results: Results) -> pd.DataFrame:
    """Return skill and interval on track compute of the first published forms and general-purpose predictors."""
    chosen = results.select(track=_TRACK)
    general = set(results.board().rows["family"])
    board = chosen.board().heads
    laws = chosen.select(kind="published").board().rows.head(9).assign(kind="published law form")
    others = board[board["family"].isin(general)].head(5).assign(kind="general-purpose predictor")
    rows = pd.concat([laws, others])[["predictor", "skill", "skill_low", "skill_high", "kind"]]
    return rows.sort_values(["skill", "predictor"], ascending=[False, True], ignore_index=True)


def _error_data(results: Results) -> pd.DataFrame:
    """Return relative errors in % on track compute, predictors x extrapolation factor."""
    found = results.select(track=_TRACK).by("reach", what="mape").rows
    names = [results.entry(name) for name in (*_COMPARED, results.store.suite.reference)]
    return found.loc[[name for name in names if name in found.index]]


def _tracks_data(results: Results) -> pd.DataFrame:
    """Return skill of general-purpose predictors and of the published forms that place on a track, predictors x tracks."""
    whole, published = results.board(), results.select(kind="published").board()
    assert isinstance(whole, SuiteBoard) and isinstance(published, SuiteBoard)
    general = list(whole.heads["predictor"].head(5))
    placed = published.cut(1, variants=False).specialists["predictor"].tolist()
    tracks = {name: _by_name(board) for name, board in whole.tracks.items()}
    laws = {name: _by_name(board) for name, board in published.tracks.items()}
    rows = {name: {track: skill.get(name, np.nan) for track, skill in tracks.items()} for name in general}
    rows |= {name: {track: skill.get(name, np.nan) for track, skill in laws.items()} for name in dict.fromkeys(placed)}
    return pd.DataFrame(rows).T.round(2) + 0.0  # no negative zero


def _by_name(board: Board) -> dict[str, float]:
    return dict(zip(board.rows["predictor"], board.rows["skill"], strict=True))


def _draw_skill(axes: Axes, rows: pd.DataFrame) -> None:
    height = -np.arange(len(rows), dtype=float)
    for kind, colour in (("published law form", _LAWS), ("general-purpose predictor", _OTHERS)):
        mine = (rows["kind"] == kind).to_numpy()
        part = rows[mine]
        ends = np.abs(part[["skill_low", "skill_high"]].to_numpy(float).T - part["skill"].to_numpy(float))
        axes.errorbar(part["skill"], height[mine], xerr=ends, fmt="o", color=colour, markersize=5, elinewidth=1.6, label=kind)
    axes.axvline(0.0, color=_GREY, linewidth=0.8)
    axes.set_yticks(height, rows["predictor"])
    axes.set_xlim(min(0.0, float(rows["skill_low"].min())) - 0.03, 1.0)
    axes.set_xlabel("skill on track compute, with 95 % interval (0: nearest neighbour, 1: perfect)")
    axes.legend(loc="lower right", frameon=False)


def _draw_error(axes: Axes, rows: pd.DataFrame) -> None:
    x = np.arange(rows.shape[1])
    for i, (name, values) in enumerate(zip(rows.index, rows.to_numpy(float), strict=True)):
        axes.plot(x, values, marker="os^DvX"[i % 6], color=f"C{i}", linewidth=1.6, markersize=5, label=name)
    axes.set_yscale("log")
    ticks = [t for t in (0.5, 1, 2, 5, 10, 20, 50, 100) if 0.7 * np.nanmin(rows.to_numpy()) <= t <= 1.4 * np.nanmax(rows.to_numpy())]
    axes.set_yticks(ticks, [f"{t:g} %" for t in ticks])
    axes.minorticks_off()
    axes.set_xticks(x, list(map(str, rows)))
    axes.set_xlabel("compute of the median held-out run over that of the most expensive training run")
    axes.set_ylabel("mean absolute relative error")
    axes.legend(loc="upper left", frameon=False, ncols=2)


def _draw_tracks(axes: Axes, rows: pd.DataFrame) -> None:
    values = rows.to_numpy(float)
    axes.set_facecolor("#eeeeee")
    axes.imshow(np.ma.masked_invalid(values), cmap="RdYlBu", vmin=-1.0, vmax=1.0, aspect="auto")
    for (i, j), value in ((at, v) for at, v in np.ndenumerate(values) if not np.isnan(v)):
        axes.text(j, i, number(value, 2), ha="center", va="center", fontsize=9, color="white" if abs(value) > 0.72 else "black")
    axes.set_xticks(np.arange(rows.shape[1]), list(map(str, rows)), rotation=35, ha="right")
    axes.set_yticks(np.arange(rows.shape[0]), list(rows.index))
    axes.set_title("skill by track; grey: no task entered; a task not entered counts 0", fontsize=10, loc="left")
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


PICTURES: Mapping[str, tuple[Callable[[Results], pd.DataFrame], Callable[[Axes, pd.DataFrame], None], tuple[float, float]]] = {
    "skill": (_skill_data, _draw_skill, (7.4, 4.6)),
    "error": (_error_data, _draw_error, (7.4, 4.2)),
    "tracks": (_tracks_data, _draw_tracks, (9.2, 5.4)),
}
"""By name: the numbers of each picture, how they are drawn, and its size in inches."""


def digest(results: Results, name: str) -> str:
    """Return a hash of the numbers of a picture, which its SVG contains: the drawing itself differs between versions of matplotlib."""
    data, _, _ = PICTURES[name]
    return "data " + hashlib.sha256(csv_of(data(results), index=True).encode()).hexdigest()[:16]


def svg_of(results: Results, name: str) -> str:
    """Return a picture as SVG.

    Parameters
    ----------
    results : Results
        Results of a suite.
    name : str
        One of `PICTURES`.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    require("a picture", "plot", "matplotlib")
    import matplotlib
    from matplotlib.figure import Figure

    data, draw, size = PICTURES[name]
    with matplotlib.rc_context({"svg.hashsalt": "scalingbench", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        draw(axes, data(results))
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Description": digest(results, name)}, facecolor="white")
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def draw_pictures(results: Results, out: Path) -> list[Path]:
    """Draw every picture as SVG into a folder and return the files."""
    made = {out / f"{name}.svg": svg_of(results, name) for name in PICTURES}
    out.mkdir(parents=True, exist_ok=True)
    for path, text in made.items():
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return list(made)
