"""Evidence from the board: the errors of similar forecasts, on the rows that the benchmark held out.

`evidence_for` reads the table ``evidence.json``; ``python -m perf.regenerate evidence`` makes it with `records` and `tabulate`.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.tracks import Track
from scalingbench.common.variables import tracks_of
from scalingbench.forecasting.formats import as_percent

if TYPE_CHECKING:
    from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
    from scalingbench.benchmark.tasks.task import Fold, Task

__all__ = ["Evidence", "Surface", "evidence_for", "records", "surface_for", "tabulate", "track_of", "weighted_quantile"]

_REACH_LIMITS = (1.0 + 1e-9, 3.0, 10.0, 30.0, 100.0)
"""Bins of the compute of a row over that of the most expensive training row (params x tokens, or what the table has)."""
_ROWS_LIMITS = (10, 20, 50)
"""Bins of the number of training rows."""
_REACH_NAMES = (
    "within the range of the runs",
    "up to 3x beyond",
    "3-10x beyond",
    "10-30x beyond",
    "30-100x beyond",
    "over 100x beyond",
)
_ROWS_NAMES = ("up to 10 runs", "11-20 runs", "21-50 runs", "over 50 runs")
_TELLING: tuple[Track, ...] = ("mixture", "hyperparameters", "data-constrained", "architecture", "transfer", "inference")
"""Tracks that have typical variables; where variables are typical of several tracks the first is taken."""
_ENOUGH_COLLECTIONS, _ENOUGH_FITS = 3, 8


@dataclass(frozen=True)
class Evidence:
    """Errors of a predictor on held-out rows that are similar to the target.

    Attributes
    ----------
    predictor, suite : str
        Predictor and suite of the results.
    like : str
        Which rows count as similar.
    n, fits, collections : int
        Number of held-out rows, fits and collections. All collections have the same weight, and so have the fits of one.
    relative : bool
        Whether errors are relative (of logarithms), else in the metric's own unit.
    median, p90 : float
        Quantiles of the absolute error.
    coverage : float, optional
        Coverage of the predictor's own 80 % interval.
    factor, extra : float, optional
        The factor on the 80 % intervals, or the width added on each side, that gives a coverage of 80 %.
    """

    predictor: str
    suite: str
    like: str
    n: int
    fits: int
    collections: int
    relative: bool
    median: float
    p90: float
    coverage: float | None
    factor: float | None
    extra: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        def off(value: float) -> str:
            return as_percent(value) if self.relative else f"{value:.2g}"

        text = f"among {self.n:,} held-out rows {self.like} ({self.fits} fits of {self.collections} collections), "
        text += f"the median error of {self.predictor} is {off(self.median)}, the 90th percentile {off(self.p90)}"
        return text + (f", and its own 80 % interval covers {100 * self.coverage:.0f} %" if self.coverage is not None else "")


def _bin_of(values: np.ndarray, limits: Sequence[float]) -> np.ndarray:
    """Return the index of the bin of each value; a value at a limit is in the lower bin."""
    return np.searchsorted(np.asarray(limits, float), np.asarray(values, float), side="left")


def _cell_key(log: bool, track: str | None = None, reach: int | None = None, rows: int | None = None) -> str:
    """Return the key of a cell of the table; an axis that is pooled over is a star."""
    return "|".join(["log" if log else "linear", *("*" if v is None else str(v) for v in (track, reach, rows))])


def _enough(facts: Sequence[float | None]) -> bool:
    """Return whether a cell has enough fits of enough collections."""
    return float(facts[2] or 0) >= _ENOUGH_COLLECTIONS and float(facts[1] or 0) >= _ENOUGH_FITS


def track_of(variables: Sequence[str]) -> Track:
    """Return the track whose tasks read the same variables as a forecast."""
    typical = tracks_of(variables)
    first = next((track for track in _TELLING if track in typical), None)
    return first or ("curve" if len(set(variables)) == 1 else "compute")


@cache
def _table() -> dict[str, Any]:
    path = importlib.resources.files("scalingbench.forecasting") / "evidence.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def evidence_for(
    predictor: str, variables: Sequence[str], reach: float, rows: int, *, log: bool = True, table: dict[str, Any] | None = None
) -> Evidence | None:
    """Return the evidence from the rows most similar to a forecast, None where the board has no results of the predictor.

    Parameters
    ----------
    predictor : str
        Name on the board.
    variables : sequence of str
        Variables that it reads; they decide which track's tasks are similar.
    reach : float
        Compute of the target over that of the most expensive training run.
    rows : int
        Number of training runs.
    log : bool
        Whether errors of the metric are those of logarithms.
    table : dict, optional
        Another table than the package's own.
    """
    table = table if table is not None else _table()
    cells = table["predictors"].get(predictor)
    if cells is None:
        return None
    track = track_of(variables)
    far, many = int(_bin_of(np.array([reach]), _REACH_LIMITS)[0]), int(_bin_of(np.array([rows]), _ROWS_LIMITS)[0])
    found = _first_cell(cells, log, ((track, far, many), (track, far, None), (None, far, many), (None, far, None), (None, None, None)))
    if found is None:
        return None
    facts, (t, f, m) = found
    like = " ".join(filter(None, (_REACH_NAMES[f] if f is not None else "", f"from {_ROWS_NAMES[m]}" if m is not None else "")))
    like = (like or "of any reach and number of runs") + (f", track {t}" if t is not None else "")
    return Evidence(predictor, str(table["suite"]), like, int(facts[0]), int(facts[1]), int(facts[2]), log, *facts[3:])


_REACH_KNOTS = np.log([1.0, 3.0**0.5, 30.0**0.5, 300.0**0.5, 3000.0**0.5, 300.0])
_ROWS_KNOTS = np.log([7.0, 15.0, 32.0, 100.0])
"""Middles of the bins."""


@dataclass(frozen=True)
class Surface:
    """The board's calibration between the middles of its bins.

    Attributes
    ----------
    factor, extra : ndarray, shape (reach bins, rows bins)
        As of `Evidence`; of a bin without evidence those of all reaches and rows.
    """

    factor: np.ndarray
    extra: np.ndarray

    def half_width(self, own: np.ndarray, reach: np.ndarray, rows: int) -> np.ndarray:
        """Return calibrated half-widths, shape (n,): continuous in all three, and not falling with reach for a given own width."""
        own, x = np.asarray(own, float), np.log(np.maximum(reach, 1.0))
        cells = np.where(self.factor <= 1.0, own[:, None, None] * self.factor, own[:, None, None] + np.maximum(self.extra, 0.0))
        by_reach = np.apply_along_axis(lambda v: np.interp(np.log(max(rows, 1)), _ROWS_KNOTS, v), 2, cells)
        rising = np.stack([_rising(v) for v in by_reach])
        return np.array([np.interp(at, _REACH_KNOTS, v) for at, v in zip(x, rising, strict=True)])


def _rising(values: np.ndarray) -> np.ndarray:
    """Return the nearest values that do not fall."""
    return np.asarray(isotonic_regression(values).x, float)


def surface_for(predictor: str, variables: Sequence[str], *, log: bool = True, table: dict[str, Any] | None = None) -> Surface | None:
    """Return the calibration of a predictor, None where the board has no intervals of it; parameters as of `evidence_for`."""
    table = table if table is not None else _table()
    cells = table["predictors"].get(predictor)
    if cells is None:
        return None
    track, shape = track_of(variables), (len(_REACH_KNOTS), len(_ROWS_KNOTS))
    facts = np.full((*shape, 2), np.nan)
    for f, m in np.ndindex(shape):
        found = _first_cell(cells, log, ((track, f, m), (track, f, None), (None, f, m), (None, f, None), (None, None, None)))
        if found is not None and found[0][-1] is not None:
            facts[f, m] = [float(v) for v in found[0][-2:]]
    return Surface(facts[..., 0], facts[..., 1]) if np.isfinite(facts).all() else None


_Cell = tuple[str | None, int | None, int | None]


def _first_cell(cells: Mapping[str, Any], log: bool, wanted: Iterable[_Cell]) -> tuple[Sequence[Any], _Cell] | None:
    """Return the figures of the first of the wanted cells with enough fits, and which it is."""
    for at in wanted:
        facts = cells.get(_cell_key(log, *at))
        if facts is not None and _enough(facts):
            return facts, at
    return None


_SYNTHETIC = "synthetic"
_LEAST = 1e-6
"""Smallest half-width of an interval, on the scale of the error."""


def records(results: Iterable[TaskResult], tasks: Sequence[Task], exclusions: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """Return one row per predictor and held-out row.

    Parameters
    ----------
    results : iterable of TaskResult
        Results of other tasks or of other rows are left out.
    tasks : sequence of Task
        Synthetic tasks, those set aside for tuning and those of weight 0 are left out.
    exclusions : mapping of str to sequence of str, optional
        Collections that a predictor was tuned on; they are no evidence about it.

    Returns
    -------
    DataFrame
        predictor, track, collection, fit (a number), log (whether errors are those of logarithms), rows and reach (bins),
        error (absolute), half (width of the predicted 80 % interval on the side of the measured value; missing without
        an interval).
    """
    chosen = {t.id: t for t in tasks if t.weight > 0 and t.role == "counted" and not t.collection.startswith(_SYNTHETIC)}
    known = {name: _reaches(task) for name, task in chosen.items()}
    numbers = {(name, fold.name): i for i, (name, fold) in enumerate((n, f) for n, t in chosen.items() for f in t.folds)}
    parts = []
    for result in results:
        task = chosen.get(result.task)
        if task is None or task.fingerprint != result.fingerprint or task.collection in (exclusions or {}).get(result.predictor, ()):
            continue
        for fold, found, reach in zip(task.folds, result.folds, known[task.id], strict=True):
            if found.status == "ok" and len(found.predictions) == len(fold.y_test):
                parts.append(_part(result.predictor, task, fold, found, reach, numbers[task.id, fold.name]))
    return pd.concat(parts, ignore_index=True)


def _reaches(task: Task) -> list[np.ndarray]:
    """Return the cost of each held-out row over that of the most expensive training row, by fold."""
    found = []
    for fold in task.folds:
        train, basis = row_cost(fold.X_train)
        test, same = row_cost(fold.X_test)
        found.append(test / train.max() if basis == same and basis != "rows" else np.ones(len(test)))
    return found


def _part(predictor: str, task: Task, fold: Fold, found: FoldResult, reach: np.ndarray, number: int) -> pd.DataFrame:
    on = np.log if task.on_log_scale else np.asarray
    y, p = (on(np.maximum(v, 1e-300)) if task.on_log_scale else v for v in (fold.y_test, found.predictions))
    part: dict[str, Any] = {"error": np.abs(y - p), "reach": _bin_of(reach, _REACH_LIMITS)}
    low, high = found.quantiles.get(0.1), found.quantiles.get(0.9)
    if low is not None and high is not None:
        ends = [np.log(np.maximum(v, 1e-300)) if task.on_log_scale else v for v in (low, high)]
        half = np.where(y >= p, ends[1] - p, p - ends[0])
        part["half"] = np.maximum(half, _LEAST)
    table = pd.DataFrame(part)[fold.scored]
    rows = int(_bin_of(np.array([len(fold.y_train)]), _ROWS_LIMITS)[0])
    return table.assign(predictor=predictor, track=task.track, collection=task.collection, fit=number, log=task.on_log_scale, rows=rows)


def tabulate(table: pd.DataFrame) -> dict[str, dict[str, list[float | None]]]:
    """Return the figures of every cell with enough fits, by predictor, in the order of the fields of `Evidence` from `n` on."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for predictor, rows in table.groupby("predictor", sort=True):
        found[str(predictor)] = {key: facts for key, facts in _cells(rows)}
    return found


