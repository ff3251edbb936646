"""The truth of synthetic worlds: noise-free values of held-out rows, and the exponents that generated them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.sources import load_source
from scalingbench.benchmark.data.synthetic import World
from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.tasks.task import Task

__all__ = ["Truth", "truth_of"]


@dataclass(frozen=True)
class Truth:
    """The truth of a task on a synthetic world.

    Attributes
    ----------
    task : Task
        The task with noise-free values of its held-out rows.
    exponents : tuple of mapping of str to float
        True exponents of the curve of each fold; empty for a fold over several curves.
    families : tuple of str
        Laws with constants of the same names and meaning.
    """

    task: Task
    exponents: tuple[Mapping[str, float], ...]
    families: tuple[str, ...]

    def exponent_error(self, result: TaskResult, family: str) -> float:
        """Return the mean absolute difference of fitted and true exponents; NaN for a law without them."""
        if family not in self.families:
            return float("nan")
        pairs = [
            abs(found.constants[name] - value)
            for found, true in zip(result.folds, self.exponents, strict=True)
            for name, value in true.items()
            if found.status == "ok" and name in found.constants
        ]
        return float(np.mean(pairs)) if pairs else float("nan")


def truth_of(task: Task) -> Truth | None:
    """Return the truth of a task; None where its collection's source states none."""
    world = getattr(load_source(task.collection), "WORLD", None)
    if not isinstance(world, World):
        return None
    table = load_collection(task.collection).table
    rows = [table.iloc[fold.test_rows] for fold in task.folds]
    folds = tuple(replace(fold, y_test=world.noise_free(held_out)) for fold, held_out in zip(task.folds, rows, strict=True))
    exponents = tuple(_exponents(world, task.collection, set(held_out["curve"])) for held_out in rows)
    return Truth(replace(task, folds=folds), exponents, world.families)


def _exponents(world: World, collection: str, curves: set[str]) -> dict[str, float]:
    truth = load_card(collection).scalingbench.truth
    known = [truth.get("all") or truth.get(curve) or truth.get(curve.split("/")[0], {}) for curve in curves]
    return {name: known[0][name] for name in world.exponents if name in known[0]} if len(known) == 1 else {}
