"""From a table of small runs to what a large run will give, and whether to believe it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.defaults import LEVELS
from scalingbench.common.errors import InputError
from scalingbench.forecasting.cautions import Caution, beyond, data_cautions, refuse
from scalingbench.forecasting.evidence import Evidence, evidence_for
from scalingbench.forecasting.fit_cautions import TOLERANCE, Findings, fit_cautions
from scalingbench.forecasting.opinions import REFEREE, Opinions, hear, left_out
from scalingbench.forecasting.problem import Problem, Target, make_problem, parse_target
from scalingbench.forecasting.reading import Options, Runs, Source, read_runs
from scalingbench.predictors.contract import ANY, columns_read
from scalingbench.predictors.registry import make

__all__ = ["Forecast", "forecast", "forecast_of", "parse_target"]

_NO_WIDTH = 1e-9
"""Relative width below which an interval is none."""


@dataclass(frozen=True)
class Forecast:
    """A prediction, how far it reaches, and what speaks against it.

    Attributes
    ----------
    metric, predictor : str
        What is predicted, and by which predictor.
    target : dict of str to float
        At which inputs.
    value : float
        Predicted.
    low, high : float, optional
        80 % interval for one new run, calibrated on the board where it has evidence; None where there is none.
    own_interval : tuple of float, optional
        As the predictor gives it.
    why_no_interval : str, optional
        Where `low` and `high` are missing.
    rows : int
        Rows it was fitted on.
    beyond : dict of str to float
        Target over the largest (or smallest) training value, per variable outside the training range.
    reach : float
        Compute of the target over that of the dearest run (params x tokens where no FLOPs are given).
    weights : dict of str to float
        What a combination of laws rests on.
    laws : dict of str to float
        What each law that did well in back-tests says.
    left_out : dict of str to float
        Forecasts of a refit without one budget each, by what a run of that budget costs.
    backtest : float, optional
        The predictor's error in back-tests along the axis of the target.
    cautions : tuple of Caution
        Notes, warnings and (overridden) refusals, the gravest first.
    evidence : Evidence, optional
        What the board says of forecasts like this one.
    problem, model, opinions : objects
        What it was made of, for pictures and reports.
    """

    metric: str
    predictor: str
    target: dict[str, float]
    value: float
    low: float | None
    high: float | None
    own_interval: tuple[float, float] | None
    why_no_interval: str | None
    rows: int
    beyond: dict[str, float]
    reach: float
    weights: dict[str, float]
    laws: dict[str, float]
    left_out: dict[str, float]
    backtest: float | None
    cautions: tuple[Caution, ...]
    evidence: Evidence | None
    problem: Problem = field(repr=False)
    model: Any = field(repr=False)
    opinions: Opinions = field(repr=False)

    @property
    def believable(self) -> bool:
        """Whether nothing graver than a note was found."""
        return all(c.level == "note" for c in self.cautions)

    @property
    def data(self) -> Runs:
        """What was understood of the table."""
        return self.problem.runs

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = {
            name: getattr(self, name)
            for name in (
                *("metric", "predictor", "target", "value", "low", "high", "own_interval", "why_no_interval", "rows", "beyond", "reach"),
                *("weights", "laws", "left_out", "backtest", "believable"),
            )
        }
        evidence = self.evidence.as_dict() if self.evidence is not None else None
        return {**plain, "cautions": [c.as_dict() for c in self.cautions], "evidence": evidence, "data": self.data.as_dict()}

    def __str__(self) -> str:
        at = ", ".join(f"{k}={v:g}" for k, v in self.target.items())
        interval = f" (no interval: {self.why_no_interval})" if self.low is None else f" [{self.low:.5g}, {self.high:.5g}] (80 %)"
        lines = [f"{self.metric} at {at}: {self.value:.5g}{interval}"]
        lines.append(f"{self.predictor} on {self.rows} rows; {self.reach:.3g} times the compute of the dearest run")
        if self.weights:
            lines.append("weights: " + ", ".join(f"{n} {w:.2f}" for n, w in sorted(self.weights.items(), key=lambda i: -i[1])))
        lines += map(str, self.cautions)
        if self.evidence is not None:
            lines.append(f"board: {self.evidence}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from scalingbench.forecasting.report import fragment

        return fragment(self)

    def plot(self, path: Any = None) -> Any:
        """Draw it; see `pictures.plot_forecast`."""
        from scalingbench.forecasting.pictures import plot_forecast

        return plot_forecast(self, path)

    def report(self, path: Any, command: str = "") -> None:
        """Write one self-contained page; see `report.write_report`."""
        from scalingbench.forecasting.report import write_report

        write_report(path, forecast=self, command=command)


def forecast(
    runs: Source | Runs,
    target: Target,
    *,
    predictor: str = REFEREE,
    tolerance: float = TOLERANCE,
    force: bool = False,
    names: Mapping[str, str] | None = None,
    units: Mapping[str, float] | None = None,
    where: Mapping[str, str] | None = None,
    metric: str | None = None,
    curve: str | None = None,
    checkpoints: bool = False,
) -> Forecast:
    """Fit a predictor to a table of runs and predict a target.

    Parameters
    ----------
    runs : str, Path, DataFrame or Runs
        See `reading.read_runs`.
    target : mapping of str to float, or str
        Inputs of the run to predict; these columns, and no others, are what the predictor reads.
    predictor : str
        A registered name.
    tolerance : float
        Error from which the forecast would be useless; warnings are set to it.
    force : bool
        Predict also where a rule refuses.
    names, units, where, metric, curve, checkpoints
        How the table is read, see `reading.Options`.

    Raises
    ------
    InputError
        If the table cannot be read, lacks a column of the target, or a forecast is refused.
    """
    if not isinstance(runs, Runs):
        runs = read_runs(runs, Options(names or {}, units or {}, where or {}, metric, curve, checkpoints))
    return forecast_of(make_problem(runs, target), predictor, tolerance=tolerance, force=force)


def forecast_of(
    problem: Problem,
    predictor: str = REFEREE,
    *,
    tolerance: float = TOLERANCE,
    force: bool = False,
    referee: Any = None,
    model: Any = None,
    board: dict[str, Any] | None = None,
) -> Forecast:
    """Predict the target of a problem; parameters and errors as for `forecast`.

    A `referee` and a `model` that were fitted to the same rows are not fitted again; `board` is another table of evidence
    than the one that comes with the package.
    """
    from threadpoolctl import threadpool_limits

    if not tolerance > 0:
        raise InputError(f"tolerance: expected a positive number, got {tolerance!r}")
    fitted = model
    model = model if fitted is not None else make(predictor)
    _check_reads(model, predictor, problem)
    first = data_cautions(problem)
    refuse(first, force=force)
    with threadpool_limits(1), warnings.catch_warnings():  # small fits lose more by threads than they gain
        warnings.simplefilter("ignore")
        opinions = hear(problem, referee)
        if fitted is None:
            model = opinions.referee if predictor == REFEREE else model.fit(problem.X, problem.y)
        value = float(np.ravel(model.predict(problem.point))[0])
        quantiles = np.ravel(model.predict_quantiles(problem.point, list(LEVELS))) if hasattr(model, "predict_quantiles") else None
        law, without = left_out(problem, [predictor, *(o.name for o in opinions.laws)])
    if not np.isfinite(value):
        raise InputError(f"{predictor} gives no finite value at the target")
    evidence = evidence_for(predictor, problem.variables, problem.reach, len(problem.y), log=problem.log, table=board)
    own, why_not = _own_interval(quantiles)
    low, high = _calibrated(problem, value, own, evidence)
    found = Findings(
        problem,
        predictor,
        value,
        _half_width(problem, value, *(own or (None, None))),
        _backtest_of(predictor, opinions),
        opinions,
        without,
        law,
        value if law == predictor else next((o.value for o in opinions.laws if o.name == law), value),
        tuple(getattr(model, "unidentified_", ())),
        evidence,
    )
    cautions = sorted((*first, *fit_cautions(found, tolerance)), key=lambda c: ("refusal", "warning", "note").index(c.level))
    return Forecast(
        metric=problem.runs.metric,
        predictor=predictor,
        target=problem.target,
        value=value,
        low=low,
        high=high,
        own_interval=own,
        why_no_interval=why_not,
        rows=len(problem.y),
        beyond=beyond(problem),
        reach=problem.reach,
        weights={o.name: o.weight for o in opinions.laws} if predictor == REFEREE else {},
        laws={o.name: o.value for o in opinions.laws},
        left_out={f"{budget:.3g}": v for budget, v in without.items()},
        backtest=found.backtest if np.isfinite(found.backtest) else None,
        cautions=tuple(cautions),
        evidence=evidence,
        problem=problem,
        model=model,
        opinions=opinions,
    )


def _check_reads(model: Any, predictor: str, problem: Problem) -> None:
    wanted = getattr(model, "variables", None)
    if columns_read(wanted, problem.variables, problem.variables) is None:
        spelt = "one variable" if tuple(wanted or ()) == (ANY,) else ", ".join(wanted or ())
        raise InputError(f"--target: {predictor} reads {spelt}; the runs vary, and the target names, {', '.join(problem.variables)}")


def _own_interval(quantiles: np.ndarray | None) -> tuple[tuple[float, float] | None, str | None]:
    """Return the predictor's own interval, or why there is none."""
    if quantiles is None:
        return None, "this predictor gives none"
    low, middle, high = (float(q) for q in quantiles)
    if not np.isfinite([low, middle, high]).all():
        return None, "this predictor's are not finite"
    if high - low <= _NO_WIDTH * abs(middle):
        return None, "the law passes through its rows, which leaves nothing to tell the noise from"
    return (low, high), None


