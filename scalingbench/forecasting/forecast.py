"""Forecast: the predicted value of a large run, its interval and the cautions about it, from a table of small runs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.defaults import DEFAULT_PREDICTOR, ERROR_LIMIT, LEVELS, NORMAL, Of
from scalingbench.common.errors import InputError
from scalingbench.forecasting.calibration import half_widths, least_width
from scalingbench.forecasting.cautions import data_cautions, fit_cautions, refuse, severest_first
from scalingbench.forecasting.downstream import Route, TwoStages, choose_route, two_stages
from scalingbench.forecasting.ensemble import Ensemble, LeaveOut, back_tested, leave_budgets_out, predict_point
from scalingbench.forecasting.evidence import evidence_for, surface_for
from scalingbench.forecasting.explanation import explain
from scalingbench.forecasting.noise import Noise, noise_of, of_the_law
from scalingbench.forecasting.query import Query, make_query
from scalingbench.forecasting.reading import Options, Reading, Runs, TableLike, read_runs
from scalingbench.forecasting.records import Forecast, Prediction
from scalingbench.forecasting.targets import TargetLike
from scalingbench.predictors.contract import ANY, columns_read
from scalingbench.predictors.registry import make

__all__ = ["Prefitted", "forecast", "forecast_of", "predict"]

_NO_WIDTH = 1e-9
"""Relative width below which there is no interval."""


@dataclass(frozen=True)
class Prefitted:
    """What `forecast_of` need not make again.

    Attributes
    ----------
    ensemble, model : Any, optional
        The ensemble and the predictor, fitted to the rows of the query.
    board : dict, optional
        Another table of evidence than the package's own.
    loss : Any, optional
        The ensemble, fitted to the losses of the rows of the query.
    """

    ensemble: Any = None
    model: Any = None
    board: dict[str, Any] | None = None
    loss: Any = None


def forecast(
    runs: TableLike | Runs,
    target: TargetLike,
    *,
    predictor: str = DEFAULT_PREDICTOR,
    tolerance: float = ERROR_LIMIT,
    force: bool = False,
    chance: float | None = None,
    of: Of = "run",
    **reading: Unpack[Reading],
) -> Forecast:
    """Fit a predictor to a table of runs and predict a target.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs
        See `reading.read_runs`.
    target : mapping of str to float, or str
        Inputs of the run to predict; the predictor reads these columns and no others.
    predictor : str
        A registered name.
    tolerance : float
        Error from which the forecast is useless; warnings are set to it.
    force : bool
        Predict also where a rule refuses.
    chance : float, optional
        Accuracy of guessing: a forecast of an accuracy is no lower. By default that of the benchmark, where a data card
        states it, else 0.
    of : {"run", "mean"}
        Whether the interval is of one new run, or of the expected value, where the table has repeated runs or standard errors.
    **reading
        The fields of `reading.Options`: names, units, where, metric, curve, checkpoints.

    Raises
    ------
    InputError
        If the table cannot be read, lacks a column of the target, or the forecast is refused.

    Examples
    --------
    >>> import scalingbench as sb
    >>> found = sb.forecast("runs.csv", "params=7B,tokens=140B", predictor="chinchilla")
    >>> round(found.value, 2), found.low < found.value < found.high
    (2.17, True)
    >>> [caution.code for caution in found.cautions]
    ['reach', 'reach', 'back-test', 'no-evidence']
    """
    query = make_query(read_runs(runs, Options(**reading)), target, chance)
    return forecast_of(query, predictor, tolerance=tolerance, force=force, of=of)


def forecast_of(
    query: Query,
    predictor: str = DEFAULT_PREDICTOR,
    *,
    tolerance: float = ERROR_LIMIT,
    force: bool = False,
    of: Of = "run",
    fitted: Prefitted | None = None,
) -> Forecast:
    """Predict the target of a query; parameters and errors as for `forecast`."""
    from threadpoolctl import threadpool_limits

    if of not in ("run", "mean"):
        raise InputError(f"--of: expected 'run' or 'mean', got {of!r}")
    noise = noise_of(query)
    if of == "mean" and noise is None:
        why = "no configuration has several runs, and no column has standard errors of the values: the noise of a run is unknown"
        raise InputError(f"--of: {query.runs.source}: {why}")
    if not tolerance > 0:
        raise InputError(f"tolerance: expected a positive number, got {tolerance!r}")
    fitted = fitted or Prefitted()
    check_reads(predictor, query)
    first = data_cautions(query)
    refuse(first, force=force)
    with threadpool_limits(1):  # threads cost more than they save on small fits
        ensemble, route = _routed(query, predictor, fitted)
        model = ensemble.model if fitted.model is None and predictor == DEFAULT_PREDICTOR else fitted.model
        staged = isinstance(model, TwoStages)
        at_target = predict_staged(query, model, fitted.board) if staged else predict(query, predictor, model, fitted.board)
        found = Forecast(
            **vars(at_target),
            ensemble=ensemble,
            leave_out=LeaveOut() if staged else leave_budgets_out(query, [predictor, *(o.name for o in ensemble.laws)]),
            backtest=ensemble.backtest_of(predictor),
            route=route,
        )
    cautions, explanation = severest_first((*first, *fit_cautions(found, tolerance))), explain(found)
    return _with_noise(replace(found, cautions=cautions, explanation=explanation), noise, of)


def _with_noise(found: Forecast, noise: Noise | None, of: Of) -> Forecast:
    """Return a forecast with the noise of its table, and the interval of the expected value where that is asked for."""
    if noise is None or found.low is None or found.high is None:
        return replace(found, noise=noise, of=of)
    noise, mean = of_the_law(found.query, noise, found.value, (found.low, found.high))
    low, high = mean if of == "mean" else (found.low, found.high)
    return replace(found, noise=noise, of=of, low=low, high=high)


def _routed(query: Query, predictor: str, fitted: Prefitted) -> tuple[Ensemble, Route | None]:
    """Return the ensemble of the accuracy, or of the two stages where back-tests choose them."""
    ensemble = back_tested(query, fitted.ensemble)
    if predictor != DEFAULT_PREDICTOR or fitted.model is not None or (fitted.ensemble is not None and fitted.loss is None):
        return ensemble, None
    staged = two_stages(query, fitted.loss)
    if staged is None:
        return ensemble, None
    route, ensemble = choose_route(query, ensemble, staged)
    return ensemble, route


def check_reads(predictor: str, query: Query) -> None:
    """Refuse a predictor that cannot read the columns of a query.

    Raises
    ------
    InputError
        With the columns that it reads.
    """
    wanted = getattr(make(predictor), "variables", None)
    if columns_read(wanted, query.variables, query.variables) is None:
        spelt = "one variable" if tuple(wanted or ()) == (ANY,) else ", ".join(wanted or ())
        raise InputError(f"--target: {predictor} reads {spelt}; the runs vary, and the target names, {', '.join(query.variables)}")


def predict(query: Query, predictor: str, model: Any = None, board: dict[str, Any] | None = None) -> Prediction:
    """Return the value of a predictor at the target, and its calibrated interval: the same for every use of it.

    Parameters
    ----------
    query : Query
        Rows and target.
    predictor : str
        A registered name.
    model : Any, optional
        The predictor, fitted to the rows; without one it is fitted here.
    board : dict, optional
        Another table of evidence than the package's own.

    Raises
    ------
    InputError
        If the predictor gives no finite value.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = make(predictor).fit(query.X, query.y) if model is None else model
        given = predict_point(model, query)
        quantiles = np.ravel(model.predict_quantiles(query.point, list(LEVELS))) if hasattr(model, "predict_quantiles") else None
    if not np.isfinite(given):
        raise InputError(f"{predictor} gives no finite value at the target")
    value = float(query.within(np.array(given)))
    own, why_not = _own_interval(quantiles)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        low, high = _calibrated(query, predictor, model, value, board) if own is not None else (None, None)
    evidence = evidence_for(predictor, query.variables, query.reach, len(query.y), log=query.log, table=board)
    return Prediction(
        query=query,
        predictor=predictor,
        model=model,
        value=value,
        given=given,
        low=low,
        high=high,
        own_interval=None if own is None else _ends(query.within(np.array(own))),
        why_no_interval=why_not,
        evidence=evidence,
    )


