"""Puts the site's content together from results, tasks, cards and laws."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.data.card import load_card
from benchmark.data.collection import load_collection
from benchmark.data.variables import metric_kind
from benchmark.evaluation.results import TaskResult
from benchmark.tasks.description import describe_collection
from benchmark.tasks.task import Task
from leaderboard.board import Board
from leaderboard.citation import cite
from leaderboard.plot_axis import axis_of_collection
from leaderboard.results import Results
from leaderboard.significance import Comparison, draw
from leaderboard.site import Chart, CollectionPage, PredictorPage, SiteContent, TaskPage, write_site
from leaderboard.site.charts import binned_chart, calibration_chart, extrapolation_chart, points_chart, task_chart
from leaderboard.submissions.metadata import Submission, submissions
from predictors.registry import list_predictors
from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import replacing_folder

__all__ = ["build_site", "check_site_can_be_written"]

Say = Callable[[str], None]
_TOP = 8
_SHOWN = 3
_MOST_ROWS = 300
_EXTRAPOLATION = (1.01, 2.0, 4.0, 8.0, 16.0, 64.0)
_SHARE = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)


def build_site(results: Results, out: Path, say: Say = lambda line: None) -> int:
    """Write the site of a suite's results.

    Parameters
    ----------
    results : Results
        Read from files, which are copied beside the pages.
    out : Path
        A new folder, or one that this function wrote before, which is then replaced: whole or not at all.
    say : callable
        Told what is being done.

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    InputError
        If a library of the ``site`` extra is missing, or the folder holds something else.
    """
    check_site_can_be_written(out)
    say(f"scoring {len(results.predictors)} predictors on {len(results.tasks)} tasks")
    content = _content(results, say)
    say("writing pages")
    with replacing_folder(out) as work:
        return write_site(content, work)


def check_site_can_be_written(out: Path) -> None:
    """Refuse, before any result is read, what would stop the writing of the site.

    Raises
    ------
    InputError
        If a library of the ``site`` extra is missing, or the folder holds something else.
    """
    require("the site", "site", "altair", "jinja2", "vl_convert", "matplotlib")
    if out.exists() and any(out.iterdir()) and not (out / "data" / "board.json").is_file():
        raise InputError(f"{out}: not empty, and not a site that was written here before")


@dataclass(frozen=True)
class _Material:
    """What all pages are made from; the scores also say which rows of the result file they are of."""

    results: Results
    scores: pd.DataFrame
    board: Board
    tracks: Mapping[str, Board]


def _content(results: Results, say: Say) -> SiteContent:
    scores = results.scores.merge(_result_rows(results), on=["predictor", "task"])
    scores = scores[scores["task"].isin([t.id for t in results.tasks])]  # a task has a page where its data are at hand
    counted = sorted({str(t.track) for t in results.tasks if t.weight > 0})
    made = _Material(results, scores, results.board(), {track: results.select(track=track).board() for track in counted})
    comparison = results.compare() if len(made.board.heads) > 1 else None
    say(f"pages of {len(results.predictors)} predictors")
    submitted = submissions()
    predictors = [_predictor_page(row, made, submitted) for row in made.board.rows.to_dict("records")]
    say(f"pages of {len(results.tasks)} tasks")
    tasks = _task_pages(made)
    say("pages of collections")
    best = _records(scores.sort_values(["error", "predictor"], kind="stable").drop_duplicates("task"))
    collections = [_collection_page(name, results, best) for name in sorted({t.collection for t in results.tasks})]
    cliques = comparison.cliques if comparison else ()
    return SiteContent(made.board, made.tracks, _charts(made), _drawn(comparison), cliques, predictors, collections, tasks, results.files)


def _charts(made: _Material) -> dict[str, tuple[str, Chart]]:
    """Return the charts of the first page, by identifier: title and specification; those without data are left out."""
    leaders = [str(name) for name in made.board.heads["predictor"].head(_TOP)]
    by_reach = binned_chart(made.scores, leaders, "extrapolation", "extrapolation factor", _EXTRAPOLATION)
    by_share = binned_chart(made.scores, leaders, "compute_share", "cost of the training runs / all runs", _SHARE)
    calibration = calibration_chart(made.results.results, made.results.tasks, _with_quantiles(made))
    charts = {
        "extrapolation": ("Error by extrapolation", by_reach),
        "share": ("Error by share of compute spent", by_share),
        "calibration": ("Calibration", calibration),
    }
    return {name: (title, chart) for name, (title, chart) in charts.items() if chart is not None}


def _with_quantiles(made: _Material) -> list[str]:
    """Return the first predictors of the board whose quantiles are stored."""
    stored = {r.predictor for r in made.results.results if any(f.quantiles for f in r.folds)}
    return [str(name) for name in made.board.heads["predictor"] if name in stored][:_TOP]


def _result_rows(results: Results) -> pd.DataFrame:
    """Return which rows of a predictor's result file hold a task: one row is one fold, in the order written."""
    rows = []
    start: dict[str, int] = defaultdict(int)
    for r in results.results:
        first = start[r.predictor]
        rows.append((r.predictor, r.task, f"{first}" if len(r.folds) == 1 else f"{first} to {first + len(r.folds) - 1}"))
        start[r.predictor] += len(r.folds)
    return pd.DataFrame(rows, columns=["predictor", "task", "result_rows"])


