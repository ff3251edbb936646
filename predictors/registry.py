"""The registry: names to predictors, other people's packages included.

Entries are imported when they are made, so that listing costs nothing. A package of your own joins
by an entry point in the group ``scalingbench.predictors``, whose name is the predictor's and whose
object is a class or function that gives an unfitted estimator.
"""

from __future__ import annotations

import difflib
import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from predictors.errors import PredictorError

__all__ = ["GROUP", "TRACKS", "Entry", "families", "get", "list_predictors", "make"]

GROUP = "scalingbench.predictors"
TRACKS = (
    "curve",
    "compute",
    "data-constrained",
    "architecture",
    "hyperparameters",
    "training-curve",
    "mixture",
    "transfer",
    "downstream",
    "inference",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """A registered predictor.

    Attributes
    ----------
    name : str
        As on the board.
    target : str
        ``module:Class``.
    family : str
        Entries of one family are recipes of one form.
    tracks : tuple of str
        Where it belongs; empty is everywhere. Which tasks it enters follows from its variables.
    paper : str
        Where the form comes from.
    arguments : mapping
        What the class is made with.
    """

    name: str
    target: str
    family: str
    tracks: tuple[str, ...] = ()
    paper: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        """Return an unfitted estimator."""
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)(**self.arguments)


def _entry(name: str, target: str, tracks: str = "", paper: str = "", family: str | None = None, **arguments: Any) -> Entry:
    return Entry(name, f"predictors.{target}", family or name.split("[")[0], tuple(tracks.split()), paper, arguments)


# Recipes are the papers' own: squared log error for the learning-curve forms and for routing, squared
# error for Gadre et al. (their code), a Huber loss of log error, delta 1e-3, for the others.
_L2_LOG = {"loss": "l2"}
_HESTNESS = "Hestness et al. 2017, arXiv 1712.00409"
_HOFFMANN = "Hoffmann et al. 2022, arXiv 2203.15556"
_BUILT_IN = (
    _entry("mean", "generic:MeanPredictor"),
    _entry("nearest-observation", "generic:NearestObservation"),
    _entry("nearest-neighbor", "generic:NearestNeighbor"),
    _entry("log-linear", "generic:LogLinear"),
    _entry("gaussian-process", "generic:GaussianProcess"),
    _entry("gradient-boosting", "generic:GradientBoosting"),
    _entry("power-law", "curve:PowerLaw", "curve", _HESTNESS, **_L2_LOG),
    _entry("shifted-power-law", "curve:ShiftedPowerLaw", "curve", _HESTNESS, **_L2_LOG),
    _entry("offset-power-law", "curve:OffsetPowerLaw", "curve", "Alabdulmohsin et al. 2022, arXiv 2209.06640", **_L2_LOG),
    _entry("m4", "curve:M4", "curve", "Alabdulmohsin et al. 2022, arXiv 2209.06640", **_L2_LOG),
    _entry("bnsl-1", "curve:BNSL", "curve", "Caballero et al. 2023, arXiv 2210.14891", family="bnsl", n_breaks=1, **_L2_LOG),
    _entry("rectified", "curve:Rectified", "transfer", "Lin et al. 2024, arXiv 2402.02314"),
    _entry("kaplan", "compute:Kaplan", "compute", "Kaplan et al. 2020, arXiv 2001.08361"),
    _entry("chinchilla[huber-log]", "compute:Chinchilla", "compute", _HOFFMANN),
    _entry("chinchilla[l2-log]", "compute:Chinchilla", "compute", _HOFFMANN, loss="l2"),
    _entry("chinchilla[l2]", "compute:Chinchilla", "compute", _HOFFMANN, loss="l2", space="linear"),
    _entry("compute-only", "compute:ComputeOnly", "compute", "Guo 2024, arXiv 2404.19484"),
    _entry("over-training", "compute:OverTraining", "compute", "Gadre et al. 2024, arXiv 2403.08540", loss="l2", space="linear"),
    _entry("farseer", "compute:Farseer", "compute", "Li et al. 2025, arXiv 2506.10972"),
    _entry("data-constrained", "compute:DataConstrained", "data-constrained", "Muennighoff et al. 2023, arXiv 2305.16264"),
    _entry("routed", "architecture:Routed", "architecture", "Clark et al. 2022, arXiv 2202.01169", **_L2_LOG),
    _entry("moe-power", "architecture:MoEPower", "architecture", "refit on the data of Clark et al. 2022"),
    _entry("lr-annealing", "schedules:LRAnnealing", "training-curve", "Tissue et al. 2024, arXiv 2408.11029"),
)


@lru_cache(maxsize=1)
def _entries() -> dict[str, Entry]:
    known = {entry.name: entry for entry in _BUILT_IN}
    for point in entry_points(group=GROUP):
        if point.name in known:
            _log.warning("predictor %r of %s: the name is taken; left out", point.name, point.value)
        elif _loads(point):
            known[point.name] = Entry(point.name, point.value, point.name)
    return known


def _loads(point: EntryPoint) -> bool:
    try:
        return callable(point.load())
    except Exception as error:  # another package's fault must not take the command down
        _log.warning("predictor %r of %s cannot be loaded: %s; left out", point.name, point.value, error)
        return False


def list_predictors(track: str | None = None) -> tuple[Entry, ...]:
    """Return the registered predictors.

    Parameters
    ----------
    track : str, optional
        Only those of this track, generic ones included.

    Raises
    ------
    PredictorError
        If there is no such track.
    """
    if track is not None and track not in TRACKS:
        raise _unknown("track", track, TRACKS)
    return tuple(e for e in _entries().values() if track is None or not e.tracks or track in e.tracks)


def get(name: str) -> Entry:
    """Return an entry by name.

    Raises
    ------
    PredictorError
        If there is none of that name; suggests the nearest.
    """
    if name not in _entries():
        raise _unknown("predictor", name, tuple(_entries()))
    return _entries()[name]


def make(name: str) -> Any:
    """Return an unfitted predictor by name."""
    return get(name).make()


def families() -> dict[str, str]:
    """Return the family of every predictor."""
    return {entry.name: entry.family for entry in _entries().values()}


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> PredictorError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return PredictorError(f"unknown {kind} {name!r}; {hint}")
