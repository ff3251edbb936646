"""Opening what people have: a table in any common form, standard input, or the folder of an experiment tracker."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.common.messages import one_line

__all__ = ["open_table"]

STDIN = "-"


def open_table(source: str | Path) -> pd.DataFrame:
    """Return the cells of a file, of standard input (``-``) or of a tracker's folder, with the headers as they are.

    Raises
    ------
    InputError
        If it does not exist or is of no known form.
    """
    if str(source) == STDIN:
        return _from_bytes(sys.stdin.buffer.read(), "standard input")
    path = Path(source)
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file or folder")
    if path.suffix == ".wandb" or ".tfevents." in path.name:
        return _from_folder(path)
    return _from_bytes(path.read_bytes(), str(path))


def _from_folder(path: Path) -> pd.DataFrame:
    from scalingbench.forecasting.importers import import_folder

    return import_folder(path)


def _from_bytes(raw: bytes, name: str) -> pd.DataFrame:
    if not raw.strip():
        raise InputError(f"{name}: is empty")
    read = _reader(raw, name)
    try:
        table = read(raw)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    except Exception as error:
        raise InputError(f"{name}: cannot be read as a table: {one_line(error, 200)}") from None
    table.columns = [str(c).strip() for c in table.columns]
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(f"{name}: has two columns {twice[0]!r}; rename or remove one")
    if len(table) == 0:
        raise InputError(f"{name}: has no rows below its header")
    return table


def _reader(raw: bytes, name: str) -> Callable[[bytes], pd.DataFrame]:
    """Choose by content, because what is piped has no suffix, and suffixes lie."""
    if raw[:4] == b"PAR1":
        return lambda data: pd.read_parquet(io.BytesIO(data))
    if raw[:2] in (b"PK", b"\xd0\xcf"):
        raise InputError(f"{name}: is a spreadsheet; save it as CSV")
    if raw[:2] == b"\x1f\x8b":
        raise InputError(f"{name}: is compressed; unpack it first, e.g. 'gunzip -c FILE | scalingbench forecast - ...'")
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _json
    return _text


def _json(raw: bytes) -> pd.DataFrame:
    text = raw.decode("utf-8-sig")
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError:
        return pd.json_normalize([_json_line(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()])
    if isinstance(loaded, dict):
        from scalingbench.forecasting.importers import import_document

        known = import_document(loaded)
        if known is not None:
            return known
    if isinstance(loaded, list) and all(isinstance(row, dict) for row in loaded):
        return pd.json_normalize(loaded)
    if isinstance(loaded, dict) and all(isinstance(column, list) for column in loaded.values()):
        return pd.DataFrame(loaded)
    if isinstance(loaded, dict):
        return pd.json_normalize([loaded])
    raise InputError("this JSON is no table: expected a list of objects, one object a line, or an object of equally long lists")


def _json_line(i: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"line {i}: not JSON: {error.msg}") from None
    if not isinstance(row, dict):
        raise InputError(f"line {i}: expected one object a line")
    return row


def _text(raw: bytes) -> pd.DataFrame:
    """Read delimited text; every cell stays text, so that a message can show it as it was written."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("# ", "//"))]
    if not lines:
        raise InputError("has only comments")
    delimiter = _delimiter(lines[0])
    table = pd.read_csv(
        io.StringIO("\n".join(lines)), sep=delimiter, dtype=str, keep_default_na=False, skipinitialspace=True, index_col=False
    )
    if delimiter == ";":  # where cells are parted by semicolons, a comma may be a decimal point
        table = table.apply(lambda column: column.str.replace(r"^(\s*-?\d+),(\d+\s*)$", r"\1.\2", regex=True))
    return table.loc[:, [c for c in table.columns if not (str(c).startswith("Unnamed:") and _is_index(table[c]))]]


def _delimiter(header: str) -> str:
    counts = {d: header.count(d) for d in (",", "\t", ";", "|")}
    best = max(counts, key=lambda d: counts[d])
    return best if counts[best] else (r"\s+" if len(header.split()) > 1 else ",")


def _is_index(column: pd.Series) -> bool:
    return [str(v) for v in column] == [str(i) for i in range(len(column))]
