"""Plots of a collection: its curves, training and held-out points, and the predictions of a law."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.evaluation.predictor import usable
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.suite import Suite
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import replacing
from scalingbench.leaderboard.committed import load_stored
from scalingbench.leaderboard.law_panel import budgets_of, draw_budgets, draw_line, draw_residuals, path_of, scale_axis
from scalingbench.leaderboard.plot_axis import PlotAxis, axis_of_task
from scalingbench.predictors.registry import get, list_predictors, make

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_collection"]

FORMATS = (".png", ".svg", ".pdf")
_PANELS = 6
_SIZE = (4.2, 4.0)


def plot_collection(name: str, suite: Suite, out: Path, *, task_id: str | None = None, predictor: str | None = None) -> str:
    """Plot a collection's first task (or a named one) to a file.

    Parameters
    ----------
    name : str
        The collection.
    suite : Suite
        The suite of the task.
    out : Path
        ``.png``, ``.svg`` or ``.pdf``.
    task_id : str, optional
        One of the suite's tasks on the collection.
    predictor : str, optional
        The law to plot; by default the one with the smallest error on the task among the committed results.

    Returns
    -------
    str
        One line: file, task, curves and law.
    """
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"{out}: a picture ends in {', '.join(FORMATS)}")

    require("a picture", "plot", "matplotlib")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    task = _task(name, suite, task_id)
    law = get(predictor).name if predictor else _best(task, suite)
    folds = task.folds[:_PANELS]
    columns = min(3, len(folds))
    rows = -(-len(folds) // columns)
    size = (_SIZE[0] * columns, _SIZE[1] * rows)
    ratios = {"height_ratios": [3, 1] * rows}
    figure, axes = plt.subplots(2 * rows, columns, figsize=size, squeeze=False, layout="constrained", gridspec_kw=ratios)
    places = [(axes[2 * row, column], axes[2 * row + 1, column]) for row in range(rows) for column in range(columns)]
    for (axis, below), fold in zip(places, folds, strict=False):
        _panel(axis, below, task, fold, law)
    for unused in places[len(folds) :]:
        for axis in unused:
            axis.set_visible(False)
    if places[0][0].get_legend_handles_labels()[0]:
        places[0][0].legend(fontsize=7)
    figure.suptitle(f"{task.id}   {law}{_key(folds[0])}", fontsize=10)
    with replacing(out) as temporary:
        figure.savefig(temporary, dpi=150, format=out.suffix.lower().lstrip("."))
    plt.close(figure)
    shown = f"{len(folds)} of {len(task.folds)} curves" if len(folds) < len(task.folds) else f"{len(folds)} curve(s)"
    return f"{out}: {task.id}, {shown}, {law}"


def _key(fold: Fold) -> str:
    return "" if budgets_of(fold) is None else "; a colour a budget, hollow: held out, star: minimum"


def _task(name: str, suite: Suite, task_id: str | None) -> Task:
    load_collection(name)  # first, so that an unknown collection is reported before anything else
    tasks = [task for spec in suite.specs if spec.collection == name for task in build_tasks(spec)]
    if not tasks:
        raise InputError(f"suite {suite.name} has no task on {name!r}")
    chosen = [task for task in tasks if task_id in (None, task.id)]
    if not chosen:
        raise InputError(f"suite {suite.name} has no task {task_id!r}; on {name} it has {', '.join(t.id for t in tasks)}")
    return chosen[0]


def _best(task: Task, suite: Suite) -> str:
    known = {entry.name for entry in list_predictors()}
    scores = _committed_scores(task, suite)
    on_task = scores[(scores["task"] == task.id) & scores["predictor"].isin(known)].sort_values(["error", "predictor"])
    if len(on_task):
        return str(on_task["predictor"].iloc[0])
    specific = [e.name for e in list_predictors(task.track) if e.tracks and usable(make(e.name), task)]
    return get(specific[0] if specific else suite.reference).name


def _committed_scores(task: Task, suite: Suite) -> pd.DataFrame:
    """Return the stored scores with the fingerprint of the task; none if its rows have changed since."""
    stored = load_stored(suite)
    scores = pd.DataFrame(columns=["predictor", "task", "error", "fingerprint"]) if stored is None else stored.scores
    return scores[scores["fingerprint"] == task.fingerprint]


def _panel(axis: Axes, below: Axes, task: Task, fold: Fold, law: str) -> None:
    """Draw one fold: runs and law above, residuals below."""
    along, budgets = axis_of_task(task), budgets_of(fold)
    below.sharex(axis)
    if budgets is not None:
        along = PlotAxis("params", True)
    else:
        axis.plot(along.values(fold.X_train), fold.y_train, "o", ms=4, alpha=0.6, color="tab:blue", label="trained on")
        axis.plot(along.values(fold.X_test), fold.y_test, "s", ms=4, alpha=0.6, color="tab:orange", label="held out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = make(law).fit(fold.X_train, fold.y_train)
            if budgets is not None:
                draw_budgets(axis, model, fold, budgets)
            else:
                _draw(axis, model, fold, along, law)
            draw_residuals(below, model, fold, along, log=task.on_log_scale)
        except Exception as error:
            axis.text(0.05, 0.05, f"{law}: {type(error).__name__}", transform=axis.transAxes, fontsize=7)
    scale_axis(axis, task, fold, log=along.log)
    axis.set_title(fold.name, fontsize=8)
    axis.set_ylabel(task.spec.metric, fontsize=8)
    axis.tick_params(labelbottom=False)
    below.set_xlabel(along.label, fontsize=8)
    below.tick_params(labelsize=7)


def _draw(axis: Axes, model: Any, fold: Fold, along: PlotAxis, law: str) -> None:
    """Draw the law as a line, or its predictions of the held-out rows where no line leads to them."""
    path = path_of(fold, along)
    if path is not None:
        draw_line(axis, model, path, along, law)
    else:
        axis.plot(along.values(fold.X_test), model.predict(fold.X_test), "x", color="black", ms=4, label=law)
