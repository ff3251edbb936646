"""Clusters of collections that share runs: each cluster is one independent piece of evidence.

Two collections are linked if a card states so (``overlaps``); a cluster is a connected component. A compilation (``repackages``) does
not link others: its tasks count nowhere, and it is evidence of no shared run. It is a cluster of its own, and `relatives` returns it
wherever one of its runs could leak.

``python -m perf.regenerate clusters`` writes ``clusters.json`` from the cards, because reading every card is too slow for a board; a test
checks that both agree.
"""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.sources import source_names

__all__ = ["Clusters", "cluster_of", "clusters_from_cards", "clusters_path", "members", "read_clusters", "relatives"]


class Clusters(BaseModel):
    """The clusters of all collections.

    Attributes
    ----------
    cluster : dict
        Name of each collection's cluster: its first member in alphabetical order.
    compilations : dict
        Compilations, and the collections that each repeats.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cluster: dict[str, str]
    compilations: dict[str, tuple[str, ...]]


def cluster_of(collection: str) -> str:
    """Return the name of a collection's cluster: its own where it shares runs with no other."""
    return read_clusters().cluster.get(collection, collection)


def members(cluster: str) -> tuple[str, ...]:
    """Return the collections of a cluster, in alphabetical order; empty if there is no such cluster."""
    return tuple(name for name, of in read_clusters().cluster.items() if of == cluster)


def relatives(collection: str) -> frozenset[str]:
    """Return the collections to exclude from learning when this one is evaluated: its cluster, and all compilations of its runs.

    For a compilation: the clusters of all its parts.
    """
    parts = read_clusters().compilations
    own = {cluster_of(name) for name in (collection, *parts.get(collection, ()))}
    related = {collection, *(name for cluster in own for name in members(cluster))}
    return frozenset(related | {name for name, repeated in parts.items() if related & set(repeated)})


def clusters_path() -> Path:
    """Return the file that records the clusters."""
    return Path(str(importlib.resources.files("scalingbench.benchmark.data") / "clusters.json"))


@cache
def read_clusters() -> Clusters:
    """Return the recorded clusters."""
    return Clusters.model_validate(json.loads(clusters_path().read_text(encoding="utf-8")))


def clusters_from_cards() -> Clusters:
    """Return the clusters that the cards state; reads every card."""
    facts = {name: load_card(name).scalingbench for name in source_names()}
    compilations = {name: tuple(sorted(f.overlaps)) for name, f in facts.items() if f.repackages}
    links = {name: set(f.overlaps) - compilations.keys() for name, f in facts.items() if not f.repackages}
    for name, linked in list(links.items()):
        for other in linked:
            links[other].add(name)
    return Clusters(
        cluster={name: min(_reached(name, links)) for name in source_names()},
        compilations=compilations,
    )


def _reached(start: str, links: dict[str, set[str]]) -> set[str]:
    """Return everything linked to a collection, itself included."""
    reached, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead += links.get(name, ())
    return reached
