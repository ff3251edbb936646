"""A collection from the package or from the Hub."""

from __future__ import annotations

from functools import cache
from typing import Literal

from benchmark.data import collection
from benchmark.data.card import load_card
from benchmark.data.collection import Collection, list_collections
from benchmark.hub.client import load_table
from scalingbench.common.names import unknown_name

__all__ = ["load_collection"]


@cache
def load_collection(
    name: str, *, source: Literal["package", "hub"] = "package", revision: str = "main", repo: str | None = None
) -> Collection:
    """Load a collection by name.

    Parameters
    ----------
    name : str
        One of `benchmark.data.collection.list_collections`.
    source : {"package", "hub"}
        The package's own table (see `benchmark.data.collection.load_collection`), or that of the data set on the
        Hugging Face Hub.
    revision : str
        Tag or commit of the data set; pin one, because ``main`` is kept as it was when it was first pulled.
    repo : str, optional
        ``ORG/NAME`` of the data set.

    Returns
    -------
    Collection
        Shared between callers: copy its table before changing it.

    Raises
    ------
    InputError
        If the name is unknown, a file cannot be had or was altered, or the table is broken.
    """
    if source == "package":
        return collection.load_collection(name)
    if name not in list_collections():
        raise unknown_name("collection", name, list_collections())
    return Collection(name, load_table(name, repo, revision), load_card(name))
