"""A collection: a validated table of scaling runs and its card."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.card import Card, load_card
from scalingbench.benchmark.data.fetch import file_is_available
from scalingbench.benchmark.data.sources import build_table, load_source, source_names
from scalingbench.benchmark.data.variables import variables_of
from scalingbench.common.errors import FetchError
from scalingbench.common.extras import require
from scalingbench.common.messages import described
from scalingbench.common.names import unknown_name
from scalingbench.common.tables import facts_html

if TYPE_CHECKING:
    import polars
    import pyarrow as pa

__all__ = [
    "Collection",
    "arrow_of",
    "bundled_path",
    "digests_path",
    "facts_of",
    "is_available",
    "list_collections",
    "load_collection",
    "read_facts",
    "table_digest",
]


@dataclass(frozen=True)
class Collection:
    """A curated table and its card.

    Attributes
    ----------
    name : str
        Name of the collection.
    table : DataFrame
        One row per measured value; see `scalingbench.benchmark.data.schema`.
    card : Card
        Licence, citation, provenance, units, known problems.

    Examples
    --------
    >>> import scalingbench as sb
    >>> porian = sb.load_collection("porian")
    >>> porian
    Collection(porian: 940 rows of 272 runs; loss_val by params, params_nonembedding, tokens, flops, vocab_size, width)
    >>> porian.card.license
    'mit'
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
        return len(np.unique(self.run_numbers))

    @cached_property
    def run_numbers(self) -> np.ndarray:
        """Index of each row's trained model, shape (n_rows,); the card states whether curves share runs."""
        identity = ["run"] if self.card.scalingbench.runs == "shared" else ["curve", "run"]
        return self.table.groupby(identity, sort=False).ngroup().to_numpy()

    @cached_property
    def families(self) -> np.ndarray:
        """Family of each row's curve, from the card, shape (n_rows,); a curve without one is its own family."""
        stated = self.card.scalingbench.families.items()
        of = {c: next((f for f, own in stated if any(fnmatchcase(c, p) for p in own)), c) for c in self.table["curve"].unique()}
        return self.table["curve"].map(of).to_numpy(object)

    @property
    def digest(self) -> str:
        """Hash of every cell of the table."""
        return table_digest(self.table)

    def to_arrow(self) -> pa.Table:
        """Return the table as Arrow: text as strings, numbers as doubles, missing ones null.

        Examples
        --------
        >>> import scalingbench as sb
        >>> sb.load_collection("porian").to_arrow().num_rows
        940
        """
        return arrow_of(self.table)

    def to_polars(self) -> polars.DataFrame:
        """Return the table as a polars frame; missing numbers are null.

        Raises
        ------
        InputError
            If polars is not installed.
        """
        require("Collection.to_polars", "polars", "polars")
        import polars

        return polars.from_arrow(self.to_arrow())

    def __repr__(self) -> str:
        sizes = f"{len(self.table)} rows of {self.n_runs} runs"
        return f"Collection({self.name}: {sizes}; {_some(self.metrics, 3)} by {_some(self.variables)})"

    def _repr_html_(self) -> str:
        return facts_html(
            f"{self.name}: {self.card.pretty_name}",
            [
                ("rows", len(self.table)),
                ("runs", self.n_runs),
                ("curves", f"{self.table['curve'].nunique()} (one is: {self.card.scalingbench.curves})"),
                ("metrics", _some(self.metrics)),
                ("variables", _some(self.variables)),
                ("licence", self.card.license),
                ("cite", "; ".join(paper.short for paper in self.card.scalingbench.papers)),
            ],
        )


def _some(names: tuple[str, ...], most: int = 8) -> str:
    """Return the first names."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def arrow_of(table: pd.DataFrame) -> pa.Table:
    """Return a table as Arrow without metadata; its types and bytes depend on the rows alone."""
    import pyarrow as pa

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = [f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in arrow.schema]
    return arrow.cast(pa.schema(fields)).replace_schema_metadata(None)


def table_digest(table: pd.DataFrame) -> str:
    """Return the sha256 of a table's column names and cells.

    Floats enter as their 8 bytes, text as UTF-8, so the digest does not depend on the library that wrote the
    file or on a printed precision.
    """
    digest = hashlib.sha256()
    for column in table.columns:
        digest.update(f"{column}\x1e".encode())
        if pd.api.types.is_float_dtype(table[column]):
            cells = table[column].to_numpy(dtype="<f8", copy=True)
            cells[np.isnan(cells)] = np.nan  # one bit pattern for all missing values
            digest.update(cells.tobytes())
        else:
            digest.update("\x1f".join(table[column].astype(str).tolist()).encode())
    return digest.hexdigest()


def _tables() -> Path:
    return Path(str(importlib.resources.files("scalingbench.benchmark.data") / "tables"))


def bundled_path(name: str) -> Path:
    """Return the path of a bundled collection's table."""
    return _tables() / f"{name}.parquet"


def list_collections() -> tuple[str, ...]:
    """Return the names of all collections, bundled and fetch-only.

    Examples
    --------
    >>> import scalingbench as sb
    >>> "porian" in sb.list_collections()
    True
    """
    return source_names()


@cache
def load_collection(name: str) -> Collection:
    """Load a collection by name.

    A bundled table is read from the package. A fetch-only one is built from its pinned upstream files, found in
    ``$SCALINGBENCH_MIRROR``, in the user's cache, or at their URL.

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
    InputError
        If the name is unknown, a file is unavailable or altered, or the table is invalid.
    """
    if name not in source_names():
        raise unknown_name("collection", name, source_names())
    card = load_card(name)
    return Collection(name, _read_bundled(name) if card.bundled else build_table(name), card)


def is_available(name: str) -> bool:
    """Return whether a collection is available locally: bundled, or with its upstream files in the mirror or the cache."""
    return load_card(name).bundled or all(file_is_available(file) for file in load_source(name).FILES)


def _read_bundled(name: str) -> pd.DataFrame:
    """Read a bundled table; its digest shows that it was validated when it was built."""
    path, hint = bundled_path(name), f"rebuild it with 'python -m scalingbench.benchmark.data.sources {name}'"
    if not path.is_file():
        raise FetchError(f"{path}: bundled table is missing; {hint}")
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # the library raises many kinds of errors on invalid files
        raise FetchError(f"{path}: cannot be read: {described(error, 200)}; {hint}") from None
    if table_digest(table) != read_facts().get(name, {}).get("digest"):
        raise FetchError(f"{path}: is not the table that was validated (see digests.json beside it); {hint}")
    return table


def digests_path() -> Path:
    """Return the file that records the digest and the size of every table."""
    return _tables() / "digests.json"


def read_facts() -> dict[str, dict[str, Any]]:
    """Return digest, rows, runs and curves of every collection's table, as recorded when it was built."""
    path = digests_path()
    recorded: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return recorded


def facts_of(collection: Collection) -> dict[str, Any]:
    """Return what `read_facts` records of a table."""
    return {
        "digest": collection.digest,
        "rows": len(collection.table),
        "runs": collection.n_runs,
        "curves": int(collection.table["curve"].nunique()),
    }
