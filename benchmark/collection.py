"""A collection: a validated table of scaling runs and its card."""

from __future__ import annotations

import hashlib
import importlib.resources
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.card import Card, load_card
from benchmark.errors import FetchError, unknown_name
from benchmark.schema import variables_of
from benchmark.sources import build_table, source_names

__all__ = ["Collection", "bundled_path", "list_collections", "load_collection", "table_digest"]


@dataclass(frozen=True)
class Collection:
    """A curated table and its card.

    Attributes
    ----------
    name : str
        Name of the collection.
    table : DataFrame
        One row per measured value; see `benchmark.schema`.
    card : Card
        Licence, citation, provenance, units, known problems.
    """

    name: str
    table: pd.DataFrame
    card: Card

    @property
    def variables(self) -> tuple[str, ...]:
        """Scale variables of the table."""
        return variables_of(self.table)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured quantities."""
        return tuple(sorted(self.table["metric"].unique()))

    @property
    def n_runs(self) -> int:
        """Number of distinct trained models."""
        return len(self.table[["curve", "run"]].drop_duplicates())

    @property
    def digest(self) -> str:
        """Hash of every cell of the table."""
        return table_digest(self.table)


def table_digest(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's column names and cells.

    Floats enter as their 8 bytes, text as UTF-8, so that the digest depends neither on the
    library that wrote the file nor on a printed precision.
    """
    digest = hashlib.sha256()
    for column in table.columns:
        digest.update(f"{column}\x1e".encode())
        if pd.api.types.is_float_dtype(table[column]):
            cells = table[column].to_numpy(dtype="<f8", copy=True)
            cells[np.isnan(cells)] = np.nan  # one bit pattern for all missing values
            digest.update(cells.tobytes())
        else:
            digest.update("\x1f".join(table[column].astype(str)).encode())
    return digest.hexdigest()


def bundled_path(name: str) -> Path:
    """Return where the curated table of a bundled collection lies."""
    return Path(str(importlib.resources.files("benchmark") / "data" / f"{name}.parquet"))


def list_collections() -> tuple[str, ...]:
    """Return the names of all collections, bundled and fetch-only."""
    return source_names()


@cache
def load_collection(name: str) -> Collection:
    """Load a collection by name.

    A bundled table is read from the package; a fetch-only one is built from its pinned upstream
    files, which are looked for in ``$SCALINGBENCH_MIRROR``, the user's cache and their URL.

    Parameters
    ----------
    name : str
        One of `list_collections`.

    Returns
    -------
    Collection
        Shared between callers: copy its table before changing it.

    Raises
    ------
    BenchmarkError
        If the name is unknown, a file cannot be had or was altered, or the table is broken.
    """
    if name not in source_names():
        raise unknown_name("collection", name, source_names())
    card = load_card(name)
    if not card.bundled:
        return Collection(name, build_table(name), card)
    path = bundled_path(name)
    if not path.is_file():
        raise FetchError(f"{path}: bundled table is missing; rebuild it with 'python -m benchmark.sources {name}'")
    return Collection(name, pd.read_parquet(path), card)
