"""Pages of tasks: runs, predictions of the best laws, residuals, and all scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.card import Card, load_card
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.scores.scoring import INTERVAL_LEVELS
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.names import slug
from scalingbench.leaderboard.plot_axis import PlotAxis, axis_of_task
from scalingbench.leaderboard.site.charts import axis_record, thinned
from scalingbench.leaderboard.site.content import Page
from scalingbench.leaderboard.site.fits import fitted_lines
from scalingbench.leaderboard.site.links import paper_links, upstream_links
from scalingbench.leaderboard.site.material import Material, records

__all__ = ["task_index", "task_pages"]

_MOST_FOLDS = 8
_MOST_POINTS = 480
_SHOWN = 2
SCORES = ("predictor", "error", "ratio", "r2", "mape", "bias", "coverage", "regret", "failed", "folds", "fit_seconds")


def task_pages(material: Material) -> Iterator[Page]:
    """Yield a page per task."""
    for name, facts in material.facts.items():
        own = material.scores_of_task.get(name)
        card = load_card(str(facts["collection"]))
        scores = [] if own is None else records(own, SCORES)
        best = None if own is None else str(own["predictor"].iloc[0])
        values = {"name": name, "facts": facts, "best": best, "n_scores": len(scores), **_links(card)}
        values["suite_argument"] = "" if material.results.suite.name == DEFAULT_SUITE else f', "{material.results.suite.name}"'
        data: dict[str, Any] = {"task": name, "scores": _by_column(scores)}
        task = material.tasks.get(name)
        if task is not None:
            data |= _drawn(task, [] if own is None else _shown(own, material))
        values["has_values"] = task is not None
        yield Page(f"tasks/{slug(name)}.html", "task.html.j2", values, data, ("chart", "scores", "task"))


def _links(card: Card) -> dict[str, Any]:
    return {"papers": paper_links(card.scalingbench.papers), "upstream": upstream_links(card)}


def _by_column(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [row[key] for row in rows] for key in (rows[0] if rows else ())}


def _shown(scores: pd.DataFrame, material: Material) -> list[TaskResult]:
    """Return the predictions of the best predictors of all and of the published laws, one per family, as far as they are available."""
    families = [str(name) for name in scores.drop_duplicates("family")["predictor"]]
    published = [name for name in families if material.kinds[name] == "published"]
    task = str(scores["task"].iloc[0])
    keys = [(task, name) for name in dict.fromkeys([*families[:_SHOWN], *published[:_SHOWN]])]
    return [material.stored[key] for key in keys if key in material.stored]


def _drawn(task: Task, results: list[TaskResult]) -> dict[str, Any]:
    """Return the runs of the first folds, and predictions with the ends of their 80 % intervals."""
    axis, folds = axis_of_task(task), task.folds[:_MOST_FOLDS]
    most = _MOST_POINTS // len(folds)
    parts = [_fold(fold, axis, {r.predictor: r.folds[i] for r in results}, most) for i, fold in enumerate(folds)]
    about = {"metric": task.spec.metric, "x": axis_record(axis), "log": task.on_log_scale, "joined": len(task.variables) == 1}
    about["other"] = next((v for v in task.variables if v != axis.variable), None)
    return {**about, "laws": [r.predictor for r in results], "n_folds": len(task.folds), "folds": parts}


def _fold(fold: Fold, axis: PlotAxis, predicted: dict[str, FoldResult], most: int) -> dict[str, Any]:
    train = thinned(pd.DataFrame({"x": axis.values(fold.X_train), "y": fold.y_train}), most)
    held_out = pd.DataFrame({"x": axis.values(fold.X_test), "y": fold.y_test})
    for name, f in predicted.items():
        if f.status == "ok":
            held_out[f"p {name}"] = f.predictions
            for end, level in zip(("low", "high"), INTERVAL_LEVELS, strict=True):
                if level in f.quantiles:
                    held_out[f"{end} {name}"] = f.quantiles[level]
    held_out = thinned(held_out.sort_values("x", kind="stable"), most)
    lines = fitted_lines(fold, axis, predicted)
    return {"name": fold.name, "train": train.to_dict("list"), "test": held_out.to_dict("list"), "lines": lines}


def task_index(material: Material) -> Page:
    """Return the page with the table of all tasks."""
    keys = ("task", "track", "kind", "role", "far", "compute_share", "folds", "n_test", "weight")
    best = {name: str(own["predictor"].iloc[0]) for name, own in material.scores_of_task.items()}
    rows = [{**{key: facts[key] for key in keys}, "best": best.get(name, "")} for name, facts in material.facts.items()]
    return Page("tasks.html", "tasks.html.j2", {"here": "tasks"}, {"tasks": _by_column(rows)}, ("scores", "tasks"))
