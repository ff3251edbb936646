"""Verify a submission: run its code again, in the sandbox, and compare and count every prediction.

The expected predictions are counted from the suite before the code runs, the compared ones during comparison. A submission is
verified only if both counts are equal and not zero.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scalingbench.benchmark.evaluation.confined_predictor import Submitted, load_submitted
from scalingbench.benchmark.evaluation.predictor import parameters_of, usable
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.evaluation.run import measure
from scalingbench.benchmark.evaluation.stability import MARGIN, moves
from scalingbench.benchmark.evaluation.wall.guard import CodeError, Guards
from scalingbench.benchmark.scores.scoring import stale_results
from scalingbench.benchmark.tasks.suite import Suite
from scalingbench.benchmark.tasks.task import Fold, Task
from scalingbench.common.defaults import TOLERANCE
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing
from scalingbench.common.messages import one_line
from scalingbench.leaderboard.submissions.dependencies import REQUIREMENTS, differing, read_requirements, with_packages
from scalingbench.leaderboard.submissions.known_values import Exactness, exactness, held_out_values, values_in_source
from scalingbench.leaderboard.submissions.metadata import RESULTS, SOURCE, Submission, read_submission
from scalingbench.leaderboard.submissions.submit import Execution

__all__ = ["Count", "Verdict", "fingerprint_of", "verify", "write_summary"]

_LARGEST_TOLERANCE = 0.01


@dataclass
class Count:
    """Number of expected and of compared folds and predictions.

    Attributes
    ----------
    folds, predictions : int
        Expected, on the tasks that the predictor can enter.
    folds_compared, predictions_compared : int
        Equal within the tolerance.
    folds_unstable, predictions_unstable : int
        Of those, equal only within ten times the instability measured on this machine.
    folds_failed, predictions_failed : int
        In folds with the same failure in the submission and in this run.
    """

    folds: int = 0
    predictions: int = 0
    folds_compared: int = 0
    predictions_compared: int = 0
    folds_unstable: int = 0
    predictions_unstable: int = 0
    folds_failed: int = 0
    predictions_failed: int = 0

    @property
    def complete(self) -> bool:
        """Whether every expected prediction was counted, and at least one compared."""
        return (
            self.predictions_compared > 0
            and self.folds == self.folds_compared + self.folds_failed
            and self.predictions == self.predictions_compared + self.predictions_failed
        )


@dataclass(frozen=True)
class Verdict:
    """The result of verifying a submission.

    Attributes
    ----------
    submission : Submission
        Its metadata.
    reason : str
        Why it is refused; empty if it is not.
    count : Count
        Expected and compared predictions.
    tolerance : float
        Largest relative difference allowed.
    layers : tuple of str
        Layers of the sandbox that confined the code.
    suite_fingerprint : str
        Hash of the rows of the suite's tasks on bundled collections, and on the fetch-only ones that the submission names.
    exactness : Exactness
        How many predictions equal the measured value.
    notes : tuple of str
        Files of its source and packages that contain held-out values, and packages with another version than in the submission.
    results : tuple of TaskResult
        Results of this run: its predictions, constants and times do not come from the submission.
    """

    submission: Submission
    reason: str
    count: Count
    tolerance: float
    layers: tuple[str, ...]
    suite_fingerprint: str
    exactness: Exactness
    notes: tuple[str, ...] = ()
    results: tuple[TaskResult, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether every expected prediction was compared, and none refused."""
        return not self.reason and self.count.complete


class _Refused(Exception):
    """The results are not reproduced; the message names task, fold and row."""


class _Differs(_Refused):
    """A prediction differs."""

    def __init__(self, message: str, task: Task) -> None:
        super().__init__(message)
        self.task = task