def _cells(rows: pd.DataFrame) -> Iterator[tuple[str, list[float | None]]]:
    for columns in (["track", "reach", "rows"], ["track", "reach"], ["reach", "rows"], ["reach"], []):
        for values, cell in rows.groupby(["log", *columns], sort=True):
            at: dict[str, Any] = dict(zip(["log", *columns], values, strict=True))
            facts = _facts(cell)
            if _enough(facts):
                yield _cell_key(bool(at["log"]), at.get("track"), at.get("reach"), at.get("rows")), facts


def _facts(cell: pd.DataFrame) -> list[float | None]:
    weight = _weights(cell)
    error = cell["error"].to_numpy(float)
    facts: list[float | None] = [len(cell), cell["fit"].nunique(), cell["collection"].nunique()]
    facts += [_round(weighted_quantile(error, weight, level)) for level in (0.5, 0.9)]
    half = cell["half"].to_numpy(float) if "half" in cell else np.full(len(cell), np.nan)
    known = np.isfinite(half)
    if not known.any():
        return [*facts, None, None, None]
    error, half, weight = error[known], half[known], weight[known]
    inside = float(np.average(error <= half, weights=weight))
    return [*facts, _round(inside), *(_round(weighted_quantile(v, weight, 0.8)) for v in (error / half, error - half))]


def _weights(cell: pd.DataFrame) -> np.ndarray:
    """Return weights that give all collections the same weight, and all fits of one: rows of one fit are not independent."""
    by_fit = cell.groupby("fit")["error"].transform("size")
    fits = cell.groupby("collection")["fit"].transform("nunique")
    return (1.0 / (by_fit * fits)).to_numpy(float)


def weighted_quantile(values: np.ndarray, weight: np.ndarray, level: float) -> float:
    """Return the smallest value with at least `level` of the weight at or below it."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    return float(values[order][min(int(np.searchsorted(share, level - 1e-12)), len(values) - 1)])


def _round(value: float) -> float:
    return float(f"{value:.4g}")
