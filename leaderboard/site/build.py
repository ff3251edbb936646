"""Build the content of the site from results, tasks, cards and laws."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.tasks.description import describe_card, describe_collection
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import replacing_folder
from scalingbench.common.tables import Table
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.citation import cite
from scalingbench.leaderboard.plot_axis import axis_of_collection
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.significance import Comparison, draw
from scalingbench.leaderboard.site import Chart, CollectionPage, PredictorPage, SiteContent, TaskPage, write_site
from scalingbench.leaderboard.site.charts import binned_chart, calibration_chart, extrapolation_chart, points_chart, task_chart
from scalingbench.leaderboard.site.material import Material, material_of
from scalingbench.leaderboard.submissions.metadata import Submission, submissions
from scalingbench.leaderboard.suite_board import SuiteBoard
from scalingbench.predictors.registry import list_predictors

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
        Results read from files, which are copied into the site.
    out : Path
        A new folder, or one that this function wrote before, which is then replaced atomically.
    say : callable
        Function that receives progress messages.

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    InputError
        If a library of the ``site`` extra is missing, or the folder has other content.
    """
    check_site_can_be_written(out)
    say(f"scoring {len(results.predictors)} predictors")
    content = _content(results, say)
    say("writing pages")
    with replacing_folder(out) as work:
        return write_site(content, work)


def check_site_can_be_written(out: Path) -> None:
    """Raise an error, before any result is read, if the site cannot be written.

    Raises
    ------
    InputError
        If a library of the ``site`` extra is missing, or the folder has other content.
    """
    require("the site", "site", "altair", "jinja2", "vl_convert", "matplotlib")
    if out.exists() and any(out.iterdir()) and not (out / "data" / "board.json").is_file():
        raise InputError(f"{out}: not empty, and not a site written by this command")


def _content(results: Results, say: Say) -> SiteContent:
    material = material_of(results)
    comparison = results.compare() if len(material.everyone.heads) > 1 else None
    say(f"pages of {len(results.predictors)} predictors")
    predictors = _predictor_pages(material)
    say(f"pages of {len(material.facts)} tasks")
    tasks = _task_pages(material)
    say("pages of collections")
    collections = _collection_pages(material)
    return SiteContent(
        material.board,
        material.tracks,
        _summaries(material),
        _charts(material),
        _drawn(comparison),
        comparison.cliques if comparison else (),
        predictors,
        collections,
        tasks,
        results.suite.rules.general,
        results.files,
    )


def _summaries(material: Material) -> list[Table]:
    """Return the tables above the board, tracks first, and below it."""
    assert isinstance(material.board, SuiteBoard)
    cut = material.board.cut(variants=False)
    inside = material.results.by("reach", what="coverage")
    slices = [material.results.by("reach", _TOP), *([inside] if len(inside.rows) else [])]
    return [table for table in (cut.track_table(), *(s.table() for s in slices), cut.specialist_table()) if table.rows]


def _charts(material: Material) -> dict[str, tuple[str, Chart]]:
    """Return the charts of the first page, by identifier: title and specification; charts without data are left out."""
    leaders = [str(name) for name in material.board.heads["predictor"].head(_TOP)]
    axis = "median held-out run / most expensive training run"
    by_reach = binned_chart(material.ranked_scores, leaders, "extrapolation", axis, _EXTRAPOLATION)
    by_share = binned_chart(material.ranked_scores, leaders, "compute_share", "cost of the training runs / all runs", _SHARE)
    calibration = calibration_chart(material.results.results, material.ranked_tasks, _with_quantiles(material))
    charts = {
        "extrapolation": ("Error by extrapolation", by_reach),
        "share": ("Error by share of compute spent", by_share),
        "calibration": ("Calibration", calibration),
    }
    return {name: (title, chart) for name, (title, chart) in charts.items() if chart is not None}


def _with_quantiles(material: Material) -> list[str]:
    """Return the first predictors of the board whose quantiles are stored."""
    stored = {r.predictor for r in material.results.results if any(f.quantiles for f in r.folds)}
    return [str(name) for name in material.board.heads["predictor"] if name in stored][:_TOP]


