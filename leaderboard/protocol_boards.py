"""Boards by other people's rules, with their published scores beside ours."""

from __future__ import annotations

import importlib.resources
import json

import numpy as np
import pandas as pd

__all__ = ["published_scores", "render_revisiting_nsl", "render_sldbench", "sldbench_board"]

SLDBENCH_TASKS = ("parallel", "vocab", "sft", "domain_mixture", "moe", "data_constrained", "lr_bsz", "easy_question")
_NOT_ENTERED = -1.0


def published_scores(name: str) -> pd.DataFrame:
    """Return the scores that a benchmark published, one row per entry, indexed by predictor."""
    file = importlib.resources.files("leaderboard") / "published" / f"{name}.csv"
    with importlib.resources.as_file(file) as path:
        return pd.read_csv(path, index_col="predictor")


def sldbench_board(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank predictors by their mean clipped R2 over the eight tasks; a task not entered counts -1, as a missing run does there.

    Parameters
    ----------
    scores : DataFrame
        From `benchmark.scores.protocols.sldbench`.

    Returns
    -------
    DataFrame
        Indexed by predictor: source (ours or published), one column per task, mean, mean_within.
    """
    ours = scores.pivot(index="predictor", columns="task", values="r2").reindex(columns=SLDBENCH_TASKS)
    board = pd.concat([ours.assign(source="ours"), published_scores("sldbench").assign(source="published, not re-run")])
    board["mean"] = board[list(SLDBENCH_TASKS)].fillna(_NOT_ENTERED).mean(axis=1)
    within = scores.groupby("predictor")["within_r2"].median()
    board["median_within"] = within.reindex(board.index)
    return board[["source", "mean", *SLDBENCH_TASKS, "median_within"]].sort_values(["mean"], ascending=False, kind="stable")


def render_sldbench(scores: pd.DataFrame, form: str, top: int | None = None) -> str:
    """Render the first rows of the SLDBench board as Markdown, CSV or JSON."""
    note = (
        "R2 over the pooled held-out rows of a task, clipped to [-1, 1] (SLDBench's protocol); '-' was not entered and counts -1 "
        "in the mean; median_within is the median over tasks of R2 with the level of each group taken out."
    )
    return _render(sldbench_board(scores)[:top], form, note)


def render_revisiting_nsl(table: pd.DataFrame, form: str, top: int | None = None) -> str:
    """Render the board of the 92 curves as Markdown, CSV or JSON, with the published means of the language domains."""
    published = published_scores("revisiting-nsl").add_suffix("_error")
    published.index = [f"{name} (published)" for name in published.index]
    board = pd.concat([table.assign(source="ours"), published.assign(source="published, not re-run")])
    errors = [c for c in map(str, board) if c.endswith("_error")]
    order = [c for d in ("IC", "NMT", "LM", "BB") for c in (f"{d}_error", f"{d}_wins") if c in board]
    board["_"] = board[errors].rank().mean(axis=1)
    board = board.sort_values("_", kind="stable")[["source", *order]]
    note = "Mean RMSLE of a domain's curves, and share of curves won (errors truncated to three decimals, ties share)."
    return _render(board[:top], form, note, digits=4)


def _render(board: pd.DataFrame, form: str, note: str, digits: int = 3) -> str:
    if form == "csv":
        return board.to_csv(index_label="predictor").strip()
    if form == "json":
        rows = board.reset_index(names="predictor").replace({np.nan: None}).to_dict("records")
        return json.dumps({"note": note, "rows": rows}, indent=2)
    if form != "md":
        raise ValueError(f"form: expected md, csv or json for this board, got {form!r}")
    header = ["predictor", *board.columns]
    lines = [[str(name), *(_cell(v, digits) for v in row)] for name, row in zip(board.index, board.to_numpy(), strict=True)]
    rule = ["---", "---", *["---:"] * (len(header) - 2)]
    return "\n".join([*("| " + " | ".join(line) + " |" for line in (header, rule, *lines)), "", note])


def _cell(value: object, digits: int) -> str:
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return "-" if np.isnan(number) else f"{number:.{digits}f}"
