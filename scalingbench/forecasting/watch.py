"""Watch: what a run that is training will end at, at each of its evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import InputError
from scalingbench.common.names import only_or_chosen
from scalingbench.forecasting.curve_ensemble import EndForecast, forecast_end
from scalingbench.forecasting.curve_laws import Curve
from scalingbench.forecasting.formats import as_percent, as_value
from scalingbench.forecasting.rate_schedules import RateShape, parse_schedule, schedule_of
from scalingbench.forecasting.reading import Options, Reading, Runs, TableLike, read_runs
from scalingbench.forecasting.records import Caution

__all__ = ["THRESHOLD", "Watch", "watch"]

THRESHOLD = 0.005
"""Relative improvement still to come below which a run is said to have little left."""
_CLOCKS = ("steps", "tokens", "progress", "epochs")
_FEWEST, _MOST_FINISHED, _MOST_SHOWN = 4, 8, 10
_FEW_EVALUATIONS, _EARLY = 8, 0.25


@dataclass(frozen=True)
class Watch:
    """Forecasts of the end of one run.

    Attributes
    ----------
    run, metric, clock : str
        The run, its metric, and the variable that its evaluations are ordered by.
    end : float
        Where training ends, in units of `clock`.
    evaluations : tuple of EndForecast
        The forecast as it looked at each evaluation; of many, some at even distances and the last.
    threshold : float
        Relative improvement below which little is left.
    schedule : str, optional
        The learning rates; None where none are known.
    finished : int
        Finished runs that were used.
    final : float, optional
        The value at the end, if the run has reached it.
    cautions : tuple of Caution
        What speaks against the forecast.
    """

    run: str
    metric: str
    clock: str
    end: float
    evaluations: tuple[EndForecast, ...]
    threshold: float
    schedule: str | None = None
    finished: int = 0
    final: float | None = None
    cautions: tuple[Caution, ...] = field(default=())

    @property
    def last(self) -> EndForecast:
        """The forecast at the last evaluation."""
        return self.evaluations[-1]

    @property
    def remaining(self) -> tuple[float, float, float]:
        """Relative improvement from the last evaluation to the end, with its 80 % interval; of an accuracy, that of the error."""
        now, value, low, high = (self._falling(x) for x in (self.last.measured, self.last.value, self.last.low, self.last.high))
        low, high = sorted((1.0 - low / now, 1.0 - high / now))
        return 1.0 - value / now, low, high

    @property
    def little_left(self) -> bool:
        """Whether the improvement still expected is below the threshold."""
        return self.remaining[0] < self.threshold

    def _falling(self, value: float) -> float:
        return value if metric_kind(self.metric).lower_is_better else 1.0 - value

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        remaining = dict(zip(("value", "low", "high"), self.remaining, strict=True))
        more = {"remaining": remaining, "little_left": self.little_left, "cautions": [c.as_dict() for c in self.cautions]}
        return {**asdict(self), **more}

    def __str__(self) -> str:
        lines = [f"{self.metric} of {self.run} at {self.clock}={as_value(self.clock, self.end)}, 80 % intervals"]
        lines += [self._line(e) for e in self.evaluations]
        value, low, high = map(as_percent, self.remaining)
        verdict = "below" if self.little_left else "above"
        lines.append(f"still to come: {value} [{low}, {high}], {verdict} the threshold of {as_percent(self.threshold)}")
        lines.append(f"learning rate: {self.schedule or 'unknown'}; finished runs: {self.finished}; weights: {self._weights()}")
        if self.final is not None:
            lines.append(f"the run has ended, at {self.final:.4g}")
        return "\n".join([*lines, *map(str, self.cautions)])

    def _line(self, e: EndForecast) -> str:
        share = as_percent(e.at / self.end)
        return f"  {as_value(self.clock, e.at):>8} ({share}): {e.measured:.4g}, at the end {e.value:.4g} [{e.low:.4g}, {e.high:.4g}]"

    def _weights(self) -> str:
        tests = self.last.backtests
        return ", ".join(
            f"{name} {weight:.2f}" + (f" (back-test {as_percent(tests[name])})" if np.isfinite(tests[name]) else "")
            for name, weight in self.last.weights.items()
        )


def watch(
    run: TableLike | Runs,
    *,
    until: float | None = None,
    schedule: str | None = None,
    finished: TableLike | Runs | None = None,
    name: str | None = None,
    threshold: float = THRESHOLD,
    **reading: Unpack[Reading],
) -> Watch:
    """Forecast the end of a training run at each of its evaluations.

    Parameters
    ----------
    run : str, Path, DataFrame or Runs
        Evaluations of the run: a ``trainer_state.json``, a tracker's folder, or a table with steps (tokens, epochs).
    until : float, optional
        Where training ends, in steps or what orders the evaluations; by default what the trainer planned.
    schedule : str, optional
        Learning rate still to come: ``constant``, ``linear``, ``cosine``, ``wsd=0.8`` (falls from this share of training on),
        each with ``:0.1`` for another last rate than 0. By default it is told from the logged rates.
    finished : str, Path, DataFrame or Runs, optional
        Cheaper runs of the same recipe, with their evaluations.
    name : str, optional
        The run, where the table has several.
    threshold : float
        Relative improvement below which little is left.
    **reading
        The fields of `reading.Options`.

    Raises
    ------
    InputError
        If the end of training is unknown, or there are too few evaluations before it.

    Examples
    --------
    >>> import io
    >>> from scalingbench.forecasting.examples import example_text
    >>> found = watch(pd.read_csv(io.StringIO(example_text("training-curve"))), until=8000)
    >>> found.last.low < found.last.value < found.last.high < found.last.measured
    True
    """
    if not threshold > 0:
        raise InputError(f"--threshold: expected a positive number, got {threshold!r}")
    shape = None if schedule is None else parse_schedule(schedule)
    options = replace(Options(**reading), history=True)
    runs = read_runs(run, options)
    clock = _clock_of(runs)
    rows = _rows_of(runs, name)
    end = _end_of(runs, until, clock, rows)
    rises = _rises(runs)
    curve = _curve(str(rows["run"].iloc[0]), rows, clock, end, shape, rises)
    others = () if finished is None else _finished(read_runs(finished, options), clock, shape, rises, runs.metric)
    before = [float(at) for at in curve.clock if at < end]
    found = tuple(e for at in _shown(before) if (e := forecast_end(curve.upto(at), others)) is not None)
    if not found:
        raise InputError(
            f"{runs.source}: {len(before)} evaluations before the end of training: a forecast needs {_FEWEST} or finished runs"
        )
    final = float(rows["value"].iloc[-1]) if curve.clock[-1] >= end * (1 - 1e-9) else None
    shown = tuple(_risen(e) for e in found) if rises else found
    what = None if curve.schedule is None else curve.schedule.what
    cautions = tuple(_cautions(curve, len(before), others, found[-1]))
    return Watch(curve.name, runs.metric, clock, end, shown, threshold, what, len(others), final, cautions)


def _clock_of(runs: Runs) -> str:
    found = next((c for c in _CLOCKS if c in runs.table and runs.table[c].nunique() > 1), None)
    if found is None:
        raise InputError(f"{runs.source}: no column of steps or tokens orders the evaluations; name it with --map HEADER=steps")
    return found


def _rows_of(runs: Runs, name: str | None) -> pd.DataFrame:
    """Return the rows of one run; without a column of runs the table is one."""
    table = runs.table
    if not table["run"].duplicated().any():
        return table.assign(run="the run")
    chosen = only_or_chosen("run", table["run"], name, where=runs.source)
    return table[table["run"] == chosen]


def _end_of(runs: Runs, until: float | None, clock: str, rows: pd.DataFrame) -> float:
    end = until if until is not None else runs.planned if clock == "steps" else None
    if end is None:
        raise InputError(f"--until: is required, the {clock} at which training ends: {runs.source} does not state it")
    if not (np.isfinite(end) and end > 0):
        raise InputError(f"--until: expected a positive number of {clock}, got {end!r}")
    if rows[clock].max() > end * (1 + 1e-9):
        raise InputError(f"--until: {end:.6g} {clock} is before the last evaluation, at {rows[clock].max():.6g}")
    return float(end)


def _rises(runs: Runs) -> bool:
    """Return whether the curve is of 1 - value.

    Raises
    ------
    InputError
        If neither the values nor 1 - values are positive.
    """
    kind, y = metric_kind(runs.metric), runs.table["value"]
    if kind.lower_is_better and (y > 0).all():
        return False
    if kind.high == 1.0 and not kind.lower_is_better and (y < 1).all():
        return True
    raise InputError(f"{runs.source}: the end of {runs.metric} is not forecast: it needs positive losses, or accuracies below 1")


def _risen(e: EndForecast) -> EndForecast:
    return replace(e, measured=1.0 - e.measured, value=1.0 - e.value, low=1.0 - e.high, high=1.0 - e.low)


def _curve(name: str, rows: pd.DataFrame, clock: str, end: float, shape: RateShape | None, rises: bool) -> Curve:
    # of two rows at one step, as after a resume, the later row counts
    rows = rows[rows[clock] > 0].drop_duplicates(clock, keep="last").sort_values(clock)
    at, y = rows[clock].to_numpy(float), rows["value"].to_numpy(float)
    rates = rows["learning_rate"].to_numpy(float) if "learning_rate" in rows else np.full(len(rows), np.nan)
    logged = np.isfinite(rates) & bool(np.nanmax(rates, initial=0.0) > 0)
    return Curve(name, at, 1.0 - y if rises else y, end, schedule_of(at[logged], rates[logged], end, shape))


def _finished(runs: Runs, clock: str, shape: RateShape | None, rises: bool, metric: str) -> tuple[Curve, ...]:
    """Return the longest finished runs that have enough evaluations.

    Raises
    ------
    InputError
        If there is none, or they are of another metric or clock.
    """
    if runs.metric != metric:
        raise InputError(f"--with: {runs.source}: has {runs.metric}, and the run has {metric}")
    if clock not in runs.table:
        raise InputError(f"--with: {runs.source}: has no {clock}, by which the run's evaluations are ordered")
    named = runs.table["run"].duplicated().any()
    groups = runs.table.groupby("run", sort=False) if named else [("finished", runs.table)]
    found = [_curve(str(n), g, clock, float(g[clock].max()), shape, rises) for n, g in groups if g[clock].gt(0).sum() >= _FEWEST]
    if not found:
        raise InputError(f"--with: {runs.source}: no run has {_FEWEST} evaluations")
    return tuple(sorted(found, key=lambda c: -c.end)[:_MOST_FINISHED])


def _shown(before: Sequence[float]) -> list[float]:
    """Return the evaluations whose forecasts are shown: at even distances, and the last."""
    known = before[_FEWEST - 1 :] or before[-1:]
    if len(known) <= _MOST_SHOWN:
        return list(known)
    return [known[i] for i in np.linspace(0, len(known) - 1, _MOST_SHOWN).round().astype(int)]


def _cautions(curve: Curve, evaluations: int, others: Sequence[Curve], last: EndForecast) -> list[Caution]:
    found = []
    if curve.schedule is None and not others:
        text = "no learning rates are logged or stated: what a decay to come will gain is not foreseen; say --schedule, or give --with"
        found.append(Caution("warning", "no-schedule", text))
    elif curve.schedule is not None and not curve.schedule.known and not others:
        text = "the learning rate has not begun to fall, and is taken to stay: if it will, say --schedule, e.g. wsd=0.8"
        found.append(Caution("warning", "schedule-held", text))
    if evaluations < _FEW_EVALUATIONS:
        found.append(Caution("warning", "few-evaluations", f"{evaluations} evaluations before the end: back-tests rest on few rows"))
    if last.at / curve.end < _EARLY:
        found.append(Caution("warning", "early", f"{as_percent(last.at / curve.end)} of training is done: curves differ in what follows"))
    return found