def _drawn(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.svg"
        draw(comparison, path)
        return path.read_text(encoding="utf-8")


def _predictor_page(row: dict[Any, Any], made: _Material, submitted: Mapping[str, Submission]) -> PredictorPage:
    name = str(row["predictor"])
    own = made.scores[made.scores["predictor"] == name].sort_values("ratio", kind="stable")
    about, latex, paper, constants = _described(name, submitted)
    places = [p for track, board in made.tracks.items() if (p := _place(board, track, name))]
    left_out = made.results.exclusions.get(name, ())
    return PredictorPage(name, about, latex, paper, constants, row, places, _records(own), extrapolation_chart(own), left_out)


def _described(name: str, submitted: Mapping[str, Submission]) -> tuple[str, str, str, str]:
    """Return description, formula, source and constants of a predictor; little is known of one that is not registered."""
    if name in submitted:
        return f"Submitted by {submitted[name].authors}, {submitted[name].year}.", "", submitted[name].paper, ""
    entry = {e.name: e for e in list_predictors()}.get(name)
    if entry is None:
        return "", "", "", ""
    model = entry.make()
    formula = type(model).latex() if hasattr(type(model), "latex") else ""
    constants = ", ".join(p.name for p in getattr(model, "parameters", ()))
    return (type(model).__doc__ or "").strip().splitlines()[0], formula, entry.paper, constants


def _place(board: Board, track: str, name: str) -> dict[str, Any] | None:
    rows = board.rows.reset_index(drop=True)
    found = rows.index[rows["predictor"] == name]
    if not len(found):
        return None
    row = rows.loc[found[0]].to_dict()
    place = f"{row['rank']} of {len(board.heads)}" if row["variant_of"] == "" else "a variant"
    keys = {"skill": "skill", "low": "skill_low", "high": "skill_high", "entered": "tasks_entered", "tasks": "tasks_total"}
    return {"track": track, "place": place, **{k: row[v] for k, v in keys.items()}}


def _records(scores: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in scores.to_dict("records")]


def _task_pages(made: _Material) -> list[TaskPage]:
    stored = {(r.task, r.predictor): r for r in made.results.results}
    facts = {row["task"]: row for row in _records(made.results.task_table)}
    pages = []
    for task in made.results.tasks:
        own = made.scores[made.scores["task"] == task.id].sort_values(["error", "predictor"], kind="stable")
        shown = [str(n) for n in own.drop_duplicates("family")["predictor"].head(_SHOWN)]
        best = [stored[task.id, n] for n in shown]
        rows, n = _predictions(task, best)
        pages.append(TaskPage(task.id, task.collection, facts[task.id], _records(own), task_chart(task, best), shown, rows, n))
    return pages


def _predictions(task: Task, results: Sequence[TaskResult]) -> tuple[list[dict[str, Any]], int]:
    """Return the first held-out rows with inputs, measured value and predictions, and how many there are."""
    rows: list[dict[str, Any]] = []
    for i, fold in enumerate(task.folds):
        for j in range(min(len(fold.y_test), _MOST_ROWS - len(rows))):
            inputs = {str(k): v for k, v in fold.X_test.iloc[j].items()}
            predicted = {r.predictor: float(r.folds[i].predictions[j]) if r.folds[i].status == "ok" else None for r in results}
            rows.append({"fit": fold.name, **inputs, "measured": float(fold.y_test[j]), **predicted})
    return rows, sum(len(f.y_test) for f in task.folds)


def _collection_page(name: str, results: Results, best: Sequence[Mapping[str, Any]]) -> CollectionPage:
    own = [t for t in results.tasks if t.collection == name]
    found = {row["task"]: row for row in best}
    rows = [{"task": t.id, "track": t.track, **_best_of(found[t.id])} for t in own if t.id in found]
    table, metric = load_collection(name).table, own[0].spec.metric
    points = table[(table["metric"] == metric) & (table["flag"] == "")]
    axis = axis_of_collection(points, own)
    chart = points_chart(points, metric, axis, metric_kind(metric).log) if axis.variable else None
    return CollectionPage(name, describe_collection(name, results.suite), cite(load_card(name).scalingbench.papers, "bibtex"), rows, chart)


def _best_of(score: Mapping[str, Any]) -> dict[str, Any]:
    return {"best": score["predictor"], "error": score["error"], "ratio": score["ratio"]}
