"""Clusters of collections: those that share runs, directly or through others, are one body of evidence."""

from __future__ import annotations

from functools import cache

from benchmark.data.card import load_card
from benchmark.data.sources import source_names

__all__ = ["cluster_of"]


@cache
def _clusters() -> dict[str, str]:
    """Return the cluster of every collection: the first name, in the alphabet, of those its cards' ``overlaps`` connect."""
    cluster = {name: name for name in source_names()}

    def top(name: str) -> str:
        while cluster[name] != name:
            name = cluster[name]
        return name

    for name in source_names():
        for other in load_card(name).scalingbench.overlaps:
            first, second = sorted((top(name), top(other)))
            cluster[second] = first
    return {name: top(name) for name in cluster}


def cluster_of(collection: str) -> str:
    """Return the name of the cluster of a collection: its own where it shares runs with no other."""
    return _clusters().get(collection, collection)
