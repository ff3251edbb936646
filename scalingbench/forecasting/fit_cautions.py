"""Reasons not to believe a forecast that the fits themselves give: back-tests, disagreement, single runs, wide intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from scalingbench.forecasting.cautions import Caution
from scalingbench.forecasting.evidence import Evidence
from scalingbench.forecasting.opinions import Opinions, spread
from scalingbench.forecasting.problem import Problem

__all__ = ["TOLERANCE", "Findings", "fit_cautions"]

TOLERANCE = 0.1
"""Relative error from which a forecast is of no use to the user, unless they say otherwise."""

# Shares of the tolerance from which each sign is a warning. Set on synthetic worlds and on the lower 95 % of the runs of the
# collections in perf/forecasting/pools.py; docs/forecasting.md says how, and what they give on the rows that were kept out of it.
_WIDE, _BACKTEST, _APART, _REFEREE, _SINGLE = 1.5, 1.5, 0.55, 0.7, 0.7
_FARTHER = 0.5
"""How far back-tests reach, in units of the range of the runs: errors are taken to grow in proportion beyond."""
_HELD = 0.6
"""Coverage of 80 % intervals below which a law's intervals are known not to hold."""
_MOST_UNIDENTIFIED = 0.5


@dataclass(frozen=True)
class Findings:
    """What was found while fitting.

    Attributes
    ----------
    problem : Problem
        Rows and target.
    predictor : str
        Whose forecast it is.
    value : float
        The forecast.
    half_width : float
        Of the predictor's own 80 % interval, the wider side, on the scale of the errors; NaN where there is none.
    backtest : float
        The predictor's error in back-tests along the axis of the target; NaN where there is none.
    opinions : Opinions
        Of AutoLaw and its candidates.
    left_out : mapping of float to float
        Forecasts without one budget each, by `left_out_law`, whose forecast from all rows is `left_out_base`.
    unidentified : tuple of str
        Constants of the predictor that the rows do not identify.
    evidence : Evidence, optional
        From the board.
    """

    problem: Problem
    predictor: str
    value: float
    half_width: float
    backtest: float
    opinions: Opinions
    left_out: Mapping[float, float]
    left_out_law: str
    left_out_base: float
    unidentified: tuple[str, ...]
    evidence: Evidence | None


def fit_cautions(found: Findings, tolerance: float = TOLERANCE) -> tuple[Caution, ...]:
    """Return what the fits say.

    Parameters
    ----------
    found : Findings
        What was found.
    tolerance : float
        Error (relative, or in the metric's unit where errors are not taken of logarithms) that would make the forecast useless.
    """
    rules = (_wide, _backtest, _disagreement, _single, _unidentified, _intervals)
    return tuple(c for rule in rules for c in rule(found, tolerance))


def _percent(found: Findings, error: float) -> str:
    return f"{100 * np.expm1(error):.2g} %" if found.problem.log else f"{error:.2g}"


def _wide(found: Findings, tolerance: float) -> Iterator[Caution]:
    if found.half_width > _WIDE * tolerance:
        yield Caution(
            "warning", "wide", f"{found.predictor}'s own 80 % interval reaches {_percent(found, found.half_width)} from the forecast"
        )


def expected_error(found: Findings) -> float:
    """Return the back-test error, enlarged where the target lies farther beyond the runs than the back-tests reached."""
    return found.backtest * max(1.0, found.opinions.beyond / _FARTHER)


def _backtest(found: Findings, tolerance: float) -> Iterator[Caution]:
    error = expected_error(found)
    if not np.isfinite(error):
        yield Caution(
            "warning", "no-back-test", "too few rows, or values of each variable, for a back-test: nothing shows how it extrapolates"
        )
        return
    along = "overall scale" if found.opinions.axis == "*" else found.opinions.axis
    text = f"fitted on the lower runs along {along}, {found.predictor} missed the upper ones by {_percent(found, found.backtest)}"
    if error > _BACKTEST * tolerance:
        farther = f", and the target lies farther: {_percent(found, error)} is to be feared" if error > 1.5 * found.backtest else ""
        yield Caution("warning", "back-test", text + farther)
    else:
        yield Caution("note", "back-test", text)


def _disagreement(found: Findings, tolerance: float) -> Iterator[Caution]:
    laws = found.opinions.laws
    apart = spread([o.value for o in laws], [o.weight for o in laws], found.problem.log)
    from_referee = abs(float(np.diff(found.problem.scaled(np.array([found.value, found.opinions.value])))[0]))
    if apart <= _APART * tolerance and from_referee <= _REFEREE * tolerance:
        return
    said = ", ".join(f"{o.name} {o.value:.4g}" for o in laws[:4])
    if from_referee > apart:
        said = f"autolaw says {found.opinions.value:.4g}; {said}"
    yield Caution("warning", "disagreement", f"laws that did well in back-tests disagree: {said}")


def _single(found: Findings, tolerance: float) -> Iterator[Caution]:
    if not found.left_out:
        return
    base = found.problem.scaled(np.array([found.left_out_base]))[0]
    shifts = {b: abs(float(found.problem.scaled(np.array([v]))[0] - base)) for b, v in found.left_out.items()}
    budget = max(shifts, key=lambda b: shifts[b])
    if shifts[budget] > _SINGLE * tolerance:
        said = f"{found.left_out_law} says {found.left_out[budget]:.4g}, not {found.left_out_base:.4g}"
        yield Caution("warning", "single-runs", f"without the runs around {budget:.2g} of cost, {said}: few runs decide")


def _unidentified(found: Findings, tolerance: float) -> Iterator[Caution]:
    if found.unidentified:
        yield Caution("note", "unidentified", f"the runs do not identify {', '.join(found.unidentified)} of {found.predictor}")
        return
    open_ones = [o for o in found.opinions.laws if o.unidentified]
    if found.predictor == "autolaw" and sum(o.weight for o in open_ones) > _MOST_UNIDENTIFIED:
        said = "; ".join(f"{', '.join(o.unidentified)} of {o.name}" for o in open_ones[:3])
        yield Caution("note", "unidentified", f"the runs do not identify {said}")


def _intervals(found: Findings, tolerance: float) -> Iterator[Caution]:
    evidence = found.evidence
    if evidence is None:
        yield Caution("note", "no-evidence", f"the board has no results of {found.predictor}: its interval is its own, not calibrated")
    elif evidence.coverage is not None and evidence.coverage < _HELD:
        held = f"{found.predictor}'s own 80 % intervals held {100 * evidence.coverage:.0f} % of rows like this one on the board"
        yield Caution("note", "intervals", f"{held}; the interval shown is wider")
