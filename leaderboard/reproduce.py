"""Recompute one committed result: the shortest way to check a number of the board."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scalingbench.benchmark.evaluation.results import TaskResult, predictor_path, read_results
from scalingbench.benchmark.evaluation.run import evaluate
from scalingbench.benchmark.scores.scoring import score
from scalingbench.benchmark.tasks.frozen import SuiteHead, read_head
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.errors import InputError
from scalingbench.common.tables import facts_html
from scalingbench.leaderboard.committed import committed_folder, predictions_missing
from scalingbench.predictors.registry import get

__all__ = ["Reproduction", "largest_difference", "reproduce"]


@dataclass(frozen=True, eq=False, repr=False)
class Reproduction:
    """A recomputed result, together with the committed one.

    Attributes
    ----------
    result : TaskResult
        The result of this run.
    stored : TaskResult
        The committed result.
    difference : float
        Largest difference of a prediction, see `largest_difference`.
    error, ratio : float
        Error of this run on the task, and its ratio to the committed error of the reference, as on the board.
    stored_error : float
        The error of the committed result.
    """

    result: TaskResult
    stored: TaskResult
    difference: float
    error: float
    ratio: float
    stored_error: float

    def __repr__(self) -> str:
        what = f"Reproduction({self.result.predictor} on {self.result.task}"
        return f"{what}: error {self.error:.4g}, committed {self.stored_error:.4g}; largest difference {self.difference:.2g})"

    def _repr_html_(self) -> str:
        return facts_html(
            f"{self.result.predictor} on {self.result.task}",
            [
                ("error", f"{self.error:.6g}"),
                ("error of the committed result", f"{self.stored_error:.6g}"),
                ("error over the reference's", f"{self.ratio:.4g}"),
                ("largest difference of a prediction", f"{self.difference:.3g}"),
            ],
        )


def reproduce(task: Task, predictor: str, suite: str = DEFAULT_SUITE) -> Reproduction:
    """Run a registered predictor on a task and compare with the committed result.

    Parameters
    ----------
    task : Task
        See `scalingbench.benchmark.tasks.suite.load_task`.
    predictor : str
        A registered name; ``scalingbench verify`` reruns submissions.
    suite : str
        Suite of the committed results.

    Raises
    ------
    InputError
        If the predictor does not exist, or has no committed result on the current rows of the task.

    Examples
    --------
    >>> import scalingbench as sb
    >>> task = sb.load_task("porian/loss_val/chinchilla-decay-frontier")
    >>> sb.reproduce(task, "kaplan")
    Reproduction(kaplan on porian/loss_val/chinchilla-decay-frontier: error 0.04252, committed 0.04252; largest difference 0)
    """
    entry = get(predictor)
    predictor = entry.name
    head = read_head(suite)
    stored, reference = (_committed(name, task, head) for name in (predictor, head.reference))
    ours = evaluate(entry.make(), task, name=predictor, suite=suite)
    error, ratio = _error(ours, reference, task)
    stored_error, _ = _error(stored, reference, task)
    return Reproduction(ours, stored, largest_difference(stored, ours, task), error, ratio, stored_error)


def _committed(predictor: str, task: Task, suite: SuiteHead) -> TaskResult:
    file = predictor_path(committed_folder(suite.home), predictor)
    if not file.is_file():
        raise predictions_missing(suite.home, predictor)
    found = next((r for r in read_results(file) if r.task == task.id), None)
    if found is None:
        raise InputError(f"{predictor}: suite {suite.name!r} has no committed result of this predictor on {task.id}")
    if found.fingerprint != task.fingerprint:
        raise InputError(f"{task.id}: its rows differ from those of the committed results of suite {suite.name!r}")
    return found


def _error(result: TaskResult, reference: TaskResult, task: Task) -> tuple[float, float]:
    """Return a result's error, and its ratio to the reference's error, as on the board."""
    results = [result] if result.predictor == reference.predictor else [result, reference]
    scores = score(results, [task], reference.predictor)
    own = scores[scores["predictor"] == result.predictor]
    return float(own["error"].iloc[0]), float(own["ratio"].iloc[0])


def largest_difference(stored: TaskResult, again: TaskResult, task: Task) -> float:
    """Return the largest relative difference of a prediction.

    The difference is divided by the prediction, or by 1 % of the spread of the fold's values if that is larger. It is infinite if
    a fit failed in one of the two runs only, and 0 if it failed in both.
    """
    return max(
        (_difference(old.predictions, new.predictions, fold.y_test) if old.status == new.status else np.inf)
        for old, new, fold in zip(stored.folds, again.folds, task.folds, strict=True)
    )


def _difference(old: np.ndarray, new: np.ndarray, y: np.ndarray) -> float:
    if not len(new):
        return 0.0
    scale = np.maximum(np.abs(new), 0.01 * np.ptp(y))
    return float(np.max(np.abs(new - old) / np.maximum(scale, np.finfo(float).tiny)))
