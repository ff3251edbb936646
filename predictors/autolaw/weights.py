"""Back-test errors of the candidates along the axis of a prediction point, and which predictions are plausible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scalingbench.predictors.autolaw.backtest import Backtest, DataSet
from scalingbench.predictors.axes import ALL, INTERPOLATION

__all__ = ["FARTHEST", "RECENCY", "BacktestErrors", "nearest_axis", "plausible", "recency_weighted"]

RECENCY = 4.0
"""Weight of each back-test of an axis relative to the next lower one."""
FARTHEST = 5.0
"""Limit on the distance between errors, in e-folds, so that one failed back-test does not dominate."""
_MEASURE = 3  # errors are relative to that of the candidate of this rank
_FLOOR = 0.001


@dataclass(frozen=True)
class BacktestErrors:
    """Prediction points that are weighted by the same back-tests, and the candidates' errors in them.

    Attributes
    ----------
    data : DataSet
        The training rows and their back-tests.
    names : sequence of str
        Candidates, k of them.
    errors : mapping of str to sequence of float
        Root mean squared error of each candidate in every back-test; infinite where it failed.
    axis : str
        Axis along which the points are farthest from the training rows.
    """

    data: DataSet
    names: Sequence[str]
    errors: Mapping[str, Sequence[float]]
    axis: str

    def along(self, axis: str) -> np.ndarray:
        """Return the errors in the back-tests of an axis from the lowest up, shape (k, number of back-tests)."""
        chosen = [i for i, test in enumerate(self.data.backtests) if test.axis == axis]
        return np.array([[self.errors[name][i] for i in chosen] for name in self.names]).reshape(len(self.names), len(chosen))

    def tested_axis(self) -> str | None:
        """Return the axis, or the nearest one with back-tests; None where there is none."""
        return nearest_axis(self.axis, self.data.backtests)

    def recent(self) -> np.ndarray:
        """Return the errors along the tested axis, infinite without back-tests; shape (k,)."""
        axis = self.tested_axis()
        return np.full(len(self.names), np.inf) if axis is None else self._mean(axis)

    def overall(self) -> np.ndarray:
        """Return the errors along the overall scale, else along the tested axis; shape (k,)."""
        return self._mean(ALL) if self._was_tested(ALL) else self.recent()

    def inner(self) -> np.ndarray:
        """Return the errors in interpolation, else along the tested axis; shape (k,)."""
        return self._mean(INTERPOLATION, even=True) if self._was_tested(INTERPOLATION) else self.recent()

    def kinds(self) -> np.ndarray:
        """Return the logarithms of three errors relative to the third best candidate: tested axis, overall, interpolation; (3, k).

        They are clipped at `FARTHEST`; a failed back-test counts as that.
        """
        return np.stack([self._relative(errors) for errors in (self.recent(), self.overall(), self.inner())])

    def _relative(self, errors: np.ndarray) -> np.ndarray:
        logs = np.log(np.minimum(errors, 1e9) + self.floor)
        found: np.ndarray = np.clip(logs - np.sort(logs)[min(_MEASURE, len(logs)) - 1], -FARTHEST, FARTHEST)
        return found

    @property
    def floor(self) -> float:
        """The error below which candidates are not distinguished."""
        return max(_FLOOR * float(np.std(self.data.scaled)), 1e-6)

    def _was_tested(self, axis: str) -> bool:
        return any(test.axis == axis for test in self.data.backtests)

    def _mean(self, axis: str, *, even: bool = False) -> np.ndarray:
        errors = self.along(axis)
        weight = (1.0 if even or axis == INTERPOLATION else RECENCY) ** np.arange(errors.shape[1])
        found: np.ndarray = np.sqrt((errors**2 * weight).sum(axis=1) / weight.sum())
        return found


def nearest_axis(axis: str, backtests: Sequence[Backtest]) -> str | None:
    """Return the first of these that has back-tests: the axis, the overall scale, another axis, interpolation; else None."""
    known = list(dict.fromkeys(test.axis for test in backtests))
    return next((a for a in (axis, ALL, *[c for c in known if c != INTERPOLATION], INTERPOLATION) if a in known), None)


def recency_weighted(errors: Sequence[float], axis: str, recency: float = RECENCY) -> float:
    """Return the root mean square of errors in the back-tests of an axis; each has `recency` times the weight of the next lower one."""
    growth = 1.0 if axis == INTERPOLATION else recency
    return float(np.sqrt(np.average(np.square(errors), weights=growth ** np.arange(len(errors)))))


def plausible(data: DataSet, values: np.ndarray, beyond: np.ndarray, reach: float) -> np.ndarray:
    """Return which predictions are plausible; all finite ones at a point where none is; shape (k, n).

    Parameters
    ----------
    values : ndarray, shape (k, n)
        Predictions on the scale that is averaged.
    beyond : ndarray, shape (n,)
        Distance d of the points from the training rows, in training ranges.
    reach : float
        A plausible prediction is within `reach` x (d + 0.5) ranges of the training values.
    """
    known = data.scaled
    slack = reach * float(np.ptp(known)) * (0.5 + beyond)
    predicted = np.isfinite(values)
    filled = np.nan_to_num(values)
    within = predicted & (filled >= known.min() - slack) & (filled <= known.max() + slack)
    found: np.ndarray = np.where(within.any(axis=0), within, predicted)
    return found
