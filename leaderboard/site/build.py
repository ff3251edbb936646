"""Puts the site's content together from results, tasks, cards and laws."""

from __future__ import annotations

import importlib
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.data.collection import load_collection
from benchmark.data.variables import metric_kind
from benchmark.evaluation.results import TaskResult, read_results
from benchmark.tasks.description import describe_collection
from benchmark.tasks.suite import Suite, task_table
from benchmark.tasks.task import Task
from leaderboard.citation import cite
from leaderboard.ranking import Board
from leaderboard.references import papers_of_collection
from leaderboard.result_files import committed_files
from leaderboard.results import not_ranked_on, ranked, scores_of
from leaderboard.significance import compare, draw
from leaderboard.site import CollectionPage, PredictorPage, SiteContent, TaskPage, write_site
from leaderboard.site.charts import binned_chart, calibration_chart, extrapolation_chart, points_chart, task_chart
from leaderboard.submissions.metadata import Submission, submissions
from predictors.registry import families, list_predictors
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing_folder

__all__ = ["build_site"]

Say = Callable[[str], None]
_TOP = 8
_SHOWN = 3
_MOST_ROWS = 300
_EXTRAPOLATION = (1.01, 2.0, 4.0, 8.0, 16.0, 64.0)
_SHARE = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7)


def build_site(suite: Suite, results: Path | None, out: Path, say: Say = lambda line: None) -> int:
    """Write the site of a suite from a folder of results.

    Parameters
    ----------
    suite : Suite
        The suite.
    results : Path, optional
        Folder of result files; by default those that come with the package.
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
        If there are no results, a library of the ``site`` extra is missing, or the folder holds something else.
    """
    _require_extra()
    if out.exists() and any(out.iterdir()) and not (out / "data" / "board.json").is_file():
        raise InputError(f"{out}: not empty, and not a site that was written here before")
    found = committed_files(suite.name) if results is None else sorted(results.glob("*.parquet"))
    files = {r[0].predictor: (file, r) for file in found if (r := read_results(file))}
    if not files:
        raise InputError(f"{results or suite.name}: holds no result files (*.parquet)")
    say(f"scoring {len(files)} predictors on {len(suite.tasks)} tasks")
    content = _content(suite, {name: r for name, (_, r) in files.items()}, {name: file for name, (file, _) in files.items()}, say)
    say("writing pages")
    with replacing_folder(out) as work:
        return write_site(content, work)


