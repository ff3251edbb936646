"""A collection from the package or from the Hub."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Literal

import pandas as pd

from scalingbench.benchmark.data import collection
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection, list_collections, read_facts, table_digest
from scalingbench.benchmark.data.schema import normalise, validate
from scalingbench.benchmark.hub.client import DEFAULT_REPO, UNPINNED, load_table
from scalingbench.common.errors import DataWarning, FetchError, SchemaError
from scalingbench.common.names import unknown_name

__all__ = ["load_collection"]


def load_collection(
    name: str, *, source: Literal["package", "hub"] = "package", revision: str = UNPINNED, repo: str | None = None
) -> Collection:
    """Load a collection by name.

    Parameters
    ----------
    name : str
        One of `scalingbench.benchmark.data.collection.list_collections`.
    source : {"package", "hub"}
        The table of the package (see `scalingbench.benchmark.data.collection.load_collection`), or of the data set on the
        Hugging Face Hub.
    revision : str
        Tag or commit of the data set. The table on ``main`` must be the one that this version of the package
        records. At any other revision it must keep the schema; a `DataWarning` reports a difference.
    repo : str, optional
        ``owner/name`` of the data set.

    Returns
    -------
    Collection
        Shared between callers: copy its table before changing it.

    Raises
    ------
    InputError
        If the name, repository or revision is malformed or unknown, a file is unavailable or altered, or the table is invalid.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.load_collection("porian")
    Collection(porian: 940 rows of 272 runs; loss_val by params, params_nonembedding, tokens, flops, vocab_size, width)
    """
    return _loaded(name, source, revision, repo)


@cache  # within, so that readers of the signature, people and type checkers, see that of the function
def _loaded(name: str, source: str, revision: str, repo: str | None) -> Collection:
    if source == "package":
        return collection.load_collection(name)
    if name not in list_collections():
        raise unknown_name("collection", name, list_collections())
    return Collection(name, _table_from_hub(name, repo or DEFAULT_REPO, revision), load_card(name))


def _table_from_hub(name: str, repo: str, revision: str) -> pd.DataFrame:
    """Return the table that this version of the package records or, for a named revision, one that keeps the schema."""
    for again in (False, True):
        table = load_table(name, repo, revision, again=again)
        if table_digest(table) == read_facts().get(name, {}).get("digest"):
            return table
        if revision != UNPINNED:
            break
    where = f"collection {name} of {repo}@{revision}"
    if revision == UNPINNED:  # pulled again, because the cache may be outdated
        raise FetchError(f"{where}: is not the table that this version of the package records; name a revision to load it as it is there")
    checked = _checked(table, name, where)
    warnings.warn(
        f"{where}: is not the table that this version of the package records; it keeps the schema and is used as it is there",
        DataWarning,
        stacklevel=4,
    )
    return checked


def _checked(table: pd.DataFrame, name: str, where: str) -> pd.DataFrame:
    try:
        validate(table, load_card(name).scalingbench.own_variables)
    except SchemaError as error:
        raise SchemaError(f"{where}: {error}") from None
    table = normalise(table, collection=name)
    unknown = set(table["metric"]) - set(load_card(name).scalingbench.metrics)
    if (table["collection"] != name).any():
        raise SchemaError(f"{where}: holds rows of another collection")
    if unknown:
        raise SchemaError(f"{where}: metric {min(unknown)!r} is not in the card of the collection")
    return table