def predict_staged(query: Query, model: TwoStages, board: dict[str, Any] | None = None) -> Prediction:
    """Return the accuracy at the forecast of the loss.

    Its interval has that of the loss, the scatter of accuracies at a loss and the distance between laws from loss to accuracy. It is no
    narrower than `calibration.least_width`, which has the back-test error of both stages together.
    """
    loss = predict(query.of_losses(), DEFAULT_PREDICTOR, model.loss, board)
    given = float(model.through([loss.value])[0])
    value = float(query.within(np.array(given)))
    residual = query.scaled(model.through(np.asarray(query.losses))) - query.scaled(query.y)
    noise = NORMAL * float(np.hypot(_scatter(residual), model.apart(loss.value, query)))
    floor = least_width(query, DEFAULT_PREDICTOR, model)

    def interval(ends: tuple[float, float], least: float) -> tuple[float, float]:
        at, *others = query.scaled(query.within(model.through([loss.value, *ends])))
        below, above = (max(least, float(np.hypot(reach, noise))) for reach in (at - min(at, *others), max(at, *others) - at))
        return _ends(query.within(query.unscaled(np.array([at - below, at + above]))))

    calibrated = None if loss.low is None or loss.high is None else interval((loss.low, loss.high), floor)
    low, high = calibrated or (None, None)
    own = None if loss.own_interval is None else interval(loss.own_interval, 0.0)
    made: dict[str, Any] = {"query": query, "model": model, "value": value, "given": given, "low": low, "high": high, "own_interval": own}
    return replace(loss, **made)


def _scatter(residual: np.ndarray) -> float:
    """Return the standard deviation of accuracies around a link of two constants or more."""
    return float(np.sqrt(np.sum(residual**2) / max(1, len(residual) - 3)))


def _own_interval(quantiles: np.ndarray | None) -> tuple[tuple[float, float] | None, str | None]:
    """Return the predictor's own interval, or why there is none."""
    if quantiles is None:
        return None, "this predictor gives none"
    low, middle, high = (float(q) for q in quantiles)
    if not np.isfinite([low, middle, high]).all():
        return None, "this predictor's quantiles are not finite"
    if high - low <= _NO_WIDTH * abs(middle):
        return None, "the law passes through its rows, so that the noise is unknown"
    return (low, high), None


def _calibrated(query: Query, predictor: str, model: Any, value: float, board: dict[str, Any] | None) -> tuple[float, float]:
    """Return the interval with 80 % coverage on the board around the value, within the range of the metric."""
    surface = surface_for(predictor, query.variables, log=query.log, table=board)
    below, above = half_widths(query, model, surface, least_width(query, predictor, model))
    at = float(query.scaled(np.array([value]))[0])
    kind = metric_kind(query.runs.metric)
    return _ends(query.within(query.unscaled(np.array([at - below, at + above])).clip(kind.low, kind.high)))


def _ends(interval: np.ndarray) -> tuple[float, float]:
    return float(interval[0]), float(interval[1])
