"""The width of the calibrated interval: continuous in reach and rows, and never smaller farther out.

The board's cells are bins of reach and of rows. A width is read off between the middles of the bins, after it is made to rise
with reach. The predictor's own widths are taken at even distances along the line from the middle of the runs to the target,
each calibrated there, and the largest up to the target counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.defaults import DEFAULT_PREDICTOR, ERROR_LIMIT, LEVELS, NORMAL
from scalingbench.forecasting.cautions import FAILS, locked_pairs
from scalingbench.forecasting.ensemble import back_tested, expected_at
from scalingbench.forecasting.evidence import Surface
from scalingbench.forecasting.query import Query

__all__ = ["half_widths", "least_width"]

_MARK = 0.25
"""Distance of the marks on the line, in the logarithm of the inputs."""
_FEWEST_MARKS, _MOST_MARKS = 64, 200


def half_widths(query: Query, model: Any, surface: Surface | None, floor: float) -> tuple[float, float]:
    """Return the widths of the 80 % interval below and above the value, on the scale of the errors.

    Parameters
    ----------
    query : Query
        Rows and target.
    model : Any
        The fitted predictor, with ``predict_quantiles``.
    surface : Surface, optional
        The calibration by the board; None leaves the predictor's own widths.
    floor : float
        Least width.
    """
    points, at = _marks(query)
    middle = query.scaled(np.asarray(model.predict(points), float))
    ends = query.scaled(np.asarray(model.predict_quantiles(points, list(LEVELS)), float)[:, [0, -1]])
    own = np.nan_to_num(np.abs(ends - middle[:, None]), nan=0.0, posinf=0.0)
    reach = _reach(query, points)
    wide = own if surface is None else np.stack([surface.half_width(own[:, i], reach, len(query.y)) for i in (0, 1)], axis=1)
    widest = np.maximum.accumulate(np.maximum(wide, floor), axis=0)
    low, high = (float(np.interp(at, np.arange(len(points)), widest[:, i])) for i in (0, 1))
    return low, high


def _marks(query: Query) -> tuple[pd.DataFrame, float]:
    """Return points at even distances from the middle of the runs, the last at or past the target, and the target's place."""
    to, back = _scales(query)
    start, end = to(query.X).mean(axis=0), to(query.point)[0]
    distance = float(np.linalg.norm(end - start))
    step = max(_MARK, distance / _MOST_MARKS)
    number = max(_FEWEST_MARKS, int(np.ceil(distance / step)) + 1)  # as many for every target: resampled noise depends on the number
    along = (end - start) / distance if distance > 0 else np.ones(len(start)) / np.sqrt(len(start))
    return back(start + step * np.arange(number)[:, None] * along), distance / step


def _scales(query: Query) -> tuple[Callable[[pd.DataFrame], np.ndarray], Callable[[np.ndarray], pd.DataFrame]]:
    """Return the way to logarithms of the inputs, where they are positive, and the way back."""
    names = list(query.variables)
    log = np.array([bool((query.X[n] > 0).all() and query.point[n].iloc[0] > 0) for n in names])

    def to(frame: pd.DataFrame) -> np.ndarray:
        x = frame[names].to_numpy(float)
        return np.where(log, np.log(np.where(log, x, 1.0)), x)

    def back(x: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(np.where(log, np.exp(np.where(log, x, 0.0)), x), columns=names)

    return to, back


def _reach(query: Query, points: pd.DataFrame) -> np.ndarray:
    """Return the cost of points over that of the most expensive run, rising along the line."""
    costs, basis = row_cost(query.X)
    reach = row_cost(points)[0] / costs.max() if basis != "rows" else np.ones(len(points))
    return np.asarray(np.maximum.accumulate(reach), float)


def least_width(query: Query, predictor: str, model: Any) -> float:
    """Return the width that the scatter of the rows and, of AutoLaw, its back-test errors give by themselves: 80 % of normal errors."""
    residual = query.scaled(query.y) - query.scaled(np.asarray(model.predict(query.X), float))
    spare = max(1, len(residual) - 2 - len(query.variables))
    variance = float(np.nansum(residual**2)) / spare
    if predictor == DEFAULT_PREDICTOR:
        tested = back_tested(query, model).backtest
        variance = max(variance, tested**2) if np.isfinite(tested) else variance
    return float(NORMAL * max(np.sqrt(variance), _on_one_ray(query, predictor, model)))


def _on_one_ray(query: Query, predictor: str, model: Any) -> float:
    """Return the expected error where the runs vary two variables together and the back-test along that line fails, else 0."""
    if not locked_pairs(query):
        return 0.0
    ensemble = back_tested(query, model if predictor == DEFAULT_PREDICTOR else None)
    error = expected_at(ensemble.backtest_of(predictor), ensemble.beyond)
    return error if error > FAILS * ERROR_LIMIT else 0.0
