"""The runs of many collections in one table, with the columns that a collection may have in common with others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections, load_collection
from scalingbench.common.variables import VARIABLES

__all__ = ["ALL_COLUMNS", "load_all"]

_TEXT = ("collection", "domain", "license", "curve", "run", "metric")
_NUMBERS = ("value", "value_low", "value_high", "seed", *VARIABLES)
ALL_COLUMNS = (*_TEXT, *_NUMBERS, "flag", "split")
"""Columns of the long table; those of one collection alone (``mix_<domain>``, ``x_<name>``) are in its own table."""


def load_all(collections: Sequence[str] | None = None) -> pd.DataFrame:
    """Load all bundled collections as one long table.

    Parameters
    ----------
    collections : sequence of str, optional
        Only these; a fetch-only one is built from its upstream files, as `load_collection` does.

    Returns
    -------
    DataFrame
        One row per measured value, in the order of collections: the columns of the schema, all variables of the registry (missing
        where a collection does not have one), and ``domain`` and ``license`` of the collection. A new frame at each call.

    Raises
    ------
    InputError
        If a name is unknown, or a table cannot be read.

    Notes
    -----
    Values of different collections are comparable within a metric's unit only. Compilations repeat runs of other collections, and
    ``flag`` names the rows with a known problem. Mixture weights and a collection's own variables are in `load_collection` alone;
    ``{name: load_collection(name) for name in list_collections()}`` is all of it.

    Examples
    --------
    >>> import scalingbench as sb
    >>> runs = sb.load_all(["porian", "synthetic_coverage"])
    >>> sorted(runs["collection"].unique())
    ['porian', 'synthetic_coverage']
    """
    names = [name for name in list_collections() if load_card(name).bundled] if collections is None else list(collections)
    tables = [_with_common_columns(name) for name in names]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=ALL_COLUMNS)


def _with_common_columns(name: str) -> pd.DataFrame:
    found = load_collection(name)
    table = found.table.assign(domain=found.card.scalingbench.domain, license=found.card.license)
    return table.reindex(columns=list(ALL_COLUMNS)).astype(dict.fromkeys(_NUMBERS, "float64"))
