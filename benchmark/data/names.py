"""The names of the collections, without the imports that reading one needs."""

from __future__ import annotations

import importlib.resources
import pkgutil
from functools import cache

from scalingbench.common.names import unknown_name

__all__ = ["check_collection", "collection_names"]


@cache
def collection_names() -> tuple[str, ...]:
    """Return the names of the source modules, which are those of the collections."""
    folder = str(importlib.resources.files("scalingbench.benchmark.data") / "sources")
    return tuple(sorted(m.name for m in pkgutil.iter_modules([folder]) if not m.name.startswith("_")))


def check_collection(name: str) -> None:
    """Check that there is a collection of this name.

    Raises
    ------
    InputError
        If there is none; suggests the nearest.
    """
    if name not in collection_names():
        raise unknown_name("collection", name, collection_names())
