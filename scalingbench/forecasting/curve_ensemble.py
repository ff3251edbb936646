"""The end of a training run: laws weighted by back-tests on the run's own prefix and on finished runs, with an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scalingbench.forecasting.curve_laws import Curve, Guess, annealed_power, like_finished, power_of_steps

__all__ = ["LAWS", "WIDTH", "EndForecast", "forecast_end"]

Law = Callable[[Curve, float, Sequence[Curve]], Guess | None]
LAWS: dict[str, Law] = {"power of steps": power_of_steps, "annealed power": annealed_power, "like finished runs": like_finished}
"""Candidates by name."""
WIDTH = 1.3
"""Half-width of the 80 % interval over the scale of the errors: it gives 80 % at half of the runs of `perf/forecasting/watch.py`."""
_BACK_TO = (1.0, 0.85, 0.7)
"""Times, as shares of the last row's, that back-tests predict."""
_FLOOR = 2e-3
"""Relative error that is added to back-tests: two errors below it are equal."""
_POWER = 4.0
"""Power of the back-test error by which weights fall."""
_DECAY, _FASTER = 0.1, 2.5
"""Fall of the learning rate still to come, and how many times that of the back-tests it is, from which a law of steps alone is left out."""
_UNSEEN, _UNSCHEDULED = 0.01, 0.03
"""Relative error for each factor e of training still to come that back-tests on a prefix do not show; that without learning rates."""


@dataclass(frozen=True)
class EndForecast:
    """The value at the end of training, as it looks at one evaluation.

    Attributes
    ----------
    at, measured : float
        The evaluation: its step, and its value.
    value, low, high : float
        The forecast of the value at the end, and its 80 % interval.
    scale : float
        Relative standard deviation of its error, before the interval is calibrated.
    weights, backtests : dict of str to float
        Weight of each law; its root mean squared log error in back-tests, NaN where it has none.
    """

    at: float
    measured: float
    value: float
    low: float
    high: float
    scale: float
    weights: dict[str, float]
    backtests: dict[str, float]


def forecast_end(curve: Curve, others: Sequence[Curve] = ()) -> EndForecast | None:
    """Return the forecast of a curve's end from its rows; None where no law can be fitted to them.

    Parameters
    ----------
    curve : Curve
        The rows so far, and the planned end.
    others : sequence of Curve
        Finished runs.
    """
    guesses = {name: guess for name, law in _laws_for(curve).items() if (guess := law(curve, curve.end, others)) is not None}
    if not guesses:
        return None
    tests = {name: _backtest(LAWS[name], curve, others) for name in guesses}
    known = [e for e in tests.values() if np.isfinite(e)]
    errors = np.array([tests[n] if np.isfinite(tests[n]) else 2.0 * max(known, default=_FLOOR) for n in guesses])
    weights = (errors**2 + _FLOOR**2) ** (-0.5 * _POWER)
    weights /= weights.sum()
    logs, spreads = np.log([g.value for g in guesses.values()]), np.array([g.spread for g in guesses.values()])
    centre = float(weights @ logs)
    unseen = 0.0 if others else (_UNSCHEDULED if curve.schedule is None else _UNSEEN) * np.log(1.0 / curve.share)
    scale = float(np.sqrt(weights @ (errors**2 + spreads**2 + (logs - centre) ** 2) + unseen**2))
    low, high = (float(np.exp(centre + side * WIDTH * scale)) for side in (-1.0, 1.0))
    named = dict(zip(guesses, map(float, weights), strict=True))
    return EndForecast(float(curve.clock[-1]), float(curve.values[-1]), float(np.exp(centre)), low, high, scale, named, tests)


def _laws_for(curve: Curve) -> dict[str, Law]:
    """Return the candidates: a law of steps alone cannot foresee what a decay still to come gains."""
    if curve.schedule is None:
        return LAWS
    before, now, end = curve.schedule.drop(curve.clock[-1] * np.array([curve.share, 1.0, 1.0 / curve.share]))
    faster = end - now > max(_DECAY, _FASTER * (now - before))
    return {n: law for n, law in LAWS.items() if not faster or n != "power of steps"}


def _backtest(law: Law, curve: Curve, others: Sequence[Curve]) -> float:
    """Return the root mean squared log error at the same share of the way: on the curve's own rows, and on finished runs."""
    cases = [(curve, back * curve.clock[-1], others) for back in _BACK_TO]
    cases += [(other, float(other.clock[-1]), [o for o in others if o is not other]) for other in others]
    errors = [e for case, to, rest in cases if (e := _error(law, case, to, curve.share, rest)) is not None]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else float("nan")


def _error(law: Law, curve: Curve, to: float, share: float, others: Sequence[Curve]) -> float | None:
    """Return the log error at the last row up to a time, from the rows up to a share of it."""
    target = int(np.searchsorted(curve.clock, to * (1.0 + 1e-9), side="right")) - 1
    past = curve.upto(share * curve.clock[target])
    if target < 1 or not len(past.clock) or past.clock[-1] >= curve.clock[target]:
        return None
    guess = law(past, float(curve.clock[target]), others)
    return None if guess is None else float(np.log(guess.value / curve.values[target]))
