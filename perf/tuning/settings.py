"""Rules that could be AutoLaw's: combinations of named options, and the weights that each gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from perf.tuning.__main__ import CLOSED, errors_design, left
from perf.tuning.combining import bounded, core_weights, shrunk, trimmed
from perf.tuning.rules import Rows, shares
from scalingbench.predictors.autolaw.autolaw import _DROPPED
from scalingbench.predictors.autolaw.autolaw_2026_11 import _JOINED_LATER

__all__ = ["CANDIDATES", "COMBINES", "CORES", "OLD", "SETTINGS", "TODAY", "WEIGHTINGS", "Setting", "Weighting", "weights_of"]

TOP = 5

CANDIDATES: Mapping[str, frozenset[str]] = {
    "shipped": _DROPPED,
    "and gaussian-process": _DROPPED - {"gaussian-process"},
    "all": frozenset(),
    "2026-11": _JOINED_LATER,
}
"""Sets of candidates, by the names that they leave out."""

LAWS = frozenset({"chinchilla[pooled]", "shifted-power-law[pooled]", "law-gp"})
CORES: Mapping[str, tuple[frozenset[str], Callable[[np.ndarray], np.ndarray]]] = {
    "none": (frozenset(), np.zeros_like),
    "half": (LAWS | {"gaussian-process"}, partial(np.full_like, fill_value=0.5)),
    "core far": (LAWS | {"gaussian-process"}, lambda beyond: beyond / (1.0 + beyond)),
    "half gaussian-process": (frozenset({"gaussian-process"}), partial(np.full_like, fill_value=0.5)),
    "alone": (LAWS | {"gaussian-process"}, np.ones_like),
}
"""Members of the core, and its share of the weight by distance of extrapolation."""


class Weighting(NamedTuple):
    """How logarithms of the weights come about: a closed rule, or options of `perf.tuning.rules.learn`."""

    closed: Callable[[Rows, np.ndarray], np.ndarray] | None
    constants: Callable[[int], int]
    options: Mapping[str, Any] = {}
    sharper: float = 1.0


def _old(rows: Rows, usable: np.ndarray) -> np.ndarray:
    """The rule of 2026-11: the best five, by error to the power of -2."""
    logits = np.where(np.isfinite(rows.recent), -2.0 * np.log(np.minimum(rows.recent, 1e6) + 0.003 * rows.unit[:, None]), -1e3)
    return np.log(np.maximum(shares(logits, usable, TOP), 1e-300))


WEIGHTINGS: Mapping[str, Weighting] = {
    "2026-11": Weighting(_old, lambda k: 0),
    "closed form": Weighting(lambda rows, usable: errors_design(rows) @ CLOSED, lambda k: 0),
    "stacked": Weighting(lambda rows, usable: rows.stacked, lambda k: 0),
    "errors": Weighting(None, lambda k: 9, {"ridge": 0.03, "ridge_names": 1e3}),
    "names little": Weighting(None, lambda k: 9 + k, {"ridge": 0.03, "ridge_names": 0.1}),
    "names": Weighting(None, lambda k: 9 + 2 * k, {"ridge": 0.03, "ridge_names": 0.01}),
    "names, sharper": Weighting(None, lambda k: 9 + 2 * k, {"ridge": 0.03, "ridge_names": 0.01}, 1.3),
}
"""Every way to weight; where the ridge holds the constants of candidates near zero, one of the two of each counts."""

Combine = Callable[[Rows, np.ndarray], np.ndarray]


def _trimmed(share: float) -> Combine:
    return lambda rows, weight: trimmed(weight, rows.values.T, share)


def _bounded(rows: Rows, weight: np.ndarray) -> np.ndarray:
    """No prediction counts as farther off than twice the weighted back-test error, which grows with distance."""
    recent = np.where(np.isfinite(rows.recent), rows.recent, rows.unit[:, None]).T
    return bounded(weight, rows.values.T, 2.0 * (weight * recent).sum(axis=0) * (1.0 + rows.beyond))


def _best(rows: Rows, weight: np.ndarray) -> np.ndarray:
    few = np.where(weight >= -np.sort(-weight, axis=0)[TOP - 1], weight, 0.0)
    return few / few.sum(axis=0)


COMBINES: Mapping[str, Combine] = {
    "mean": _trimmed(0.0),
    "trimmed .1": _trimmed(0.1),
    "trimmed .25": _trimmed(0.25),
    "median": _trimmed(0.45),
    "bounded": _bounded,
    "best five": _best,
}


class Setting(NamedTuple):
    """A rule: names of its options."""

    weights: str
    candidates: str
    combine: str
    core: str

    def __str__(self) -> str:
        return ", ".join(self)


SETTINGS = (
    *(Setting("2026-11", "2026-11", combine, "none") for combine in ("mean", "trimmed .25")),
    *(Setting("closed form", some, combine, "alone") for some, combine in itertools.product(("all",), ("mean", "trimmed .25", "median"))),
    *(
        Setting(weights, some, combine, core)
        for weights, some, combine, core in itertools.product(WEIGHTINGS, CANDIDATES, COMBINES, CORES)
        if weights != "2026-11" and some != "2026-11" and core != "alone"
    ),
)
TODAY, OLD = Setting("names, sharper", "shipped", "mean", "none"), Setting("2026-11", "2026-11", "mean", "none")


def weights_of(rows: Rows, setting: Setting, logits: np.ndarray) -> np.ndarray:
    """Return the weights of a setting, shape (R, K)."""
    usable = left(rows, CANDIDATES[setting.candidates]).usable
    weight = shares(logits, usable).T
    members, share = CORES[setting.core]
    if members:
        names = np.array(rows.names)[rows.which]
        core = core_weights(np.isin(names, list(members)).T & rows.usable.T)
        weight = shrunk(weight, core, share(rows.beyond))
    return COMBINES[setting.combine](rows, weight).T