def _drawn(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.svg"
        draw(comparison, path)
        return path.read_text(encoding="utf-8")


def _predictor_pages(material: Material) -> list[PredictorPage]:
    submitted = submissions()
    rows = material.everyone.rows.to_dict("records")
    ranked = {str(row["predictor"]) for row in rows}
    elsewhere: list[dict[Any, Any]] = [{"predictor": name} for name in material.results.predictors if name not in ranked]
    return [_predictor_page(row, material, submitted) for row in (*rows, *elsewhere)]


def _predictor_page(row: dict[Any, Any], material: Material, submitted: Mapping[str, Submission]) -> PredictorPage:
    """Return the page of a predictor; its row has only the name if it entered no task that the board ranks on."""
    name = str(row["predictor"])
    own = material.scores[material.scores["predictor"] == name].sort_values("ratio", kind="stable")
    drawn = material.ranked_scores[material.ranked_scores["predictor"] == name].sort_values("ratio", kind="stable")
    about, latex, paper, constants = _described(name, submitted)
    places = [p for track, board in material.tracks.items() if (p := _place(board, track, name))]
    left_out = material.results.exclusions.get(name, ())
    chart = extrapolation_chart(drawn) if len(drawn) else None
    return PredictorPage(name, about, latex, paper, constants, row if len(row) > 1 else None, places, _records(own), chart, left_out)


def _described(name: str, submitted: Mapping[str, Submission]) -> tuple[str, str, str, str]:
    """Return description, formula, source and constants of a predictor; unknown ones are empty."""
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


def _task_pages(material: Material) -> list[TaskPage]:
    stored = {(r.task, r.predictor): r for r in material.results.results}
    with_values = {task.id: task for task in material.tasks}
    pages = []
    for name, facts in material.facts.items():
        own = material.scores[material.scores["task"] == name].sort_values(["error", "predictor"], kind="stable")
        page = TaskPage(name, str(facts["collection"]), facts, _records(own))
        if (task := with_values.get(name)) is not None:
            shown = [str(n) for n in own.drop_duplicates("family")["predictor"].head(_SHOWN)]
            best = [stored[name, n] for n in shown]
            rows, n = _predictions(task, best)
            page = replace(page, chart=task_chart(task, best), shown=shown, predictions=rows, n_predictions=n)
        pages.append(page)
    return pages


def _predictions(task: Task, results: Sequence[TaskResult]) -> tuple[list[dict[str, Any]], int]:
    """Return the first held-out rows with inputs, measured value and predictions, and the number of all rows."""
    rows: list[dict[str, Any]] = []
    for i, fold in enumerate(task.folds):
        for j in range(min(len(fold.y_test), _MOST_ROWS - len(rows))):
            inputs = {str(k): v for k, v in fold.X_test.iloc[j].items()}
            predicted = {r.predictor: float(r.folds[i].predictions[j]) if r.folds[i].status == "ok" else None for r in results}
            rows.append({"fit": fold.name, **inputs, "measured": float(fold.y_test[j]), **predicted})
    return rows, sum(len(f.y_test) for f in task.folds)


def _collection_pages(material: Material) -> list[CollectionPage]:
    best = material.best()
    tasks: dict[str, list[dict[str, Any]]] = {}
    for name, facts in material.facts.items():
        found = [{"task": name, "track": facts["track"], **_best_of(best[name])}] if name in best else []
        tasks.setdefault(str(facts["collection"]), []).extend(found)
    return [_collection_page(name, tasks[name], material) for name in sorted(tasks)]


def _collection_page(name: str, rows: list[dict[str, Any]], material: Material) -> CollectionPage:
    own = [t for t in material.tasks if t.collection == name]
    citation = cite(load_card(name).scalingbench.papers, "bibtex")
    if not own:
        return CollectionPage(name, describe_card(name), citation, rows, None)
    table, metric = load_collection(name).table, own[0].spec.metric
    points = table[(table["metric"] == metric) & (table["flag"] == "")]
    axis = axis_of_collection(points, own)
    chart = points_chart(points, metric, axis, metric_kind(metric).log) if axis.variable else None
    return CollectionPage(name, describe_collection(name, material.results.suite), citation, rows, chart)


def _best_of(score: Mapping[str, Any]) -> dict[str, Any]:
    return {"best": score["predictor"], "error": score["error"], "ratio": score["ratio"]}