def verify(
    folder: Path,
    suite: Suite,
    execution: Execution,
    *,
    tolerance: float = TOLERANCE,
) -> Verdict:
    """Run a submission again and compare every prediction.

    It predicts the held-out rows of a fold in two random halves, because the prediction of a row must not depend on the other rows.
    A difference is relative to the prediction, or to 1 % of the spread of the fold's values if that is larger. If one exceeds the
    tolerance, the instability of the fold is measured on this machine, and ten times that is allowed, at most 1 %: the submission
    determines its instability, so without a limit it could pass with other results. A submission is refused if most of its
    predictions need this allowance.

    Parameters
    ----------
    folder : Path
        Folder of the submission.
    suite : Suite
        Suite of its results.
    execution : Execution
        How its code is run.
    tolerance : float
        Largest relative difference of a prediction.

    Raises
    ------
    LeaderboardError
        If the folder is incomplete, or its licence or source is not accepted.
    InputError
        If its results are of other tasks, or incomplete.
    """
    if not 0 <= tolerance <= _LARGEST_TOLERANCE:
        raise InputError(f"--tolerance: expected 0 to {_LARGEST_TOLERANCE:g}, got {tolerance:g}")
    submission = read_submission(folder)
    among = suite.tasks_with(submission.fetch_only)
    stored = _stored(folder, submission, suite, among, execution.guards)
    requirements = read_requirements(folder / REQUIREMENTS)
    count = Count()
    again: tuple[TaskResult, ...] = ()
    reason = ""
    values = held_out_values(among)
    in_source = _notes_on({SOURCE: _values_in(folder / SOURCE, values)})
    with with_packages(execution.guards, requirements, execution.wheels) as own:
        in_wheels = _notes_on(own.known_values(values))
        try:
            predictor = load_submitted(folder / SOURCE, submission.predictor, own, time_limit=execution.time_limit)
            tasks = [task for task in among if usable(predictor, task)]
            _complete(stored, tasks, folder)
            count.folds = sum(len(task.folds) for task in tasks)
            count.predictions = sum(len(fold.y_test) for task in tasks for fold in task.folds)
            allowance = _Allowance(predictor, tolerance, execution.time_limit)
            again = execution.run(submission.name, replace(predictor, calls="in parts"), suite.name, tasks)
            _compare(stored, again, tasks, allowance, count)
            reason = _shortcoming(count)
        except _Differs as error:
            together = execution.run(submission.name, predictor, suite.name, [error.task])
            reason = _why(error, stored, together, allowance)
        except (CodeError, _Refused) as error:
            reason = str(error)
    exact = exactness(again, among)
    if exact.too_good and not reason:
        reason = f"{exact}: more than noise explains"
    notes = (*in_source, *in_wheels, *(f"verified with {difference}" for difference in differing(requirements)))
    return Verdict(submission, reason, count, tolerance, execution.guards.wall.layers, fingerprint_of(among), exact, notes, again)


@dataclass(frozen=True)
class _Allowance:
    """The allowed difference of predictions."""

    predictor: Submitted
    tolerance: float
    time_limit: float

    def on(self, task: Task, fold: Fold) -> float:
        """Return the largest difference allowed on a fold that exceeds the tolerance, from six more fits."""
        instability = np.nan_to_num(measure(self.predictor, task, fold, time_limit=self.time_limit), posinf=0.0)
        return max(self.tolerance, min(MARGIN * float(instability), _LARGEST_TOLERANCE))


def _why(error: _Differs, stored: Sequence[TaskResult], together: Sequence[TaskResult], allowance: _Allowance) -> str:
    """Return why a task differs, from one more run that predicts all rows together, as in the submission."""
    theirs = [result for result in stored if result.task == error.task.id]
    try:
        _compare(theirs, together, [error.task], allowance, Count())
    except _Refused:
        return str(error)
    return f"{error}: its predictions depend on which other rows are predicted with them"


def _values_in(source: Path, values: np.ndarray) -> np.ndarray:
    try:
        return values_in_source(source.read_text(encoding="utf-8"), values)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # not Python: none of it runs
        return values[:0]


def _notes_on(found: Mapping[str, np.ndarray]) -> list[str]:
    """Return a note on each file that contains held-out values."""
    shown = {name: ", ".join(f"{value:.7g}" for value in values[:3]) for name, values in found.items()}
    return [f"{name} contains {len(values)} held-out values ({shown[name]}, ...)" for name, values in found.items() if len(values)]


def _shortcoming(count: Count) -> str:
    """Return why a submission is refused although all compared predictions are equal; empty if it is not."""
    if not count.complete:
        return "no fold of the submission gives predictions" if count.predictions_failed else "not every prediction was compared"
    if 2 * count.predictions_unstable > count.predictions_compared:
        return f"{count.predictions_unstable} of {count.predictions_compared} predictions are unstable: they depend on rounding"
    return ""


