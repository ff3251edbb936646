"""Features of a candidate at a prediction point, for learnt weights: its back-tests, its kind, its distance to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scalingbench.predictors.autolaw.weights import FARTHEST, BacktestErrors
from scalingbench.predictors.axes import ALL, axes_of
from scalingbench.predictors.columns import numeric_columns
from scalingbench.predictors.contract import ANY, columns_read

__all__ = ["FEATURES", "GENERIC", "PredictionPoints", "Traits", "traits_of"]

GENERIC = frozenset(
    {
        "nearest-observation",
        "nearest-neighbor",
        "log-quadratic[floor]",
        "log-quadratic",
        "gaussian-process",
        "polynomial-ridge",
        "regmix[boosting]",
        "law-gp",
        "quadratic-log",
    }
)
"""Candidates without the shape of a law: they are flat or bend freely beyond the training rows."""

FEATURES = (
    *("recent", "highest", "lowest", "interpolation", "overall"),
    *("recent far", "highest far", "lowest far", "interpolation far", "overall far"),
    *("recent squared", "failed", "apart", "apart far", "below", "below far"),
    *("generic", "generic far", "constants", "constants far", "constants few rungs", "growth"),
    *("reads", "reads far", "special", "special far"),
)
"""Names of the columns of `PredictionPoints.features`, before those of the candidates."""


class Traits(NamedTuple):
    """The kind of a candidate.

    Attributes
    ----------
    constants : int
        Number of constants of its formula; 0 without one.
    reads : float
        Share of the numeric columns that it reads.
    special : bool
        Whether it names the variables that it reads.
    """

    constants: int
    reads: float
    special: bool


def traits_of(law: Any, X: pd.DataFrame) -> Traits:
    """Return the kind of a candidate on a data set."""
    variables, numeric = getattr(law, "variables", None), numeric_columns(X)
    read = columns_read(variables, list(map(str, X.columns)), numeric) or ()
    share = len(set(read) & set(numeric)) / max(len(numeric), 1)
    return Traits(len(getattr(law, "parameters", ()) or ()), share, variables is not None and tuple(variables) != (ANY,))


@dataclass(frozen=True)
class PredictionPoints(BacktestErrors):
    """Prediction points with the same back-tests, and the candidates there.

    Attributes
    ----------
    traits : mapping of str to Traits
        Traits of each candidate.
    beyond : ndarray, shape (n,)
        Distance of the rows from the training rows, in training ranges.
    values : ndarray, shape (k, n)
        Predictions on the scale that is averaged; NaN where there is none.
    """

    traits: Mapping[str, Traits]
    beyond: np.ndarray
    values: np.ndarray

    def centre(self, usable: np.ndarray, most: int = 5) -> np.ndarray:
        """Return the median prediction of the candidates with the smallest back-test errors, shape (n,)."""
        order = np.argsort(self.recent(), kind="stable")
        rank = np.cumsum(usable[order], axis=0)
        few = np.where(usable[order] & (rank <= most), self.values[order], np.nan)
        found: np.ndarray = np.nanmedian(few, axis=0)
        return found

    def features(self, usable: np.ndarray) -> np.ndarray:
        """Return the features of every candidate on every row, shape (k, n, len(FEATURES))."""
        k, n = self.values.shape
        tested = self.tested_axis()
        far = np.log1p(self.beyond)[None, :]
        columns: list[np.ndarray] = []
        logs, growth = self._log_errors(tested)
        for column in logs:
            columns.append(np.broadcast_to(column[:, None], (k, n)))
        columns += [c * far for c in columns[:5]]
        recent = columns[0]
        centre = self.centre(usable)
        unit = 0.02 * float(np.ptp(self.data.scaled)) + self.floor
        off = np.clip(np.nan_to_num((self.values - centre) / unit), -1e6, 1e6)
        apart, below = np.log1p(np.abs(off)), np.tanh(off / 10.0)
        generic = np.broadcast_to(np.array([float(name in GENERIC) for name in self.names])[:, None], (k, n))
        rows, traits = len(self.data.y), [self.traits[name] for name in self.names]
        share = np.broadcast_to(np.array([min(t.constants / rows, 1.0) for t in traits])[:, None], (k, n))
        failed = np.broadcast_to(~np.isfinite(self.recent())[:, None], (k, n)).astype(float)
        columns += [recent**2 / FARTHEST, failed, apart, apart * far, below, below * far]
        columns += [
            generic,
            generic * far,
            share,
            share * far,
            share / max(self._rungs() - 1, 1),
            np.broadcast_to(growth[:, None], (k, n)) * far,
        ]
        for trait in (np.array([t.reads for t in traits]), np.array([float(t.special) for t in traits])):
            column = np.broadcast_to(trait[:, None], (k, n))
            columns += [column, column * far]
        return np.stack(columns, axis=2)

    def _log_errors(self, tested: str | None) -> tuple[list[np.ndarray], np.ndarray]:
        """Return five kinds of error as logarithms over those of the best, and their growth from the highest cut to the lowest."""
        zero = np.zeros(len(self.names))
        if tested is None:
            return [zero] * 5, zero
        along = self.along(tested)
        logs = [self._relative(kind) for kind in (self.recent(), along[:, -1], along[:, 0], self.inner(), self.overall())]
        return logs, np.clip(logs[2] - logs[1], -FARTHEST, FARTHEST)

    def _rungs(self) -> int:
        axes = axes_of(self.data.X)
        scale = axes.get(self.axis, axes.get(ALL, next(iter(axes.values()), np.zeros(1))))
        return len(np.unique(np.round(scale, 6)))
