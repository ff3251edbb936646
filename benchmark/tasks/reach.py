"""The reach of a task: how far its held-out rows are from its training rows, along every axis and in compute.

All figures compare the scored held-out rows with the training rows of the same fold. Ratios are geometric means over folds; shares
are of the rows of all folds together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.common.variables import falls, family_of

__all__ = ["AxisReach", "Kind", "Reach", "beyond_edge", "kind_of", "reach_of"]

Kind = Literal["extrapolation", "within-budget", "loss-to-loss", "interpolation", "training-curve", "transfer"]
"""Kind of prediction, see `kind_of`."""

_SAME_COST = 1e-9
"""Relative difference of costs that is rounding."""


@dataclass(frozen=True)
class AxisReach:
    """Ratio of held-out values to the largest training value; on a falling axis, of the smallest training value to them.

    Attributes
    ----------
    max_over_max : float
        Ratio for the most extreme held-out value.
    median_over_max : float
        Ratio for the median held-out value; below 1 it is within the training range.
    """

    max_over_max: float
    median_over_max: float


@dataclass(frozen=True)
class Reach:
    """The figures of a task.

    Attributes
    ----------
    axes : dict of str to AxisReach
        For every numeric variable with a positive ratio in all folds, and for the axis of the split.
    compute : float, optional
        Extrapolation factor: cost of the median held-out row over that of the most expensive training row; None without cost.
    basis : str
        Unit of cost: ``flops``, ``params x tokens``, ...; ``rows`` without cost.
    far : float
        Used in slices and figures: `compute` if known, else the median over the maximum along the task's scale.
    inside : float
        Share of held-out rows with every numeric variable between the smallest and the largest training value.
    shared_runs : float
        Share of held-out runs that are training runs too.
    same_inputs : float
        Share of held-out rows with the inputs of a training row.
    same_rows : float
        Share of held-out rows with the inputs and value of a training row.
    """

    axes: dict[str, AxisReach]
    compute: float | None
    basis: str
    far: float
    inside: float
    shared_runs: float
    same_inputs: float
    same_rows: float

    @property
    def beyond(self) -> tuple[str, ...]:
        """What is extrapolated: ``compute`` and the axes of which the median held-out row lies beyond the training rows."""
        compute = ("compute",) if self.compute is not None and self.compute > 1 + _SAME_COST else ()
        return (*compute, *(name for name, axis in self.axes.items() if axis.median_over_max > 1 + _SAME_COST))


def reach_of(folds: Sequence[Fold], basis: str, along: Mapping[str, AxisReach]) -> Reach:
    """Return the reach of folds.

    Parameters
    ----------
    folds : sequence of Fold
        The task's folds.
    basis : str
        Unit of their costs.
    along : dict of str to AxisReach
        Ratios along the task's scale, which need not be among the variables; empty without a scale.
    """
    numbers = _numeric(folds[0])
    axes = {name: axis for name in _axes(numbers) if (axis := _axis(folds, name)) is not None}
    known = basis != "rows" and all(len(f.train_cost) for f in folds)
    compute = _compute(folds) if known else None
    same = [_same(f) for f in folds]
    rows = sum(f.n_scored for f in folds)
    return Reach(
        axes={**axes, **along},
        compute=compute,
        basis=basis,
        far=next((axis.median_over_max for axis in along.values()), 1.0) if compute is None else compute,
        inside=sum(_inside(f, numbers) for f in folds) / rows,
        shared_runs=_shared_runs(folds),
        same_inputs=sum(inputs for inputs, _ in same) / rows,
        same_rows=sum(both for _, both in same) / rows,
    )


def kind_of(reach: Reach, split: str, along: AxisReach | None, *, resampled: bool, own_results: bool) -> Kind:
    """Return the kind of a task, the first that applies.

    - ``training-curve``: a held-out run is also a training run, unless its held-out rows are only more samples of the trained model.
    - ``transfer``: whole groups are held out.
    - ``interpolation``: most held-out rows are between training rows along every variable.
    - ``loss-to-loss``: another result of the held-out run is an input.
    - ``within-budget``: the median held-out row costs less than the most expensive training row, or as much without lying beyond the
      training rows along the task's scale.
    - ``extrapolation``: all others.

    Parameters
    ----------
    reach : Reach
        The figures of the task.
    split : str
        Kind of its split.
    along : AxisReach, optional
        Ratios along its scale.
    resampled : bool
        Whether the held-out rows are samples drawn from trained models.
    own_results : bool
        Whether predictors are given other results of the held-out runs.
    """
    if reach.shared_runs > 0 and not resampled:
        return "training-curve"
    if split == "leave-group-out":
        return "transfer"
    if reach.inside > 0.5:
        return "interpolation"
    if own_results:
        return "loss-to-loss"
    return "extrapolation" if _costs_more(reach, along) else "within-budget"


def _costs_more(reach: Reach, along: AxisReach | None) -> bool:
    """Return whether held-out rows cost more than training rows, or are beyond them along the scale at no less cost."""
    beyond = along is None or along.median_over_max > 1
    if reach.compute is None:
        return beyond
    return reach.compute > 1 + _SAME_COST or (beyond and reach.compute > 1 - _SAME_COST)


def _numeric(fold: Fold) -> list[str]:
    return [str(name) for name in fold.X_train if pd.api.types.is_numeric_dtype(fold.X_train[name])]


def _axes(numbers: Sequence[str]) -> list[str]:
    """Return the variables with a meaningful ratio: not shares of a mixture, nor benchmark results."""
    return [name for name in numbers if family_of(name) is None]


def _axis(folds: Sequence[Fold], name: str) -> AxisReach | None:
    sides = [(f.X_train[name].to_numpy(float), f.X_test[name].to_numpy(float)[f.scored]) for f in folds]
    beyond = [beyond_edge(train, test, falls(name)) for train, test in sides]
    farthest, median = (_mean_ratio(ratios) for ratios in zip(*beyond, strict=True))
    return None if farthest is None or median is None else AxisReach(farthest, median)


def beyond_edge(train: np.ndarray, test: np.ndarray, falls: bool) -> tuple[float, float]:
    """Return the ratios of the most extreme and the median held-out value to the training edge; inverted if the axis falls."""
    edge = train.min() if falls else train.max()
    with np.errstate(divide="ignore", invalid="ignore"):
        return (edge / test.min(), edge / np.median(test)) if falls else (test.max() / edge, np.median(test) / edge)


def _compute(folds: Sequence[Fold]) -> float | None:
    return _mean_ratio([beyond_edge(f.train_cost, f.cost[f.scored], falls=False)[1] for f in folds])


def _mean_ratio(ratios: Sequence[float]) -> float | None:
    """Return the geometric mean, or None where a ratio is no positive number."""
    of = np.asarray(ratios, float)
    if not (np.isfinite(of) & (of > 0)).all():
        return None
    return float(np.exp(np.log(of).mean()))


def _inside(fold: Fold, numbers: Sequence[str]) -> int:
    """Return how many scored rows are within the training range of every variable; missing values count as within."""
    outside = np.zeros(fold.n_scored, bool)
    for name in numbers:
        train, test = fold.X_train[name].to_numpy(float), fold.X_test[name].to_numpy(float)[fold.scored]
        outside |= (test < train.min()) | (test > train.max())
    return int((~outside).sum())


def _shared_runs(folds: Sequence[Fold]) -> float:
    held_out = shared = 0
    for fold in folds:
        if len(fold.test_runs):
            runs = np.unique(fold.test_runs[fold.scored])
            held_out += len(runs)
            shared += int(np.isin(runs, fold.train_runs).sum())
    return shared / max(held_out, 1)


def _same(fold: Fold) -> tuple[int, int]:
    """Return how many scored rows have the inputs of a training row, and how many its value too."""
    columns = [np.concatenate([fold.X_train[n].to_numpy(), fold.X_test[n].to_numpy()[fold.scored]]) for n in fold.X_train]
    values = np.concatenate([fold.y_train, fold.y_test[fold.scored]])
    return _repeats(columns, len(fold.y_train)), _repeats([*columns, values], len(fold.y_train))


def _repeats(columns: Sequence[np.ndarray], n_train: int) -> int:
    """Return how many rows from `n_train` on are among those before."""
    rows = list(zip(*(pd.factorize(column)[0].tolist() for column in columns), strict=True))
    seen = set(rows[:n_train])
    return sum(row in seen for row in rows[n_train:])
