"""Names of predictors, for tests of what holds for each: one of every module, and the others only with --full."""

from collections.abc import Collection

import pytest

from scalingbench.predictors.registry import list_predictors


def each_predictor(long: Collection[str] = ()):
    """Return all names as parameters; those that are no first of their module, superseded or `long` are only for the full run."""
    entries = list_predictors()
    first = {e.target.partition(":")[0]: e.name for e in reversed(entries) if not e.superseded and e.name not in long}
    return [e.name if e.name in first.values() else pytest.param(e.name, marks=pytest.mark.full) for e in entries]
