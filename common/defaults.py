"""Numbers that commands, functions and documents share; none of them needs an import."""

__all__ = ["DEFAULT_PREDICTOR", "DEFAULT_SUITE", "ERROR_LIMIT", "LEVELS", "MOST_RUNS", "PLAN_LAW", "TIME_LIMIT", "TOLERANCE", "WITHIN"]

DEFAULT_SUITE = "v2"
"""The suite that the board ranks on."""

TIME_LIMIT = 60.0
"""Seconds that one predictor may take on a task of one fold; every further fold adds a tenth."""

LEVELS = (0.1, 0.5, 0.9)
"""Levels of the quantiles that results hold: the middle, and the ends of an 80 % interval."""

TOLERANCE = 1e-4
"""Largest relative difference between a submitted and a recomputed prediction: machines differ in their last bits, and a
fit carries that on."""

DEFAULT_PREDICTOR = "autolaw"
"""The predictor of forecasts: the ensemble whose candidates are back-tested whatever the predictor is."""

ERROR_LIMIT = 0.1
"""Relative error from which a forecast is useless, unless the user says otherwise; warnings are set to it."""

WITHIN = 0.005
"""Relative distance from the best loss within which an allocation is equally good."""

MOST_RUNS = 12
"""Runs that a plan proposes at most."""

PLAN_LAW = "chinchilla[huber-log]"
"""The law whose uncertainty a plan reduces."""
