"""What a shell completes after an option: names of suites, tracks, collections and predictors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["collection_names", "listed", "predictor_names", "suite_names", "track_names"]


def suite_names(incomplete: str) -> list[str]:
    """Return the suites whose names begin so."""
    from scalingbench.benchmark.tasks.frozen import list_suites

    return _beginning(list_suites(), incomplete)


def track_names(incomplete: str) -> list[str]:
    """Return the tracks whose names begin so."""
    from scalingbench.common.tracks import TRACKS

    return _beginning(TRACKS, incomplete)


def collection_names(incomplete: str) -> list[str]:
    """Return the collections whose names begin so."""
    from scalingbench.benchmark.data import names

    return _beginning(names.collection_names(), incomplete)


def predictor_names(incomplete: str) -> list[str]:
    """Return the predictors whose names begin so."""
    from scalingbench.predictors.registry import list_predictors

    return _beginning((entry.name for entry in list_predictors()), incomplete)


def listed(names: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Return a completion of names separated by commas, of which the last is completed."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in names(last)]

    return complete


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
