"""Features of a candidate where it is asked, for weights that learn: its back-tests, its kind, how far it is from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from predictors.backtests import ALL, INTERPOLATION, axes_of
from predictors.columns import numeric_columns
from predictors.contract import ANY, columns_read
from predictors.trials import DataSet

__all__ = ["FEATURES", "GENERIC", "Asking", "Traits", "traits_of"]

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
_MOST = 5.0  # errors count up to e^5 times those of the best
_FLOOR = 0.001
_BEST = 3

FEATURES = (
    *("recent", "highest", "lowest", "interpolation", "overall"),
    *("recent far", "highest far", "lowest far", "interpolation far", "overall far"),
    *("recent squared", "failed", "apart", "apart far", "below", "below far"),
    *("generic", "generic far", "constants", "constants far", "constants few rungs", "growth"),
    *("reads", "reads far", "special", "special far"),
)
"""Names of the columns of `Asking.features`, before those of the candidates."""


class Traits(NamedTuple):
    """What kind of candidate it is.

    Attributes
    ----------
    constants : int
        Of its formula; 0 where it has none.
    reads : float
        Share of the numeric columns that it reads.
    special : bool
        Whether it names the variables that it reads.
    """

    constants: int
    reads: float
    special: bool


def traits_of(law: Any, X: pd.DataFrame) -> Traits:
    """Return what kind of candidate a law is on a data set."""
    variables, numeric = getattr(law, "variables", None), numeric_columns(X)
    read = columns_read(variables, list(map(str, X.columns)), numeric) or ()
    share = len(set(read) & set(numeric)) / max(len(numeric), 1)
    return Traits(len(getattr(law, "parameters", ()) or ()), share, variables is not None and tuple(variables) != (ANY,))


@dataclass(frozen=True)
class Asking:
    """Rows that are judged alike, and the candidates on them.

    Attributes
    ----------
    data : DataSet
        The training rows and their back-tests.
    names : sequence of str
        Candidates, k of them.
    errors : mapping of str to sequence of float
        Root mean squared error of each candidate in every back-test.
    traits : mapping of str to Traits
        Of each candidate.
    axis : str
        Along which the rows lie farthest beyond the training rows.
    beyond : ndarray, shape (n,)
        How far, in units of the training range.
    values : ndarray, shape (k, n)
        Predictions on the scale that is averaged; NaN where there is none.
    """

    data: DataSet
    names: Sequence[str]
    errors: Mapping[str, Sequence[float]]
    traits: Mapping[str, Traits]
    axis: str
    beyond: np.ndarray
    values: np.ndarray

    def along(self, axis: str) -> np.ndarray:
        """Return the errors in the back-tests of an axis from the lowest up, shape (k, number of back-tests)."""
        chosen = [i for i, test in enumerate(self.data.backtests) if test.axis == axis]
        return np.array([[self.errors[name][i] for i in chosen] for name in self.names]).reshape(len(self.names), len(chosen))

    def judged_by(self) -> str | None:
        """Return the axis, or the nearest thing that was back-tested."""
        known = list(dict.fromkeys(test.axis for test in self.data.backtests))
        return next((a for a in (self.axis, ALL, *[c for c in known if c != INTERPOLATION], INTERPOLATION) if a in known), None)

    def tested(self) -> bool:
        """Return whether anything was back-tested."""
        return bool(self.data.backtests)

    def recent(self) -> np.ndarray:
        """Return root mean squared errors along the judged axis, each higher back-test counting four times the one below; shape (k,)."""
        axis = self.judged_by()
        if axis is None:
            return np.full(len(self.names), np.inf)
        errors = self.along(axis)
        weight = (1.0 if axis == INTERPOLATION else 4.0) ** np.arange(errors.shape[1])
        found: np.ndarray = np.sqrt((errors**2 * weight).sum(axis=1) / weight.sum())
        return found

    @property
    def floor(self) -> float:
        """The error below which nothing is told apart."""
        return max(_FLOOR * float(np.std(self.data.scaled)), 1e-6)

    def centre(self, usable: np.ndarray, most: int = 5) -> np.ndarray:
        """Return the median prediction of the best few in back-tests on each row, shape (n,)."""
        order = np.argsort(self.recent(), kind="stable")
        rank = np.cumsum(usable[order], axis=0)
        few = np.where(usable[order] & (rank <= most), self.values[order], np.nan)
        found: np.ndarray = np.nanmedian(few, axis=0)
        return found

    def features(self, usable: np.ndarray) -> np.ndarray:
        """Return what is known of every candidate on every row, shape (k, n, len(FEATURES))."""
        k, n = self.values.shape
        judged = self.judged_by()
        far = np.log1p(self.beyond)[None, :]
        columns: list[np.ndarray] = []
        logs, growth = self._log_errors(judged)
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
        columns += [recent**2 / _MOST, failed, apart, apart * far, below, below * far]
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

    def _log_errors(self, judged: str | None) -> tuple[list[np.ndarray], np.ndarray]:
        """Return five kinds of error as logarithms over those of the best, and how they grow from the highest cut to the lowest."""
        zero = np.zeros(len(self.names))
        if judged is None:
            return [zero] * 5, zero
        known = {test.axis for test in self.data.backtests}
        along = self.along(judged)
        inner = self.along(INTERPOLATION) if INTERPOLATION in known else along
        overall = self.along(ALL) if ALL in known else along
        kinds = (self.recent(), along[:, -1], along[:, 0], _rms(inner), _rms(overall))
        logs = [self._relative(kind) for kind in kinds]
        return logs, np.clip(logs[2] - logs[1], -_MOST, _MOST)

    def _relative(self, errors: np.ndarray) -> np.ndarray:
        logs = np.log(np.where(np.isfinite(errors), errors, 1e9) + self.floor)
        best = np.sort(logs)[min(_BEST, len(logs)) - 1]
        found: np.ndarray = np.clip(logs - best, -_MOST, _MOST)
        return found

    def _rungs(self) -> int:
        axes = axes_of(self.data.X)
        scale = axes.get(self.axis, axes.get(ALL, next(iter(axes.values()), np.zeros(1))))
        return len(np.unique(np.round(scale, 6)))


def _rms(errors: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt((errors**2).mean(axis=1))
    return found