def _require_extra() -> None:
    for name in ("altair", "jinja2", "vl_convert"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise InputError(f"site: needs {name}: pip install 'scalingbench[site]'") from None


def _content(suite: Suite, by_predictor: dict[str, tuple[TaskResult, ...]], files: dict[str, Path], say: Say) -> SiteContent:
    results = tuple(r for rs in by_predictor.values() for r in rs)
    tasks = suite.tasks
    scores = scores_of(results, suite, tasks).merge(_result_rows(by_predictor), on=["predictor", "task"])
    board = ranked(scores, results, suite, tasks)
    tracks = {track: ranked(scores, results, suite, tasks, track) for track in sorted({str(t.track) for t in tasks if t.weight > 0})}
    heads = board.heads["predictor"]
    leaders = [str(name) for name in heads.head(_TOP)]
    comparison = compare(scores, task_table(tasks), [str(n) for n in heads.head(12)]) if len(heads) > 1 else None
    by_share = binned_chart(scores, leaders, "compute_share", "cost of the training runs / all runs", _SHARE)
    made = {
        "extrapolation": ("Error by extrapolation", binned_chart(scores, leaders, "extrapolation", "extrapolation factor", _EXTRAPOLATION)),
        "share": ("Error by share of compute spent", by_share),
        "calibration": ("Calibration", calibration_chart(results, tasks, _with_quantiles(by_predictor, heads))),
    }
    charts = {name: (title, chart) for name, (title, chart) in made.items() if chart is not None}
    say(f"pages of {len(by_predictor)} predictors")
    left_out, submitted = not_ranked_on(), submissions()
    predictors = [_predictor_page(str(row["predictor"]), row, scores, tracks, left_out, submitted) for row in board.rows.to_dict("records")]
    say(f"pages of {len(tasks)} tasks")
    pages = _task_pages(tasks, scores, by_predictor)
    say("pages of collections")
    names = sorted({t.collection for t in tasks})
    best = scores.sort_values(["error", "predictor"], kind="stable").drop_duplicates("task").set_index("task")
    collections = [_collection_page(name, suite, best) for name in names]
    return SiteContent(
        board,
        tracks,
        charts,
        _drawn(comparison),
        comparison.cliques if comparison else (),
        predictors,
        collections,
        pages,
        files,
    )


def _with_quantiles(by_predictor: dict[str, tuple[TaskResult, ...]], heads: pd.Series) -> list[str]:
    stored = {name for name, rs in by_predictor.items() if any(f.quantiles for r in rs for f in r.folds)}
    return [str(name) for name in heads if name in stored][:_TOP]


def _result_rows(by_predictor: dict[str, tuple[TaskResult, ...]]) -> pd.DataFrame:
    """Return which rows of a predictor's result file hold a task: one row is one fold, in the order written."""
    rows = []
    for name, results in by_predictor.items():
        start = 0
        for r in results:
            rows.append((name, r.task, f"{start}" if len(r.folds) == 1 else f"{start} to {start + len(r.folds) - 1}"))
            start += len(r.folds)
    return pd.DataFrame(rows, columns=["predictor", "task", "result_rows"])


def _drawn(comparison: Any) -> str:
    if comparison is None:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.svg"
        draw(comparison, path)
        return path.read_text(encoding="utf-8")


def _predictor_page(
    name: str,
    row: dict[Any, Any],
    scores: pd.DataFrame,
    tracks: dict[str, Board],
    left_out: Mapping[str, tuple[str, ...]],
    submitted: Mapping[str, Submission],
) -> PredictorPage:
    own = scores[scores["predictor"] == name].sort_values("ratio", kind="stable")
    about, latex, paper, constants = _described(name, submitted)
    places = [p for track, board in tracks.items() if (p := _place(board, track, name))]
    return PredictorPage(name, about, latex, paper, constants, row, places, _records(own), extrapolation_chart(own), left_out.get(name, ()))


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


def _task_pages(tasks: Sequence[Task], scores: pd.DataFrame, by_predictor: dict[str, tuple[TaskResult, ...]]) -> list[TaskPage]:
    stored: dict[str, dict[str, TaskResult]] = defaultdict(dict)
    for name, results in by_predictor.items():
        for r in results:
            stored[r.task][name] = r
    facts = {row["task"]: row for row in _records(task_table(tuple(tasks)))}
    variants = families()
    pages = []
    for task in tasks:
        own = scores[scores["task"] == task.id].sort_values(["error", "predictor"], kind="stable")
        leaders = own.assign(family=own["predictor"].map(lambda n: variants.get(n, n))).drop_duplicates("family")["predictor"]
        shown = [str(n) for n in leaders.head(_SHOWN)]
        best = [stored[task.id][n] for n in shown]
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


def _collection_page(name: str, suite: Suite, best: pd.DataFrame) -> CollectionPage:
    facts = describe_collection(name, suite)
    own = [t for t in suite.tasks if t.collection == name]
    rows = [
        {
            "task": t.id,
            "track": t.track,
            "best": best.loc[t.id, "predictor"],
            "error": best.loc[t.id, "error"],
            "ratio": best.loc[t.id, "ratio"],
        }
        for t in own
        if t.id in best.index
    ]
    table, metric = load_collection(name).table, own[0].spec.metric
    known = table[(table["metric"] == metric) & (table["flag"] == "")].select_dtypes("number")
    drawable = {str(v) for v in known if known[v][known[v] > 0].nunique() > 1}
    variable = next((v for t in own for v in ("flops", "tokens", "params", *t.variables) if v in drawable), None)
    chart = points_chart(table, metric, variable, metric_kind(metric).log) if variable else None
    return CollectionPage(name, facts, cite(papers_of_collection(name), "bibtex"), rows, chart)
