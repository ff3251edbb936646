"""An attack on our own results: which held-out values do the committed predictions and scores give away?

    python -m perf.reconstruct [--tier bundled]

Every score of a prediction is an equation in the held-out values of its task. `solved` solves the equations of all predictors by least
squares, `recovered` compares the solution with the measured values, and `Equations.rounded` shows how much fewer digits would help.
A row that trains in one task is held out in another, and some predictors repeat training values: `copied` counts these.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from scalingbench.benchmark.evaluation.results import TaskResult, load_results
from scalingbench.benchmark.scores.metrics import log_scale
from scalingbench.benchmark.scores.store import read_scores
from scalingbench.benchmark.scores.table import CEILING
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import MIN_ROWS_R2, Task
from scalingbench.common.defaults import DEFAULT_SUITE, LEVELS
from scalingbench.common.tables import Table
from scalingbench.leaderboard.committed import committed_folder, scores_path

__all__ = ["CLOSE", "MOST", "Attack", "Equations", "attack", "copied", "equations_of", "recovered", "report", "solved"]

CLOSE = 1e-4
"""Largest log error, or difference of a share, of a recovered value."""
MOST = 60
"""Most values of a task that are solved for: beyond it there are more values than predictors."""
_DIGITS = (4,)
_SCORES = ("error", "bias", "crps", "mape", "r2")
_LEVELS = np.array(LEVELS)[None, :, None]
_STARTS = 2


@dataclass(frozen=True, eq=False)
class Equations:
    """The equations of one task, on the scale of its errors.

    Attributes
    ----------
    points : ndarray, shape (n_predictors, n_values)
        Predictions of the scored rows of all folds.
    quantiles : ndarray, shape (n_predictors, n_levels, n_values)
        Their quantiles; a point forecast is repeated.
    fold : ndarray of int, shape (n_values,)
        Fold of each value.
    scores : ndarray, shape (n_predictors, 5)
        Error, bias, CRPS, mean absolute relative error and R2; NaN where unknown.
    log : bool
        Whether errors are of logarithms.
    """

    points: np.ndarray
    quantiles: np.ndarray
    fold: np.ndarray
    scores: np.ndarray
    log: bool

    def rounded(self, digits: int) -> Equations:
        """Return the equations with scores of this many significant digits."""
        rounded = [[float(f"{v:.{digits - 1}e}") for v in row] for row in self.scores]
        return replace(self, scores=np.array(rounded, float).reshape(self.scores.shape))

    @property
    def share(self) -> np.ndarray:
        """The weight of each value in a mean over folds of means over rows."""
        weight: np.ndarray = 1.0 / (np.bincount(self.fold)[self.fold] * (self.fold.max() + 1))
        return weight

    def at(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return every score if the held-out values were `z`, and its derivatives, shape (n_predictors, 5, n_values)."""
        parts = (self._error(z), self._bias(z), self._crps(z), self._mape(z), self._r2(z))
        return np.stack([value for value, _ in parts], axis=1), np.stack([slope for _, slope in parts], axis=1)

    def _error(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gap = self.points - z
        rmse = np.stack([np.sqrt((gap[:, self.fold == k] ** 2).mean(axis=1)) for k in range(self.fold.max() + 1)], axis=1)
        return rmse.mean(axis=1), -gap * self.share / np.maximum(rmse, 1e-15)[:, self.fold]

    def _bias(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (self.points - z) @ self.share, np.broadcast_to(-self.share, self.points.shape)

    def _crps(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        over = self.quantiles - z
        slope = np.where(over > 0, 1.0 - _LEVELS, -_LEVELS)
        return 2.0 * (slope * over).mean(axis=1) @ self.share, -2.0 * slope.mean(axis=1) * self.share

    def _mape(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y, dy = self._values(z)
        relative = np.exp(np.clip(self.points, -700, 50)) / y if self.log else self.points / y
        return np.abs(relative - 1.0) @ self.share, -np.sign(y * (relative - 1.0)) * relative * dy / np.abs(y) * self.share

    def _r2(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (y, dy), p = self._values(z), np.exp(np.clip(self.points, -700, 50)) if self.log else self.points
        folds = [mine for k in range(self.fold.max() + 1) if len(mine := np.flatnonzero(self.fold == k)) >= MIN_ROWS_R2]
        value, slope = np.full(len(p), np.nan if not folds else 1.0), np.zeros(p.shape)
        for mine in folds:
            gap, centred = p[:, mine] - y[mine], y[mine] - y[mine].mean()
            ratio = (gap**2).sum(axis=1) / (centred**2).sum()
            value -= ratio / len(folds)
            slope[:, mine] = 2.0 * (gap + ratio[:, None] * centred) / (centred**2).sum() * dy[mine] / len(folds)
        return value, slope

    def _values(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values in the unit of the metric, and their derivatives."""
        if self.log:
            y = np.exp(np.clip(z, -700, 700))
            return y, y
        return np.where(np.abs(z) < 1e-12, 1e-12, z), np.ones(len(z))


def equations_of(task: Task, results: Iterable[TaskResult], scores: pd.DataFrame) -> Equations:
    """Return the equations of a task, of the predictors without a failed fit or a capped error."""
    known = scores[(scores["task"] == task.id) & (scores["failed"] == 0) & (scores["error"] < CEILING * scores["reference_error"])]
    usable = {r.predictor: r for r in results if r.task == task.id}
    rows = [row for row in known.to_dict("records") if row["predictor"] in usable]
    found = [_predicted(task, usable[row["predictor"]]) for row in rows]
    fold = np.concatenate([np.full(int(f.scored.sum()), k) for k, f in enumerate(task.folds)])
    points, quantiles = (np.array([one[i] for one in found], float) for i in (0, 1))
    return Equations(points, quantiles, fold, np.array([[row[c] for c in _SCORES] for row in rows], float), task.on_log_scale)


def _predicted(task: Task, result: TaskResult) -> tuple[np.ndarray, list[np.ndarray]]:
    on = log_scale if task.on_log_scale else np.asarray
    folds = list(zip(task.folds, result.folds, strict=True))
    point = on(np.concatenate([f.predictions[fold.scored] for fold, f in folds]))
    if not all(level in f.quantiles for _, f in folds for level in LEVELS):
        return point, [point] * len(LEVELS)
    return point, [on(np.concatenate([f.quantiles[level][fold.scored] for fold, f in folds])) for level in LEVELS]


def solved(equations: Equations) -> np.ndarray:
    """Return the values that fit the scores best, from the linear solution, the median of the predictions, and near it."""
    middle, rng = np.median(equations.points, axis=0), np.random.default_rng(0)
    width = np.std(equations.points, axis=0)
    best, cost = middle, np.inf
    for start in (_linear(equations), middle, *(middle + 0.3 * width * rng.standard_normal(len(middle)) for _ in range(_STARTS))):
        with np.errstate(all="ignore"):
            found = least_squares(lambda z: _left(equations, z)[0], start, lambda z: _left(equations, z)[1], method="lm", max_nfev=100)
        if found.cost < cost:
            best, cost = found.x, found.cost
        if cost < 1e-20:
            break
    return best


def _left(equations: Equations, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return relative differences of the scores, and their derivatives; 0 where a score is unknown."""
    values, slopes = equations.at(z)
    unit = np.maximum(np.abs(equations.scores), 1e-9) + np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    known = np.isfinite(equations.scores) & np.isfinite(values) & np.isfinite(slopes).all(axis=2)
    gaps = np.where(known, (values - equations.scores) / unit, 0.0)
    return gaps.ravel(), np.where(known[:, :, None], slopes / unit[:, :, None], 0.0).reshape(-1, len(z))


def _linear(equations: Equations) -> np.ndarray:
    """Return the solution of differences of squared errors and of biases, which are linear in the values of one fold."""
    start: np.ndarray = np.median(equations.points, axis=0)
    if equations.fold.max() > 0:
        return start
    p, error, bias = equations.points - start, equations.scores[:, 0], equations.scores[:, 1]
    first = int(np.argmin(error))
    left = np.concatenate([2.0 * (p[first] - p), -np.ones_like(p)]) / len(start)
    right = np.concatenate([error**2 - error[first] ** 2 - (p**2 - p[first] ** 2).mean(axis=1), bias - p.mean(axis=1)])
    unit = np.concatenate([np.maximum(error, 1e-9), np.ones(len(p))])
    return start + np.linalg.lstsq(left / unit[:, None], right / unit, rcond=1e-9)[0]


def truth(task: Task) -> np.ndarray:
    """Return the scored held-out values of a task, on the scale of its errors."""
    values = np.concatenate([fold.y_test[fold.scored] for fold in task.folds])
    return log_scale(values) if task.on_log_scale else values


def recovered(task: Task, equations: Equations) -> np.ndarray:
    """Return which held-out values the scores give within `CLOSE`; none if there are too many."""
    if not len(equations.points) or len(equations.fold) > MOST:
        return np.zeros(len(equations.fold), bool)
    found: np.ndarray = np.abs(solved(equations) - truth(task)) <= CLOSE
    return found


def copied(tasks: Sequence[Task], results: Iterable[TaskResult]) -> dict[str, int]:
    """Count the distinct held-out values of each collection that a predictor repeats, to the digits of result files, on any of its tasks.

    Returns
    -------
    dict of str to int
        By predictor; ``""`` is the number of values, ``"any"`` that of those that any predictor repeats.
    """
    held_out: dict[str, set[np.float32]] = {}
    for task in tasks:
        held_out.setdefault(task.collection, set()).update(np.concatenate([f.y_test[f.scored] for f in task.folds]).astype(np.float32))
    found: dict[str, set[tuple[str, np.float32]]] = {}
    for result in results:
        name = result.task.split("/")[0]
        if name in held_out:
            said = {v for f in result.folds for v in f.predictions.astype(np.float32)} & held_out[name]
            found.setdefault(result.predictor, set()).update((name, v) for v in said)
    counts = {name: len(values) for name, values in found.items()}
    return {"": sum(map(len, held_out.values())), "any": len(set().union(*found.values())), **counts}


@dataclass(frozen=True)
class Attack:
    """What was recovered of the tasks of one tier.

    Attributes
    ----------
    sizes : tuple of int
        Number of held-out values of each task.
    found : mapping of int or None to tuple of int
        Number of recovered values of each task, by digits of the scores; None is as they are stored.
    copies : mapping of str to int
        From `copied`.
    """

    sizes: tuple[int, ...]
    found: dict[int | None, tuple[int, ...]]
    copies: dict[str, int]


def attack(tier: str) -> Attack:
    """Attack every task on collections of a tier; fetch-only ones must be available locally."""
    suite = load_suite(DEFAULT_SUITE)
    assert suite.frozen_tasks is not None
    names = sorted(set(suite.frozen_tasks.loc[suite.frozen_tasks["tier"] == tier, "collection"]))
    tasks, scores = suite.build(collections=names), read_scores(scores_path(suite.name))
    ids = {task.id for task in tasks}
    results = load_results(committed_folder(suite.name), ids)
    every = [(task, equations_of(task, results, scores)) for task in tasks]
    found = {
        digits: tuple(int(recovered(task, e if digits is None else e.rounded(digits)).sum()) for task, e in every)
        for digits in (None, *_DIGITS)
    }
    return Attack(tuple(len(e.fold) for _, e in every), found, copied(tasks, results))


def report(one: Attack, tier: str = "fetch-only") -> Table:
    """Return the counts of an attack as a table."""
    sizes = np.array(one.sizes)
    rows = [[f"{tier} tasks with stored scores, and their held-out values", len(sizes), sizes.sum()]]
    rows.append([f"at most {MOST} values, which the attack solves for", (sizes <= MOST).sum(), sizes[sizes <= MOST].sum()])
    for digits, counts in one.found.items():
        number = np.array(counts)
        what = "scores as they are stored" if digits is None else f"scores of {digits} digits"
        rows.append([f"recovered to {CLOSE:g} from {what} (tasks: every value)", (number == sizes).sum(), number.sum()])
    rows.append(["distinct held-out values", "", one.copies[""]])
    rows += [[f"of them repeated by {name}, on any task", "", one.copies[name]] for name in _copying(one.copies)]
    rows.append(["of them repeated by any predictor", "", one.copies["any"]])
    return Table(("", "tasks", "values"), [[str(cell) for cell in row] for row in rows], text=frozenset({0}))


def _copying(copies: dict[str, int]) -> list[str]:
    """Return the predictors that repeat most, and one after them, which shows how many values are equal by chance."""
    return sorted((name for name in copies if name not in ("", "any")), key=lambda name: (-copies[name], name))[:5]


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tier", choices=("fetch-only", "bundled"), default="fetch-only")
    tier = parser.parse_args().tier
    print(report(attack(tier), tier).markdown())


if __name__ == "__main__":
    main()
