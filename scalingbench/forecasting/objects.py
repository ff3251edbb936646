"""JSON and Parquet: lists of objects, every orient of ``DataFrame.to_json``, nested fields, an index with a name."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.common.limits import check_shape
from scalingbench.forecasting.headers import meaning_of

__all__ = ["flat", "from_json", "json_lines", "loads", "read_feather", "read_parquet"]

_EXPECTED = "this JSON is no table: expected a list of objects, one object a line, or an object of equally long lists"


def loads(text: str) -> Any:
    """Return what a JSON text holds.

    Raises
    ------
    InputError
        If an object has a key twice.
    """
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InputError(f"an object has the key {next(k for k in keys if keys.count(k) > 1)!r} twice")
    return found


def read_parquet(raw: bytes) -> pd.DataFrame:
    """Return a Parquet table with the fields of its structs as columns."""
    import pyarrow.parquet as pq

    facts = pq.ParquetFile(io.BytesIO(raw)).metadata
    check_shape(facts.num_rows, facts.num_columns)
    return flat(pd.read_parquet(io.BytesIO(raw)))


def read_feather(raw: bytes) -> pd.DataFrame:
    """Return a Feather (Arrow) table with the fields of its structs as columns."""
    return flat(pd.read_feather(io.BytesIO(raw)))


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the named levels of its index, and the fields of its nested cells, as columns."""
    levels = [name for name in table.index.names if name is not None and name not in table]
    unnamed = [name for name in table.index.names if name is None or name in table]
    table = table.reset_index(level=levels) if levels and unnamed else table.reset_index() if levels else table
    table = table.reset_index(drop=True)
    nested = [c for c in table.columns if table[c].map(lambda cell: isinstance(cell, Mapping)).any()]
    if not nested:
        return table
    parts = [pd.json_normalize([{str(c): cell} for cell in table[c]]) if c in nested else table[[c]] for c in table.columns]
    return pd.concat(parts, axis=1)


def from_json(loaded: Any) -> pd.DataFrame:
    """Return the table that a JSON document is.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(loaded, list):
        return _of_list(loaded)
    if not isinstance(loaded, Mapping):
        raise InputError(_EXPECTED)
    rows = loaded.get("data", loaded.get("rows"))
    if "columns" in loaded and isinstance(rows, list) and all(isinstance(row, list) for row in rows):  # orient="split"
        table = pd.DataFrame(rows, columns=pd.Index(loaded["columns"]))
        return _named_index(table, loaded.get("index"))
    if {"schema", "data"} <= loaded.keys() and isinstance(loaded["data"], list):  # orient="table"
        return _of_list(loaded["data"])
    return _of_object(loaded)


def _of_list(loaded: list[Any]) -> pd.DataFrame:
    if not loaded or not all(isinstance(row, Mapping) for row in loaded):
        headed = len(loaded) > 1 and all(isinstance(row, list) for row in loaded) and all(isinstance(cell, str) for cell in loaded[0])
        if not headed:
            raise InputError(_EXPECTED)
        return pd.DataFrame(loaded[1:], columns=loaded[0])
    return pd.json_normalize(loaded)


def _of_object(loaded: Mapping[str, Any]) -> pd.DataFrame:
    values = list(loaded.values())
    lists = [v for v in values if isinstance(v, list)]
    tables = [v for v in lists if v and all(isinstance(row, Mapping) for row in v)]
    if len(tables) == 1 and len(lists) == 1:  # {"runs": [...], ...}
        return _of_list(tables[0])
    if len(tables) > 1:
        names = ", ".join(k for k, v in loaded.items() if isinstance(v, list))
        raise InputError(f"this JSON has several tables ({names}); save one of them")
    if values and len(lists) == len(values):
        lengths = {k: len(v) for k, v in loaded.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(f"the lists of this JSON differ in length: {', '.join(f'{k} {n}' for k, n in list(lengths.items())[:6])}")
        return pd.DataFrame(dict(loaded))
    if values and all(isinstance(v, Mapping) for v in values):
        return _of_objects(loaded)
    return pd.json_normalize([dict(loaded)])


def _of_objects(loaded: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table of an object of objects: columns of rows, or rows of columns; headers say which."""
    inner = [str(key) for value in loaded.values() for key in value]
    if _known(list(loaded)) >= max(1, _known(list(dict.fromkeys(inner)))):  # orient="columns"
        table = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in loaded.items()}).infer_objects()
        return _named_index(table, list(table.index))
    if not _known(inner) and len(loaded) == 1:  # {"data": {...}}
        return from_json(next(iter(loaded.values())))
    return _named_index(pd.json_normalize([dict(v) for v in loaded.values()]), list(loaded))  # orient="index"


def _known(headers: list[str]) -> int:
    return sum(meaning_of(header) is not None for header in headers)


def _named_index(table: pd.DataFrame, index: list[Any] | None) -> pd.DataFrame:
    """Return the table with the names of its rows as runs, unless they are numbers."""
    table = table.reset_index(drop=True)
    names = [str(name) for name in index or []]
    if len(names) != len(table) or all(name.lstrip("-").isdigit() for name in names) or any(c in table for c in ("run", "run_id")):
        return table
    table.insert(0, "run", names)
    return table


def json_lines(text: str) -> pd.DataFrame:
    """Return the table of one object a line."""
    return pd.json_normalize([_json_line(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()])


def _json_line(i: int, line: str) -> dict[str, Any]:
    try:
        row = loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"line {i}: not JSON: {error.msg}") from None
    if not isinstance(row, dict):
        raise InputError(f"line {i}: expected one object a line")
    return row
