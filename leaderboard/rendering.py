"""Boards as text: Markdown for people, CSV and JSON for programs, LaTeX for papers."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from leaderboard.ranking import Board

__all__ = ["Format", "caption", "render", "render_parts"]

Format = Literal["md", "csv", "json", "latex"]


def render(board: Board, form: Format) -> str:
    """Render a board.

    Parameters
    ----------
    board : Board
        The ranking.
    form : {"md", "csv", "json", "latex"}
        CSV and JSON hold full precision, the others what a reader needs.

    Raises
    ------
    ValueError
        If the format is none of these.
    """
    if form == "md":
        return _markdown(board)
    if form == "csv":
        return board.rows.to_csv(index=False).strip()
    if form == "json":
        return _json(board)
    if form == "latex":
        return _latex(board)
    raise ValueError(f"form: expected md, csv, json or latex, got {form!r}")


def caption(board: Board) -> str:
    """Return one sentence that says what the board ranks and how."""
    scope = f"suite {board.suite}" + (f", track {board.track}" if board.track else "")
    where = f"{_count(board.n_tasks, 'task')} of {_count(board.n_collections, 'collection')}"
    intervals = (
        f"[95 % intervals]: {board.n_resamples} bootstrap resamples of collections"
        if board.n_collections > 1
        else "no intervals: they are made by resampling collections, and there is one"
    )
    version = f" Board version {board.version}." if board.version else ""
    return f"{scope}: {where}; skill against {board.reference}; {intervals}.{version}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


_HEADER = ("rank", "predictor", "skill", "", "entered", "win rate", "", "Elo", "", "regret", "tasks", "failed fits", "fit ms")
_LEFT = {1}


def _cells(board: Board) -> list[list[str]]:
    return [
        [
            "" if row["variant_of"] else str(row["rank"]),
            f"- {row['predictor']}" if row["variant_of"] else row["predictor"],
            _number(row["skill"], 3),
            _interval(row["skill_low"], row["skill_high"], 2),
            _number(row["skill_entered"], 3),
            _number(row["win_rate"], 2),
            _interval(row["win_low"], row["win_high"], 2),
            _number(row["elo"], 0),
            _interval(row["elo_low"], row["elo_high"], 0),
            _number(row["regret"], 2),
            f"{row['tasks_entered']}/{row['tasks_total']}",
            str(row["failed_folds"]),
            # times are measured anew by every run: two digits, so that readers don't read more into them
            _time(row["fit_seconds"]),
        ]
        for row in board.rows.to_dict("records")
    ]


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _interval(low: float, high: float, digits: int) -> str:
    return "-" if math.isnan(low) else f"[{low:.{digits}f}, {high:.{digits}f}]"


def _time(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{float(f'{1000 * seconds:.2g}'):g}"


def _markdown(board: Board) -> str:
    lines = [list(_HEADER), *_cells(board)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADER))]
    rule = [("-" * w if i in _LEFT else "-" * (w - 1) + ":") if w > 1 else "-" for i, w in enumerate(widths)]
    return "\n".join([*(_row(line, widths) for line in (lines[0], rule, *lines[1:])), "", caption(board)])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (c.ljust(w) if i in _LEFT else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True)))
    return f"| {' | '.join(padded)} |"


def render_parts(table: pd.DataFrame, counts: pd.Series, by: str, form: Format) -> str:
    """Render skill on the parts of a suite, predictors x parts.

    Raises
    ------
    ValueError
        If the format is none of `Format`.
    """
    if form == "csv":
        return table.to_csv(index_label="predictor").strip()
    if form == "json":
        rows = {name: {part: _plain(v) for part, v in row.items()} for name, row in table.to_dict("index").items()}
        return json.dumps({"by": by, "tasks": {k: int(v) for k, v in counts.items()}, "skill": rows}, indent=2)
    header = ["predictor", *(f"{part} ({counts.to_dict()[part]})" for part in table)]
    lines = [header, *([str(name), *(_number(v, 3) for v in row)] for name, row in zip(table.index, table.to_numpy(), strict=True))]
    note = f"Skill by {by}; the number of tasks in brackets; '-' entered none of them."
    if form == "latex":
        body = [" & ".join(map(_escape, line)) + r" \\" for line in lines]
        frame = rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}", r"\end{tabular}"
        return "\n".join([frame[0], r"\toprule", body[0], r"\midrule", *body[1:], r"\bottomrule", frame[1], f"% {note}"])
    if form != "md":
        raise ValueError(f"form: expected md, csv, json or latex, got {form!r}")
    rule = ["---", *["---:"] * len(table.columns)]
    return "\n".join([*("| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:])), "", note])


def _json(board: Board) -> str:
    rows = [{k: _plain(v) for k, v in row.items()} for row in board.rows.to_dict("records")]
    facts = {
        k: getattr(board, k) for k in ("suite", "track", "n_tasks", "n_collections", "reference", "pool", "n_resamples", "seed", "version")
    }
    return json.dumps({**facts, "rows": rows}, indent=2)


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)) else value


_ESCAPES = {"\\": r"\textbackslash{}", **{c: "\\" + c for c in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _escape(text: str) -> str:
    # a leading bracket would be read as the optional argument of the line break before it
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    return escaped.replace("[", "{[}").replace("]", "{]}")


def _latex(board: Board) -> str:
    body = [" & ".join(map(_escape, line)) + r" \\" for line in _cells(board)]
    alignment = "".join("l" if i in _LEFT else "r" for i in range(len(_HEADER)))
    head = " & ".join(map(_escape, _HEADER)) + r" \\"
    lines = [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    note = rf"\multicolumn{{{len(_HEADER)}}}{{l}}{{\footnotesize {_escape(caption(board))}}}"
    return "\n".join([*lines, note, r"\end{tabular}"])
