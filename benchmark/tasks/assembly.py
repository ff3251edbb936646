"""From the split groups of a suite entry to its task: folds, extrapolation factor, share of the compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import is_own
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.benchmark.tasks.reach import AxisReach, beyond_edge
from scalingbench.benchmark.tasks.splits import Part, quantity
from scalingbench.benchmark.tasks.task import Role, Task, TaskSpec, falling
from scalingbench.common.errors import TaskError
from scalingbench.common.variables import VARIABLES

__all__ = ["Group", "assemble"]


@dataclass(frozen=True)
class Group:
    """Rows that are fitted together, and their split.

    Attributes
    ----------
    name : str
        The curve, or the held-out group.
    rows : DataFrame
        Its rows; the index is their position in the collection's table.
    context : ndarray of bool, shape (n,)
        Context rows: given to predictors, neither trained on nor scored.
    cost : ndarray, shape (n,)
        Training cost up to each row.
    basis : str
        Unit of cost.
    part : Part
        Training rows and held-out rows.
    """

    name: str
    rows: pd.DataFrame
    context: np.ndarray
    cost: np.ndarray
    basis: str
    part: Part

    def usable(self, min_train: int) -> bool:
        """Return whether there are enough training rows and a scored one."""
        return bool(self.part.train.sum() >= min_train and (self.part.test & ~self.context).any())


def assemble(spec: TaskSpec, key: str, groups: Sequence[Group], runs: np.ndarray, weight: float) -> Task:
    """Return the task of some groups.

    Parameters
    ----------
    spec : TaskSpec
        The entry.
    key : str
        Name of the rung, or empty.
    groups : sequence of Group
        Its groups; unusable ones are left out and listed.
    runs : ndarray of int
        Run of every row of the collection's table.
    weight : float
        Weight of the task.

    Raises
    ------
    TaskError
        If no group is usable, or the ratio along the task's scale is undefined.
    """
    groups = [replace(g, part=g.part._replace(train=g.part.train & ~g.context)) for g in groups]
    used = [g for g in groups if g.usable(spec.min_train)]
    if not used:
        raise TaskError(f"no group has {spec.min_train} training rows and a held-out one")
    scale = _scale(spec, used[0].rows)
    along = None if scale is None else _along(scale, spec, used)
    role: Role = "counted" if spec.weight else "shown"
    return Task(
        id=f"{spec.id}-{key}" if key else spec.id,
        spec=spec,
        folds=tuple(_fold(g, spec, runs) for g in used),
        extrapolation=1.0 if along is None else along.max_over_max,
        compute_share=_compute_share(used),
        cost_basis=used[0].basis,
        left_out=tuple(sorted({g.name for g in groups} - {g.name for g in used})),
        weight=weight,
        role=role,
        scale=scale,
        along_scale=along,
    )


def _fold(group: Group, spec: TaskSpec, runs: np.ndarray) -> Fold:
    train, test = group.part.train, group.part.test
    inputs = {name: group.rows[name].array for name in spec.variables}
    values, at = group.rows["value"].to_numpy(float), group.rows.index.to_numpy()
    X_train, X_test = (pd.DataFrame({name: column[side] for name, column in inputs.items()}) for side in (train, test))
    if not spec.inputs_at_test:
        X_test[list(spec.inputs)] = np.nan
    return Fold(
        group.name,
        X_train,
        values[train],
        X_test,
        values[test],
        scored=~group.context[test],
        cost=group.cost[test],
        train_cost=group.cost[train],
        train_rows=at[train],
        test_rows=at[test],
        train_runs=runs[at[train]],
        test_runs=runs[at[test]],
    )


def _scale(spec: TaskSpec, rows: pd.DataFrame) -> str | None:
    """Return the variable of the extrapolation factor; None if there are only mixtures or benchmark results."""
    scales = [v for v in spec.variables if v in VARIABLES or is_own(v)]
    default = "flops" if "flops" in rows and rows["flops"].notna().all() else next(iter(scales), None)
    return spec.scale or getattr(spec.split, "variable", None) or default


def _along(scale: str, spec: TaskSpec, used: Sequence[Group]) -> AxisReach:
    falls, farthest, median = scale in falling(spec), [], []
    for group in used:
        x, (_, train, test) = quantity(group.rows, scale, group.cost), group.part
        farthest.append(beyond_edge(x[train], x[test], falls)[0])
        median.append(beyond_edge(x[train], x[test & ~group.context], falls)[1])
    if not all(np.isfinite(ratio) and ratio > 0 for ratio in farthest):
        raise TaskError(f"scale: the ratio of held-out to training rows along {scale!r} is not finite; choose another variable")
    return AxisReach(*(float(np.exp(np.mean(np.log(ratios)))) for ratios in (farthest, median)))


def _compute_share(used: Sequence[Group]) -> float:
    spent = total = 0.0
    for group in used:
        run = pd.factorize(group.rows["run"])[0]
        spent += _cost_of_runs(group.cost, run, group.part.train)
        total += _cost_of_runs(group.cost, run, group.part.train | group.part.test)
    if total <= 0:
        raise TaskError("every row has cost 0, so there is no extrapolation")
    return float(spent / total)


def _cost_of_runs(cost: np.ndarray, run: np.ndarray, chosen: np.ndarray) -> float:
    """Return the sum over runs of the cost of the most expensive chosen row."""
    most_expensive = np.zeros(run.max() + 1)
    np.maximum.at(most_expensive, run[chosen], cost[chosen])
    return float(most_expensive.sum())
