"""The registry of predictors by name, including those of other packages.

Entries are imported when they are made, so that listing is fast. Another package adds a predictor by an entry point in the group
``scalingbench.predictors``: its name is the predictor's, its object a class or function that returns an unfitted estimator.
"""

from __future__ import annotations

import importlib.resources
import json
import logging
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from scalingbench.common.errors import PredictorError
from scalingbench.common.names import unknown_name
from scalingbench.common.tracks import TRACKS
from scalingbench.predictors.catalogue import BUILT_IN, Entry

__all__ = ["GROUP", "HEADS", "Entry", "families", "get", "list_candidates", "list_predictors", "make", "published_families", "trained_on"]

GROUP = "scalingbench.predictors"
HEADS = "heads.json"
"""The head of each family whose name is no entry's, as the tuning tasks choose it; ``python -m perf.regenerate heads`` writes the file."""
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

    Examples
    --------
    >>> import scalingbench as sb
    >>> "kaplan" in [entry.name for entry in sb.list_predictors("compute")]
    True
    """
    if track is not None and track not in TRACKS:
        raise unknown_name("track", track, TRACKS, PredictorError)
    return tuple(e for e in _entries().values() if not e.component and (track is None or not e.tracks or track in e.tracks))


def list_candidates() -> tuple[Entry, ...]:
    """Return the predictors that an ensemble may use: the registered ones, and components that stand on no list."""
    return tuple(_entries().values())


@lru_cache(maxsize=1)
def _heads() -> dict[str, str]:
    text = (importlib.resources.files("scalingbench.predictors") / HEADS).read_text(encoding="utf-8")
    return {str(family): str(head) for family, head in json.loads(text).items()}


def get(name: str) -> Entry:
    """Return an entry by its name, or by that of its family, which stands for the head of the family.

    Raises
    ------
    PredictorError
        If there is none of that name; suggests the nearest.
    """
    known = _entries()
    wanted = name if name in known else _heads().get(name, name)
    if wanted not in known:
        raise unknown_name("predictor", name, known, PredictorError)
    return known[wanted]


def make(name: str) -> Any:
    """Return an unfitted predictor by name.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.make("kaplan").variables
    ('params', 'tokens')
    """
    return get(name).make()


def families() -> dict[str, str]:
    """Return the family of every predictor."""
    return {entry.name: entry.family for entry in _entries().values()}


def published_families() -> frozenset[str]:
    """Return the families of the law forms of papers."""
    return frozenset(entry.family for entry in _entries().values() if entry.published)


def trained_on() -> dict[str, tuple[str, ...]]:
    """Return the collections that went into a predictor's constants, where there are any."""
    return {entry.name: entry.trained_on for entry in _entries().values() if entry.trained_on}
