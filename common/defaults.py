"""Numbers that commands, functions and documents share; none of them needs an import."""

__all__ = ["DEFAULT_SUITE", "LEVELS", "TIME_LIMIT", "TOLERANCE"]

DEFAULT_SUITE = "v2"
"""The suite that the board ranks on."""

TIME_LIMIT = 60.0
"""Seconds that one predictor may take on a task of one fold; every further fold adds a tenth."""

LEVELS = (0.1, 0.5, 0.9)
"""Levels of the quantiles that results hold: the middle, and the ends of an 80 % interval."""

TOLERANCE = 1e-4
"""Largest relative difference between a submitted and a recomputed prediction: machines differ in their last bits, and a
fit carries that on."""
