"""Numbers that commands, functions and documents share. The module imports nothing of the project."""

from typing import Literal

__all__ = [
    "DEFAULT_PREDICTOR",
    "DEFAULT_SUITE",
    "ENDS",
    "ERROR_LIMIT",
    "LEVELS",
    "MOST_RUNS",
    "NORMAL",
    "PLAN_LAW",
    "QUICK_SUITE",
    "TIME_LIMIT",
    "TOLERANCE",
    "WITHIN",
    "Of",
]

DEFAULT_SUITE = "v3"
"""The suite that the board ranks on."""

QUICK_SUITE = "lite"
"""The suite of a first evaluation: a selection of the default suite that runs in a minute."""

TIME_LIMIT = 60.0
"""Time limit in seconds of one predictor on a task of one fold; every further fold adds a tenth."""

LEVELS = (0.1, 0.5, 0.9)
"""Levels of the quantiles in results: the median, and the ends of the 80 % interval."""

ENDS = (LEVELS[0], LEVELS[-1])
"""Levels of the ends of the 80 % interval."""

NORMAL = 1.2816
"""Half-width of the 80 % interval of a normal of standard deviation 1."""

TOLERANCE = 1e-4
"""Largest relative difference between a submitted and a recomputed prediction: rounding differs between machines, and a fit
amplifies it."""

DEFAULT_PREDICTOR = "autolaw"
"""The default predictor of forecasts. Back-tests use the candidates of this ensemble for every predictor."""

ERROR_LIMIT = 0.1
"""Default of the relative error above which a forecast is useless to the user; warnings use it as their threshold."""

WITHIN = 0.005
"""Relative distance from the best loss within which an allocation is equally good."""

MOST_RUNS = 12
"""Runs that a plan proposes at most."""

PLAN_LAW = "chinchilla[huber-log]"
"""The law whose uncertainty a plan reduces."""

Of = Literal["mean", "run"]
"""Whether an interval is of the expected value, or of one new run."""
