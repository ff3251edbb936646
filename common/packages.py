"""The packages that every installation of ScalingBench includes."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distributions, requires, version

__all__ = ["brought", "own_version", "package_key"]


def own_version() -> str:
    """Return the version of ScalingBench; ``"unknown"`` for a source tree that was not installed."""
    try:
        return version("scalingbench")
    except PackageNotFoundError:
        return "unknown"


@lru_cache(maxsize=1)
def brought() -> frozenset[str]:
    """Return the keys of ScalingBench and of all its direct and indirect dependencies."""
    found: set[str] = set()
    left = ["scalingbench"]
    while left:
        key = left.pop()
        if key in found:
            continue
        found.add(key)
        try:
            lines = requires(key) or []
        except PackageNotFoundError:  # of another platform, or a source tree that was not installed
            continue
        left += [package_key(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines if "extra ==" not in line]
    return frozenset(found) if len(found) > 1 else frozenset(package_key(d.metadata["Name"]) for d in distributions())


def package_key(name: str) -> str:
    """Return the normalised name of a package."""
    return re.sub(r"[-_.]+", "-", name).lower()
