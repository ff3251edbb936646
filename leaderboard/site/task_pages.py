"""Pages of tasks: runs, predictions of the best laws, residuals, and all scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.card import Card, load_card
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.scores.scoring import INTERVAL_LEVELS
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.names import slug
from scalingbench.leaderboard.plot_axis import PlotAxis, axis_of_task
from scalingbench.leaderboard.site.charts import axis_record, spread_evenly
from scalingbench.leaderboard.site.content import Page
from scalingbench.leaderboard.site.fits import fitted_lines
from scalingbench.leaderboard.site.links import paper_links, upstream_links
from scalingbench.leaderboard.site.material import Material

__all__ = ["task_index", "task_list", "task_pages"]

_LISTED = ("task", "track", "kind", "role", "far", "compute_share", "folds", "n_test", "weight")
_MOST_FOLDS = 8
_MOST_POINTS = 320
_DIGITS = 4
"""Significant digits of positions and interval ends; values and predictions, whose difference is drawn, have more."""
_SCORES = ("error", "ratio", "r2", "mape", "bias", "coverage", "regret", "failed", "folds", "fit_seconds")


def task_pages(material: Material) -> Iterator[Page]:
    """Yield a page per task. Predictors are written as their places in the list of all, which every page of a task loads."""
    number = {name: i for i, name in enumerate(material.results.predictors)}
    for name, facts in material.facts.items():
        own = material.scores_of_task.get(name, {})
        names = [str(n) for n in own.get("predictor", ())]
        card = load_card(str(facts["collection"]))
        values = {"name": name, "facts": facts, "best": names[0] if names else None, "n_scores": len(names), **_links(card)}
        values["suite_argument"] = "" if material.results.suite.name == DEFAULT_SUITE else f', "{material.results.suite.name}"'
        scores = {c: own[c] for c in _SCORES if own and not pd.isna(own[c]).all()}
        data: dict[str, Any] = {"task": name, "scores": {"predictor": [number[n] for n in names], **scores}}
        task = material.tasks.get(name)
        if task is not None:
            data |= _drawn(task, [material.stored[name, n] for n in material.drawn.get(name, ()) if (name, n) in material.stored])
        values["has_values"] = task is not None
        yield Page(f"tasks/{slug(name)}.html", "task.html.j2", values, data, ("chart", "scores", "task"), ("predictors",))


def _links(card: Card) -> dict[str, Any]:
    return {"papers": paper_links(card.scalingbench.papers), "upstream": upstream_links(card)}


def _drawn(task: Task, results: list[TaskResult]) -> dict[str, Any]:
    """Return the runs of the first folds, and predictions with the ends of their 80 % intervals."""
    axis, folds = axis_of_task(task), task.folds[:_MOST_FOLDS]
    most = _MOST_POINTS // len(folds)
    parts = [_fold(fold, axis, {r.predictor: r.folds[i] for r in results}, most) for i, fold in enumerate(folds)]
    about = {"metric": task.spec.metric, "x": axis_record(axis), "log": task.on_log_scale, "joined": len(task.variables) == 1}
    about["other"] = next((v for v in task.variables if v != axis.variable), None)
    return {**about, "laws": [r.predictor for r in results], "n_folds": len(task.folds), "folds": parts}


def _fold(fold: Fold, axis: PlotAxis, predicted: dict[str, FoldResult], most: int) -> dict[str, Any]:
    """Return training rows, held-out rows with their predictions, and lines; laws are in the order of `predicted`."""
    x, at = axis.values(fold.X_train), axis.values(fold.X_test)
    train, test = spread_evenly(np.arange(len(x)), most), spread_evenly(np.argsort(at, kind="stable"), most)
    found = list(predicted.values())
    ends = {end: [_at(f.quantiles.get(level), test) for f in found] for end, level in zip(("low", "high"), INTERVAL_LEVELS, strict=True)}
    p = [f.predictions[test] if f.status == "ok" else None for f in found]
    held_out = {"x": _short(at[test]), "y": fold.y_test[test], "p": p, **ends}
    lines = [
        {"at": line["at"], "x": _short(line["x"]), "y": [_short(line["y"][name]) if name in line["y"] else None for name in predicted]}
        for line in fitted_lines(fold, axis, predicted)
    ]
    return {"name": fold.name, "train": {"x": _short(x[train]), "y": fold.y_train[train]}, "test": held_out, "lines": lines}


def _at(values: np.ndarray | None, places: np.ndarray) -> list[float] | None:
    return None if values is None else _short(values[places])


def _short(values: np.ndarray) -> list[float]:
    return [float(f"{v:.{_DIGITS}g}") for v in values.tolist()]


def task_index() -> Page:
    """Return the page with the table of all tasks."""
    return Page("tasks.html", "tasks.html.j2", {"here": "tasks"}, scripts=("scores", "tasks"), lists=("tasks",))


def task_list(material: Material) -> dict[str, list[Any]]:
    """Return the columns of the table of all tasks, which the pages of predictors load too."""
    best = {name: str(own["predictor"][0]) for name, own in material.scores_of_task.items()}
    listed: dict[str, list[Any]] = {key: [facts[key] for facts in material.facts.values()] for key in _LISTED}
    return listed | {"best": [best.get(name, "") for name in material.facts]}
