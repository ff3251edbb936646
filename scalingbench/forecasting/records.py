"""The records that forecast, allocate and plan return: plain values, their text and their HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from html import escape
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.common.defaults import DEFAULT_PREDICTOR, Of
from scalingbench.forecasting.downstream import Route
from scalingbench.forecasting.ensemble import Ensemble, LeaveOut
from scalingbench.forecasting.evidence import Evidence
from scalingbench.forecasting.formats import as_percent, as_target, as_times
from scalingbench.forecasting.isoflops import IsoFlop
from scalingbench.forecasting.noise import Noise
from scalingbench.forecasting.numbers import as_range, as_size
from scalingbench.forecasting.query import ComputeBudget, Query
from scalingbench.forecasting.reading import Runs
from scalingbench.forecasting.sides import Side
from scalingbench.forecasting.sweeps import Setting

__all__ = [
    "Caution",
    "ComputeAllocation",
    "Forecast",
    "Level",
    "Plan",
    "Prediction",
    "cautions_html",
    "html_table",
]

Level = Literal["note", "warning", "refusal"]


@dataclass(frozen=True)
class Caution:
    """One reason not to rely on a forecast.

    Attributes
    ----------
    level : {"note", "warning", "refusal"}
        A warning: the value may be wrong by more than the tolerance. A refusal: the value has no meaning.
    code : str
        Short name of the rule.
    message : str
        What was found, and what to do.
    """

    level: Level
    code: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The value of one predictor at a target, with its 80 % interval.

    Attributes
    ----------
    query : Query
        Training rows and target.
    predictor : str
        Name of the predictor.
    model : Any
        The fitted predictor.
    value : float
        Predicted value; of a share within [0, 1].
    given : float
        What the predictor gives at the target; `value` is the same unless it was limited.
    low, high : float, optional
        80 % interval of one new run, or of the expected value where a forecast is `of` it, calibrated where the board has evidence;
        None where there is none.
    own_interval : tuple of float, optional
        80 % interval of the predictor itself.
    why_no_interval : str, optional
        Reason why `low` and `high` are missing.
    evidence : Evidence, optional
        Errors of similar forecasts on the board.
    """

    query: Query = field(repr=False)
    predictor: str
    model: Any = field(repr=False)
    value: float
    given: float
    low: float | None
    high: float | None
    own_interval: tuple[float, float] | None
    why_no_interval: str | None
    evidence: Evidence | None

    @property
    def metric(self) -> str:
        """The predicted metric."""
        return self.query.runs.metric

    @property
    def target(self) -> dict[str, float]:
        """Inputs of the target."""
        return self.query.target

    @property
    def rows(self) -> int:
        """Number of training rows."""
        return len(self.query.y)

    @property
    def reach(self) -> float:
        """Compute of the target over that of the most expensive training run (params x tokens where no FLOPs are given)."""
        return self.query.reach

    @property
    def half_width(self) -> float:
        """The larger half-width of the predictor's own interval, on the scale of the errors; NaN without one."""
        if self.own_interval is None:
            return float("nan")
        bottom, at, top = self.query.scaled(np.array([self.own_interval[0], self.value, self.own_interval[1]]))
        return float(max(top - at, at - bottom))


