"""Pictures of a collection: its curves, what is trained on and held out, and a law drawn through them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.data.collection import load_collection
from benchmark.evaluation.predictor import usable
from benchmark.tasks.selection import build_tasks
from benchmark.tasks.suite import Suite
from benchmark.tasks.task import Fold, Task
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_collection"]

_PANELS = 6
_SIZE = (4.2, 3.2)


def plot_collection(name: str, suite: Suite, out: Path, *, task_id: str | None = None, predictor: str | None = None) -> str:
    """Draw a collection's first task (or a named one) and write it as a picture.

    Parameters
    ----------
    name : str
        The collection.
    suite : Suite
        Where its tasks are taken from.
    out : Path
        ``.png``, ``.svg`` or ``.pdf``.
    task_id : str, optional
        One of the suite's tasks on the collection.
    predictor : str, optional
        Which law to draw; by default the one with the least error on the task among the committed results.

    Returns
    -------
    str
        One line that says what was drawn.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    task = _task(name, suite, task_id)
    law = predictor or _best(task, suite)
    folds = task.folds[:_PANELS]
    columns = min(3, len(folds))
    rows = -(-len(folds) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(_SIZE[0] * columns, _SIZE[1] * rows), squeeze=False, layout="constrained")
    for axis, fold in zip(axes.flat, folds, strict=False):
        _panel(axis, task, fold, law)
    for axis in list(axes.flat)[len(folds) :]:
        axis.set_visible(False)
    axes.flat[0].legend(fontsize=8)
    figure.suptitle(f"{task.id}   {law} drawn through", fontsize=10)
    with replacing(out) as temporary:
        figure.savefig(temporary, dpi=150, format=out.suffix.lstrip(".") or "png")
    plt.close(figure)
    shown = f"{len(folds)} of {len(task.folds)} curves" if len(folds) < len(task.folds) else f"{len(folds)} curve(s)"
    return f"{out}: {task.id}, {shown}, {law}"


def _task(name: str, suite: Suite, task_id: str | None) -> Task:
    load_collection(name)  # names an unknown collection before anything else
    tasks = [task for spec in suite.specs if spec.collection == name for task in build_tasks(spec)]
    if not tasks:
        raise InputError(f"suite {suite.name} has no task on {name!r}")
    chosen = [task for task in tasks if task_id in (None, task.id)]
    if not chosen:
        raise InputError(f"suite {suite.name} has no task {task_id!r}; on {name} it has {', '.join(t.id for t in tasks)}")
    return chosen[0]


def _best(task: Task, suite: Suite) -> str:
    from benchmark.scores.scoring import current_results, score
    from leaderboard.results import committed_results
    from predictors.registry import get, list_predictors, make

    results = current_results(committed_results(suite), (task,))
    if any(r.predictor == suite.reference for r in results):
        scores = score(results, (task,), suite.reference).sort_values("error")
        known = {entry.name for entry in list_predictors()}
        best = next((p for p in scores["predictor"] if p in known), None)
        if best is not None:
            return str(best)
    specific = [e.name for e in list_predictors(task.track) if e.tracks and usable(make(e.name), task)]
    return get(specific[0] if specific else suite.reference).name


def _panel(axis: Axes, task: Task, fold: Fold, law: str) -> None:
    from predictors.registry import make

    name = _axis_variable(task, fold)
    train, test = fold.X_train[name].to_numpy(float), fold.X_test[name].to_numpy(float)
    axis.plot(train, fold.y_train, "o", ms=4, alpha=0.6, color="tab:blue", label="trained on")
    axis.plot(test, fold.y_test, "s", ms=4, alpha=0.6, color="tab:orange", label="held out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = make(law).fit(fold.X_train, fold.y_train)
            x, y = _drawn(model, fold, name)
            axis.plot(x, y, "-" if len(fold.X_train.columns) == 1 else "x", color="black", lw=1, ms=4, label=law)
        except Exception as error:
            axis.text(0.05, 0.05, f"{law}: {type(error).__name__}", transform=axis.transAxes, fontsize=7)
    if (np.concatenate([train, test]) > 0).all():
        axis.set_xscale("log")
    if task.on_log_scale and (fold.y_train > 0).all():
        axis.set_yscale("log")
    axis.set_title(fold.name, fontsize=8)
    axis.set_xlabel(name, fontsize=8)
    axis.set_ylabel(task.spec.metric, fontsize=8)
    axis.tick_params(labelsize=7)


def _axis_variable(task: Task, fold: Fold) -> str:
    wanted = task.spec.scale or getattr(task.spec.split, "variable", None)
    numeric = list(fold.X_train.select_dtypes("number").columns)
    return wanted if wanted in numeric else numeric[0]


def _drawn(model: Any, fold: Fold, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth line for laws of one variable, else the predictions of the held-out rows."""
    import pandas as pd

    if len(fold.X_train.columns) > 1:
        return fold.X_test[name].to_numpy(float), model.predict(fold.X_test)
    both = np.concatenate([fold.X_train[name], fold.X_test[name]])
    positive = both[both > 0]
    x = np.geomspace(positive.min(), positive.max(), 200)
    return x, model.predict(pd.DataFrame({name: x}))