def _calibrated(
    problem: Problem, value: float, own: tuple[float, float] | None, evidence: Evidence | None
) -> tuple[float | None, float | None]:
    """Return the interval as it would have held on the board, within the values that the metric can take."""
    if own is None:
        return None, None
    at, *ends = problem.scaled(np.array([value, *own]))
    if evidence is not None:
        ends = [at + np.sign(end - at) * evidence.calibrated(abs(end - at)) for end in ends]
    low, high = np.exp(ends) if problem.log else ends
    kind = metric_kind(problem.runs.metric)
    return max(float(low), kind.low), min(float(high), kind.high)


def _half_width(problem: Problem, value: float, low: float | None, high: float | None) -> float:
    if low is None or high is None:
        return float("nan")
    bottom, at, top = problem.scaled(np.array([low, value, high]))
    return float(max(top - at, at - bottom))


def _backtest_of(predictor: str, opinions: Opinions) -> float:
    """Return the predictor's own back-test error, or that of the laws that were heard where it was not tried."""
    if predictor == REFEREE:
        return opinions.backtest
    errors = opinions.referee.errors_
    axis = opinions.axis if opinions.axis in errors else next(iter(errors), None)
    own = float(errors[axis].get(predictor, np.nan)) if axis is not None else float("nan")
    return own if np.isfinite(own) else opinions.backtest
