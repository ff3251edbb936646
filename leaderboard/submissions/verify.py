"""Make and verify submissions: the code is run again, confined, and every prediction compared."""

from __future__ import annotations

import ast
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path

import numpy as np
import yaml

from benchmark.evaluation.confined_predictor import Submitted, load_submitted
from benchmark.evaluation.isolation import available
from benchmark.evaluation.predictor import usable
from benchmark.evaluation.results import FoldResult, TaskResult, read_results, slug, write_results
from benchmark.evaluation.run import run_suite
from benchmark.scores.scoring import stale_results
from benchmark.tasks.suite import Suite
from benchmark.tasks.task import Task
from leaderboard.submissions.metadata import METADATA, RESULTS, SOURCE, Submission, check_license, read_submission
from predictors.registry import list_predictors
from scalingbench.common.defaults import TOLERANCE
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing_folder

__all__ = ["Progress", "can_confine", "submit", "verify"]

Progress = Callable[[int, int, str], None]


def can_confine(required: bool) -> bool:
    """Return whether workers can be confined here.

    Raises
    ------
    InputError
        If it is required and they can't.
    """
    if available():
        return True
    if required:
        raise InputError("isolation: this system has no Landlock (Linux 5.13 or later); verify on a machine that has")
    return False


def submit(
    source: Path,
    submission: Submission,
    suite: Suite,
    out: Path,
    *,
    jobs: int,
    time_limit: float,
    progress: Progress,
) -> tuple[Path, tuple[TaskResult, ...]]:
    """Run a predictor on a suite and write its submission.

    Parameters
    ----------
    source : Path
        The file that holds the class.
    submission : Submission
        What it says of itself.
    suite : Suite
        All of its bundled tasks are run.
    out : Path
        Folder of submissions; the submission becomes ``<out>/<slug of its name>``.

    Returns
    -------
    tuple
        The submission's folder, and its results.

    Raises
    ------
    InputError
        If the name is taken, the folder exists, or the predictor can enter no task.
    """
    folder = out / slug(submission.name)
    if folder.exists():
        raise InputError(f"{folder}: exists already; remove it to submit anew")
    if submission.name in {entry.name for entry in list_predictors()}:
        raise InputError(f"name: {submission.name!r} is a predictor of the board; choose another")
    check_license(submission.license, "--license")
    confined = can_confine(required=False)
    predictor = load_submitted(source, submission.predictor, confined=confined)
    with replacing_folder(folder) as made, tempfile.TemporaryDirectory() as work:
        results = run_suite(
            {submission.name: predictor},
            suite.tasks,
            Path(work),
            suite=suite.name,
            jobs=jobs,
            time_limit=time_limit,
            progress=progress,
            confined=confined,
        )
        _write(made, source, submission, results)
    return folder, results


def _write(folder: Path, source: Path, submission: Submission, results: Iterable[TaskResult]) -> None:
    shutil.copyfile(source, folder / SOURCE)
    write_results(folder / RESULTS, results)
    (folder / METADATA).write_text(yaml.safe_dump(submission.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in _requirements(source)), encoding="utf-8")
    environment = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
    (folder / "environment.json").write_text(json.dumps(environment, indent=2) + "\n", encoding="utf-8")


def _requirements(source: Path) -> list[str]:
    """Return the packages that a source imports, pinned to what is installed."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    known = packages_distributions()
    found = {d for name in names for d in known.get(name, ())[:1]}
    return sorted(f"{d}=={version(d)}" for d in found - {"scalingbench"})


def verify(
    folder: Path,
    suite: Suite,
    *,
    jobs: int,
    time_limit: float,
    tolerance: float = TOLERANCE,
    require_isolation: bool = False,
    progress: Progress,
) -> tuple[Submission, tuple[TaskResult, ...]]:
    """Run a submission again and compare every prediction.

    A difference is relative to the prediction, or to 1 % of the spread of the fold's values where that is larger.

    Returns
    -------
    tuple
        What the submission says of itself, and the results of this run.

    Raises
    ------
    LeaderboardError
        If the folder is not whole, or its licence or source is not in order.
    InputError
        If its results are of other tasks, incomplete, or don't recompute; names task, fold and row.
    """
    submission = read_submission(folder)
    stored = read_results(folder / RESULTS)
    _whose(stored, submission, folder)
    stale = stale_results(stored, suite.tasks)
    if stale:
        raise InputError(f"{folder}: {stale[0].task}: stale fingerprint: its rows are not those of suite {suite.name} today; submit anew")
    confined = can_confine(require_isolation)
    predictor = load_submitted(folder / SOURCE, submission.predictor, confined=confined)
    _complete(stored, predictor, suite.tasks, folder)
    with tempfile.TemporaryDirectory() as work:
        again = run_suite(
            {submission.name: predictor},
            suite.tasks,
            Path(work),
            suite=suite.name,
            jobs=jobs,
            time_limit=time_limit,
            progress=progress,
            confined=confined,
        )
    found = {r.task: r for r in again}
    by_id = {t.id: t for t in suite.tasks}
    for result in stored:
        _compare(result, found[result.task], by_id[result.task], folder, tolerance)
    return submission, again


def _whose(stored: Sequence[TaskResult], submission: Submission, folder: Path) -> None:
    for result in stored:
        if result.predictor != submission.name or result.suite != submission.suite:
            raise InputError(f"{folder}: {result.task}: result of {result.predictor!r} on suite {result.suite!r}, not of this submission")


def _complete(stored: Sequence[TaskResult], predictor: Submitted, tasks: Sequence[Task], folder: Path) -> None:
    expected = {t.id for t in tasks if usable(predictor, t)}
    held = [r.task for r in stored]
    for task in sorted(expected ^ set(held)):
        raise InputError(f"{folder}: {task}: {'no result' if task in expected else 'a result of a task that it cannot enter'}")
    if len(held) != len(set(held)):
        raise InputError(f"{folder}: two results of one task")


def _compare(stored: TaskResult, again: TaskResult, task: Task, folder: Path, tolerance: float) -> None:
    if [f.fold for f in stored.folds] != [f.fold for f in again.folds]:
        raise InputError(f"{folder}: {task.id}: other folds than the task's")
    for ours, theirs, fold in zip(again.folds, stored.folds, task.folds, strict=True):
        where = f"{folder}: {task.id}, fold {fold.name!r}"
        if ours.status != theirs.status:
            raise InputError(f"{where}: submitted as {theirs.status!r}, recomputed as {ours.status!r} {ours.message}".rstrip())
        if ours.status == "ok":
            _compare_values(ours, theirs, fold.y_test, where, tolerance)


def _compare_values(ours: FoldResult, theirs: FoldResult, y: np.ndarray, where: str, tolerance: float) -> None:
    if len(ours.predictions) != len(theirs.predictions):
        raise InputError(f"{where}: {len(theirs.predictions)} predictions submitted, {len(ours.predictions)} recomputed")
    scale = np.maximum(np.abs(ours.predictions), 0.01 * np.ptp(y))
    off = np.abs(ours.predictions - theirs.predictions) > tolerance * scale
    if off.any():
        row = int(np.flatnonzero(off)[0])
        values = f"submitted {theirs.predictions[row]:.7g}, recomputed {ours.predictions[row]:.7g}"
        raise InputError(f"{where}, row {row}: {values}; the results don't recompute")