def fingerprint_of(tasks: Iterable[Task]) -> str:
    """Return a hash of the rows of all tasks."""
    lines = sorted(f"{task.id} {task.fingerprint}" for task in tasks)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def summary_of(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict, its counts and its inputs as plain values."""
    return {
        "verdict": "verified" if verdict.verified else "refused",
        "reason": verdict.reason,
        "name": verdict.submission.name,
        "source_sha256": verdict.submission.source_sha256,
        "suite": verdict.submission.suite,
        "suite_fingerprint": verdict.suite_fingerprint,
        "tasks": len(verdict.results),
        "tolerance": verdict.tolerance,
        **asdict(verdict.count),
        "layers": verdict.layers,
        "exactness": asdict(verdict.exactness),
        "notes": verdict.notes,
    }


def write_summary(path: Path, verdict: Verdict) -> None:
    """Write the summary of a verdict as JSON."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(summary_of(verdict), indent=2) + "\n", encoding="utf-8")


def _stored(folder: Path, submission: Submission, suite: Suite, tasks: Sequence[Task], guards: Guards) -> tuple[TaskResult, ...]:
    """Return the results of a submission; the file is untrusted too, so the sandbox parses it."""
    try:
        with guards.one() as guard:
            stored = guard.read_results((folder / RESULTS).read_bytes(), sum(len(task.folds) for task in tasks), _most_values(tasks))
    except InputError as error:
        raise InputError(f"{folder / RESULTS}: {error}") from None
    for result in stored:
        if result.predictor != submission.name or result.suite != submission.suite:
            raise InputError(
                f"{folder}: {one_line(result.task, 100)}: result of {result.predictor!r} on suite {result.suite!r}, not of this submission"
            )
    for stale in stale_results(stored, tasks)[:1]:
        raise InputError(f"{folder}: {stale.task}: stale fingerprint: its rows in suite {suite.name} have changed since; submit again")
    return stored


def _most_values(tasks: Sequence[Task]) -> int:
    return sum(len(fold.y_test) + 1 for task in tasks for fold in task.folds)


def _complete(stored: Sequence[TaskResult], tasks: Sequence[Task], folder: Path) -> None:
    """Raise an error unless the results have every fold of the tasks that the predictor enters, and no other."""
    held = [r.task for r in stored]
    for name in sorted({t.id for t in tasks} ^ set(held)):
        known = name not in held
        raise InputError(f"{folder}: {one_line(name, 100)}: {'no result' if known else 'a result of a task that it cannot enter'}")
    if len(held) != len(set(held)):
        raise InputError(f"{folder}: two results of one task")
    by_id = {t.id: t for t in tasks}
    for result in stored:
        task = by_id[result.task]
        if [f.fold for f in result.folds] != [f.name for f in task.folds]:
            raise InputError(f"{folder}: {task.id}: its folds differ from those of the task")
        for given, fold in zip(result.folds, task.folds, strict=True):
            _whole(given, fold, f"{folder}: {task.id}, fold {fold.name!r}")


def _whole(given: FoldResult, fold: Fold, where: str) -> None:
    expected = len(fold.y_test) if given.status == "ok" else 0
    if len(given.predictions) != expected:
        raise InputError(f"{where}: {len(given.predictions)} predictions, expected {expected}")
    if given.quantiles:
        raise InputError(f"{where}: quantiles are not allowed in a submission")
    if not np.isfinite(given.predictions).all():
        raise InputError(f"{where}: a prediction is NaN or infinite")


def _compare(
    stored: Sequence[TaskResult],
    again: Sequence[TaskResult],
    tasks: Sequence[Task],
    allowance: _Allowance,
    count: Count,
) -> None:
    """Compare and count every fold; raise an error at the first that differs."""
    ours = {result.task: result for result in again}
    for theirs in stored:
        (task,) = (t for t in tasks if t.id == theirs.task)
        if theirs.parameters != parameters_of(allowance.predictor):
            raise _Refused(f"{task.id}: the constructor arguments in the submission differ from those of the class")
        for mine, given, fold in zip(ours[task.id].folds, theirs.folds, task.folds, strict=True):
            _compare_fold(mine, given, fold, task, allowance, count)


def _compare_fold(ours: FoldResult, theirs: FoldResult, fold: Fold, task: Task, allowance: _Allowance, count: Count) -> None:
    n, where = len(fold.y_test), f"{task.id}, fold {fold.name!r}"
    if ours.fold != fold.name or theirs.fold != fold.name:
        raise _Refused(f"{where}: not the expected fold")
    if ours.status != theirs.status:
        raise _Refused(f"{where}: submitted as {theirs.status!r}, recomputed as {ours.status!r} {ours.message}".rstrip())
    if ours.status != "ok":
        count.folds_failed += 1
        count.predictions_failed += n
        return
    if not len(ours.predictions) == len(theirs.predictions) == n:
        raise _Refused(f"{where}: {len(theirs.predictions)} predictions submitted, {len(ours.predictions)} recomputed, {n} expected")
    apart = moves(ours.predictions, theirs.predictions, fold.y_test)
    if not (apart <= allowance.tolerance).all():  # true for NaN too; only such folds need six more fits
        allowed = allowance.on(task, fold)
        if not (apart <= allowed).all():
            row = int(np.flatnonzero(~(apart <= allowed))[0])
            values = f"submitted {theirs.predictions[row]:.7g}, recomputed {ours.predictions[row]:.7g}"
            raise _Differs(f"{where}, row {row}: {values}; the results are not reproduced", task)
        count.folds_unstable += 1
        count.predictions_unstable += n
    count.folds_compared += 1
    count.predictions_compared += n