@dataclass(frozen=True, kw_only=True)
class Forecast(Prediction):
    """A prediction, its extrapolation factor and the cautions about it.

    Attributes
    ----------
    ensemble : Ensemble
        The back-tested ensemble.
    leave_out : LeaveOut
        Forecasts without one compute budget each.
    backtest : float
        Back-test error of the predictor along the axis of the target; NaN where nothing could be back-tested.
    cautions : tuple of Caution
        Notes, warnings and overridden refusals, the most severe first.
    route : Route, optional
        For accuracies with losses of the same runs: direct or in two stages, and why.
    explanation : tuple of str
        Why each law has its weight, a sentence each.
    of : {"run", "mean"}
        Whether the interval is of one new run, or of the expected value.
    noise : Noise, optional
        Of a run and of its evaluation, where the table tells.
    """

    ensemble: Ensemble = field(repr=False)
    leave_out: LeaveOut = field(repr=False)
    backtest: float
    cautions: tuple[Caution, ...] = ()
    route: Route | None = None
    explanation: tuple[str, ...] = ()
    of: Of = "run"
    noise: Noise | None = None

    @property
    def believable(self) -> bool:
        """Whether there are only notes."""
        return all(c.level == "note" for c in self.cautions)

    @property
    def data(self) -> Runs:
        """The table of runs as it was read."""
        return self.query.runs

    @property
    def beyond(self) -> dict[str, float]:
        """Target over the largest (or smallest) training value, for each variable outside its training range."""
        return self.query.beyond

    @property
    def laws(self) -> dict[str, float]:
        """Value of each law of the ensemble."""
        return {o.name: o.value for o in self.ensemble.laws}

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each law, where the predictor is the ensemble."""
        return {o.name: o.weight for o in self.ensemble.laws} if self.predictor == DEFAULT_PREDICTOR else {}

    @property
    def left_out(self) -> dict[str, float]:
        """Forecasts of a refit without one budget each, by the cost of its runs."""
        return {f"{budget:.3g}": value for budget, value in self.leave_out.without.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        backtest = self.backtest if np.isfinite(self.backtest) else None
        evidence = self.evidence.as_dict() if self.evidence is not None else None
        cautions = [c.as_dict() for c in self.cautions]
        route = self.route.as_dict() if self.route is not None else None
        noise = self.noise.as_dict() if self.noise is not None else None
        last = {"believable": self.believable, "cautions": cautions, "evidence": evidence, "data": self.data.as_dict()}
        return {**plain, "backtest": backtest, "route": route, "explanation": list(self.explanation), "of": self.of, "noise": noise, **last}

    def __str__(self) -> str:
        interval = f" (no interval: {self.why_no_interval})" if self.low is None else f" [{self.low:.5g}, {self.high:.5g}] ({self.level})"
        weights = ", ".join(f"{n} {w:.2f}" for n, w in sorted(self.weights.items(), key=lambda i: -i[1]))
        lines = [f"{self.metric} at {as_target(self.target)}: {self.value:.5g}{interval}", self.basis]
        lines += [str(self.route)] if self.route is not None else []
        lines += [f"weights{' of the laws of the loss' if self._staged else ''}: {weights}"] if weights else []
        lines += [str(self.noise)] if self.noise is not None else []
        return "\n".join([*lines, *self.remarks])

    @property
    def level(self) -> str:
        """The level of the interval, and what it is of where that is no new run."""
        return "80 %" if self.of == "run" else "80 %, expected value"

    @property
    def _staged(self) -> bool:
        return self.route is not None and self.route.chosen == "two-stage"

    @property
    def basis(self) -> str:
        """The predictor, its rows and the extrapolation factor, as a line of text."""
        return f"{self.predictor} on {self.rows} rows; {as_times(self.reach)} times the compute of the most expensive training run"

    @property
    def remarks(self) -> list[str]:
        """Cautions and the evidence of the board, a line each."""
        board = "board, of losses" if self._staged else "board"
        return [*map(str, self.cautions), *([f"{board}: {self.evidence}"] if self.evidence is not None else [])]

    def facts(self) -> list[tuple[str, str]]:
        """Return what a table of the forecast shows: name and text of each row."""
        interval = f"{self.low:.5g} to {self.high:.5g}" if self.low is not None else f"none: {self.why_no_interval}"
        return [
            ("target", as_target(self.target)),
            (self.metric, f"{self.value:.5g}"),
            ("80 % interval" + ("" if self.of == "run" else " of the expected value"), interval),
            ("predictor", f"{self.predictor} on {self.rows} runs"),
            ("extrapolation factor", f"{as_times(self.reach)} times the compute of the most expensive training run"),
        ]

    def evidence_html(self) -> str:
        """Return the evidence of the board as a paragraph."""
        text = escape(str(self.evidence)) if self.evidence else "nothing"
        return f"<p>{text[:1].upper()}{text[1:]}.</p>"

    def _repr_html_(self) -> str:
        return html_table(self.facts()) + cautions_html(self.cautions) + self.evidence_html()


_PLAIN = (
    *("metric", "predictor", "target", "value", "low", "high", "own_interval", "why_no_interval", "rows", "beyond", "reach"),
    *("weights", "laws", "left_out"),
)


@dataclass(frozen=True, kw_only=True)
class ComputeAllocation(Forecast):
    """The best allocation of a compute budget, and the forecast of the run at it.

    Attributes
    ----------
    budget : ComputeBudget
        The budget and its limits.
    params, tokens : float
        The allocation.
    params_interval, tokens_interval : tuple of float
        80 % of the allocations that resampled fits of the ensemble's laws choose; not calibrated: the board has no data on
        best allocations.
    within : float
        Relative distance from the best value that counts as equally good.
    flat_params, flat_tokens : tuple of float
        Allocations within `within` of the best value.
    bound : str, optional
        The limit at which the best allocation lies.
    training_flops, inference_flops : float
        Compute of each.
    by_law : dict of str to float
        Params that each law chooses.
    no_optimum : tuple of str
        Laws without an optimum inside the search; they have no weight in the intervals.
    settings : tuple of Setting
        Learning rate and batch size, where the runs swept them.
    side : {"flops", "params", "tokens", "loss"}
        What was given.
    isoflop : tuple of IsoFlop
        The best size by parabolas and cubics, where the runs are isoFLOP curves.
    flops_interval : tuple of float, optional
        80 % interval of the budget, where another side was given.
    line : DataFrame
        params, tokens and value of the searched allocations.
    """

    budget: ComputeBudget
    params: float
    tokens: float
    params_interval: tuple[float, float]
    tokens_interval: tuple[float, float]
    within: float
    flat_params: tuple[float, float]
    flat_tokens: tuple[float, float]
    bound: str | None
    training_flops: float
    inference_flops: float
    by_law: dict[str, float]
    no_optimum: tuple[str, ...]
    settings: tuple[Setting, ...]
    side: Side = "flops"
    isoflop: tuple[IsoFlop, ...] = ()
    flops_interval: tuple[float, float] | None = None
    line: pd.DataFrame = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        own = [f.name for f in fields(self)[len(fields(Forecast)) :] if f.name not in ("budget", "settings", "isoflop", "line")]
        plain = {name: getattr(self, name) for name in ("predictor", "metric", "value", "low", "high", *own)}
        settings, forecast = [asdict(s) for s in self.settings], super().as_dict()
        last = {name: forecast[name] for name in ("cautions", "evidence", "data")}
        return {"budget": asdict(self.budget), **plain, "isoflop": [asdict(one) for one in self.isoflop], "settings": settings, **last}

    def __str__(self) -> str:
        interval = f" [{self.low:.4g}, {self.high:.4g}] (80 %)" if self.low is not None else ""
        spent = f"{self.budget.flops:.3g} FLOPs"
        if self.budget.inference_tokens:
            served = f"{self.inference_flops:.3g} for {as_size(self.budget.inference_tokens)} tokens at inference"
            spent += f" ({self.training_flops:.3g} in training, {served})"
        if self.flops_interval is not None:
            spent += f" [{self.flops_interval[0]:.3g}, {self.flops_interval[1]:.3g}] (80 %)"
        ratio = f"{self.tokens / self.params:.3g} tokens per parameter"
        flat = f"{as_range(self.flat_params)} parameters, {as_range(self.flat_tokens)} tokens"
        lines = [
            f"{spent}: {as_size(self.params)} parameters on {as_size(self.tokens)} tokens, {ratio}",
            f"{self.metric}: {self.value:.5g}{interval}",
            f"parameters {as_range(self.params_interval)}, tokens {as_range(self.tokens_interval)} (80 %)",
            f"within {100 * self.within:g} % of the best {self.metric}: {flat}",
        ]
        lines += [f"budget: {self.query.identity}"]
        lines += [f"isoFLOP: {', '.join(map(str, self.isoflop))}"] if self.isoflop else []
        lines += [f"limited by {self.bound}"] if self.bound is not None else []
        lines += [f"by law: {_sizes(self.by_law)}"] if len(self.by_law) > 1 else []
        lines += [f"without an optimum, and without weight: {', '.join(self.no_optimum)}"] if self.no_optimum else []
        return "\n".join([*lines, *map(str, self.settings), self.basis, *self.remarks])

    def facts(self) -> list[tuple[str, str]]:
        """Return what a table of the allocation shows: name and text of each row."""
        rows = [
            ("params", f"{as_size(self.params)}, 80 %: {as_range(self.params_interval)}"),
            ("tokens", f"{as_size(self.tokens)}, 80 %: {as_range(self.tokens_interval)}"),
            (self.metric, f"{self.value:.5g}" + (f", 80 %: {self.low:.4g} to {self.high:.4g}" if self.low is not None else "")),
            (f"within {100 * self.within:g} % of the best", f"{as_range(self.flat_params)} params"),
            ("training, inference", f"{self.training_flops:.3g}, {self.inference_flops:.3g} FLOPs"),
        ]
        rows += [("limited by", self.bound)] if self.bound else []
        rows += [(s.name, f"{s.value:.3g}, 80 %: {s.low:.3g} to {s.high:.3g}, from {s.groups} sweeps") for s in self.settings]
        return rows + ([("params by law", _sizes(self.by_law))] if len(self.by_law) > 1 else [])


def _sizes(by_law: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {as_size(size)}" for name, size in by_law.items())


@dataclass(frozen=True)
class Plan:
    """Runs to make.

    Attributes
    ----------
    budget : float
        FLOPs that may be spent.
    target : dict of str to float
        Inputs of the run to predict.
    runs : DataFrame
        params, tokens, flops and why, in the order in which to make them.
    spent : float
        FLOPs of all of them.
    before, after : float, optional
        Relative standard deviation of the expected value at the target, now and after the runs; None for a plan from
        nothing.
    law : str, optional
        The law of these.
    cost : str
        What a run costs by the table, where that is not 6 x params x tokens.
    made : DataFrame, optional
        params and tokens of the runs made so far.
    """

    budget: float
    target: dict[str, float]
    runs: pd.DataFrame = field(repr=False)
    spent: float
    before: float | None = None
    after: float | None = None
    law: str | None = None
    cost: str = ""
    made: pd.DataFrame | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, without the runs made so far."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("runs", "made")}
        return {**plain, "runs": self.runs.to_dict("records")}

    def as_csv(self) -> str:
        """Return the runs as a table to fill in: column ``value`` is empty; once filled, `forecast` reads the table."""
        table = self.runs.assign(value="")[["params", "tokens", "flops", "value", "why"]]
        return table.to_csv(index=False, float_format="%.3g").strip()

    def summary(self) -> list[str]:
        """Return the cost and the expected gain, a line each."""
        lines = [f"{len(self.runs)} runs for {self.spent:.3g} of {self.budget:.3g} FLOPs, towards {as_target(self.target)}"]
        lines += [self.cost] if self.cost else []
        if self.before is not None and self.after is not None:
            lines.append(f"uncertainty of {self.law} at the target: {as_percent(self.before)} now, {as_percent(self.after)} then")
        return lines

    def __str__(self) -> str:
        return "\n".join([*self.summary(), self.runs.to_string(index=False, float_format=lambda x: f"{x:.3g}")])

    def _repr_html_(self) -> str:
        return f"<p>{'<br>'.join(self.summary())}</p>{self.runs.to_html(index=False, float_format=lambda x: f'{x:.3g}')}"


def html_table(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Return rows as an HTML table; the text of every cell is escaped."""
    top = "<tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr>" if head else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table>{top}{body}</table>"


def cautions_html(cautions: Sequence[Caution]) -> str:
    """Return cautions as an HTML list."""
    if not cautions:
        return "<p>No cautions.</p>"
    return "<ul>" + "".join(f'<li class="{c.level}">{escape(c.level)}: {escape(c.message)}</li>' for c in cautions) + "</ul>"
