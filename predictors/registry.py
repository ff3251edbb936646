"""The registry of predictors by name, including those of other packages.

Entries are imported when they are made, so that listing is fast. Another package adds a predictor by an entry point in the group
``scalingbench.predictors``: its name is the predictor's, its object a class or function that returns an unfitted estimator.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from scalingbench.common.errors import PredictorError
from scalingbench.common.names import unknown_name
from scalingbench.common.tracks import TRACKS
from scalingbench.predictors.catalogue import BUILT_IN, Entry

__all__ = ["GROUP", "Entry", "families", "get", "list_predictors", "make", "trained_on"]

GROUP = "scalingbench.predictors"
_log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _entries() -> dict[str, Entry]:
    known = {entry.name: entry for entry in BUILT_IN}
    for point in entry_points(group=GROUP):
        if point.name in known:
            _log.warning("predictor %r of %s: the name is taken; left out", point.name, point.value)
        elif _loads(point):
            known[point.name] = Entry(point.name, point.value, point.name)
    return known


def _loads(point: EntryPoint) -> bool:
    try:
        return callable(point.load())
    except Exception as error:  # an error in another package must not stop the command
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
        raise unknown_name("track", track, TRACKS, PredictorError)
    return tuple(e for e in _entries().values() if track is None or not e.tracks or track in e.tracks)


def get(name: str) -> Entry:
    """Return an entry by name.

    Raises
    ------
    PredictorError
        If there is none of that name; suggests the nearest.
    """
    if name not in _entries():
        raise unknown_name("predictor", name, _entries(), PredictorError)
    return _entries()[name]


def make(name: str) -> Any:
    """Return an unfitted predictor by name."""
    return get(name).make()


def families() -> dict[str, str]:
    """Return the family of every predictor."""
    return {entry.name: entry.family for entry in _entries().values()}


def trained_on() -> dict[str, tuple[str, ...]]:
    """Return the collections that went into a predictor's constants, where there are any."""
    return {entry.name: entry.trained_on for entry in _entries().values() if entry.trained_on}
