"""One module per collection: upstream files in, rows of the schema out.

A source module states ``FILES`` (a tuple of `scalingbench.benchmark.data.fetch.UpstreamFile`) and a function
``build(paths)`` that takes ``{file.name: local path}`` and returns a table with the schema's
column names. Curation happens there and nowhere else: units, which N, flags, published split.
Types, order, defaults and validation are applied by `build_table`.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol, cast

import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.fetch import UpstreamFile, locate
from scalingbench.benchmark.data.names import collection_names
from scalingbench.benchmark.data.schema import normalise, validate
from scalingbench.common.errors import SchemaError

__all__ = ["Source", "build_table", "load_source", "source_names"]


class Source(Protocol):
    """What a source module provides."""

    FILES: tuple[UpstreamFile, ...]

    def build(self, paths: dict[str, Path]) -> pd.DataFrame:
        """Return the curated rows."""
        ...


def source_names() -> tuple[str, ...]:
    """Return the names of all source modules, which are the names of the collections."""
    return collection_names()


def load_source(name: str) -> Source:
    """Import the source module of a collection."""
    return cast(Source, importlib.import_module(f"{__name__}.{name}"))


def build_table(name: str) -> pd.DataFrame:
    """Build a collection's table from its upstream files and validate it.

    Raises
    ------
    FetchError
        If an upstream file cannot be had or was altered.
    SchemaError
        If the curated table breaks a rule of the schema.
    """
    source = load_source(name)
    table = source.build({file.name: locate(file) for file in source.FILES})
    table = normalise(table, collection=name)
    try:
        validate(table, load_card(name).scalingbench.own_variables)
    except SchemaError as error:
        raise SchemaError(f"collection {name!r}: {error}") from None
    return table
