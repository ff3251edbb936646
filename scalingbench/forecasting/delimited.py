"""Delimited text: CSV, TSV, columns of spaces, Markdown; every cell stays text, so that a message can show it as it was written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pandas as pd

from scalingbench.common.errors import InputError
from scalingbench.common.limits import check_shape
from scalingbench.forecasting.headers import meaning_of, scale_of
from scalingbench.forecasting.numbers import number_of

__all__ = ["decoded", "read_delimited"]

_RULE = re.compile(r":?-+:?")
_FRAME = re.compile(r"\s*[|+][-=+:]{3,}[|+]?\s*")
"""A line of a drawn frame."""
_GROUP = re.compile(r"\d{3}")
"""What follows a space between groups of digits."""
_MOST_TITLES = 5
_SPACED = re.compile(r'"[^"]*"|\S+')
Record = list[str]


def decoded(raw: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-32 and UTF-16 (with their marks, or UTF-16 by its zero bytes), else Latin-1."""
    if raw[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return raw.decode("utf-32")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    if raw[1:2] == b"\0" or raw[:1] == b"\0":
        return raw.decode("utf-16-le" if raw[1:2] == b"\0" else "utf-16-be")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def read_delimited(text: str) -> pd.DataFrame:
    """Return the cells under their headers.

    Raises
    ------
    InputError
        If there is no header, or a row has more cells than it.
    """
    text, title = _without_title(text)
    first, comments = _first_line(text)
    delimiter = _delimiter(first)
    check_shape(text.count("\n") - 1, first.count(delimiter) + 1)
    records = [[cell.strip() for cell in record] for record in _records(text, delimiter)]
    records = _without_rules(records) if delimiter == "|" else records
    commented = None if _has_known(records[0]) else _commented_header(comments, records[0], delimiter)
    if commented is not None:
        records.insert(0, commented)
    elif not _is_header(records[0]):
        raise InputError(
            f"row 1 is of numbers ({', '.join(records[0][:3])}), not of headers; write the columns' names in a first line, e.g. N,D,loss"
        )
    table, repeats = _table(_without_row_names(records) if delimiter == " " else records)
    table = _with_units(table)
    if repeats:
        table.attrs["dropped"] = {"that repeat the header": repeats}
    if title:
        table.attrs["notes"] = [f"left out above the header: {title}"]
    nameless = [h == "" and (_is_index(table.iloc[:, i]) or (table.iloc[:, i] == "").all()) for i, h in enumerate(table.columns)]
    return table.loc[:, [not drop for drop in nameless]]


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("# ", "//")) or line.strip() == "#" or bool(_FRAME.fullmatch(line))


def _without_title(text: str) -> tuple[str, str]:
    """Return the text from its header on, and the title above it, such as ``sep=;``: a line of one cell, none of which is known."""
    lines = text.splitlines(keepends=True)
    filled = [i for i, line in enumerate(lines) if line.strip() and not _is_comment(line)][:_MOST_TITLES]
    for n, i in enumerate(filled):
        cells = [cell.strip(' "') for cell in lines[i].strip().split(_delimiter(lines[i]))]
        if sum(meaning_of(cell) is not None for cell in cells) >= 2:
            return "".join(lines[i:]) if n else text, " ".join(lines[j].strip(" \t\r\n,;|") for j in filled[:n])
        if len([cell for cell in cells if cell]) > 1 and _delimiter(lines[i]) != " ":
            break
    return text, ""


def _first_line(text: str) -> tuple[str, list[str]]:
    """Return the first line that is no comment, and the comments before it."""
    comments = list[str]()
    for line in text.splitlines():
        if line.strip() and not _is_comment(line):
            return line, comments
        if line.strip():
            comments.append(re.sub(r"^\s*(?:#|//)\s*", "", line))
    raise InputError("has only comments")


def _records(text: str, delimiter: str) -> Iterator[Record]:
    """Yield the records; a comment begins a record, and is text within a quoted cell."""
    if delimiter == " ":
        yield from _spaced([line for line in text.splitlines() if line.strip() and not _is_comment(line)])
        return
    begins = True

    def lines_of_records() -> Iterator[str]:
        nonlocal begins
        for line in io.StringIO(text, newline=""):
            if begins and (not line.strip() or _is_comment(line)):
                continue
            begins = False
            yield line

    try:
        for record in csv.reader(lines_of_records(), delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True):
            begins = True
            yield record
    except csv.Error as error:
        raise InputError(f"cannot be read as a table: a quoted cell is not closed ({error})") from None


def _spaced(lines: Sequence[str]) -> list[Record]:
    """Return the records of lines whose cells are separated by spaces: by two or more where headers have single ones."""
    wide = [re.split(r"\s{2,}", line.strip()) for line in lines]
    if len(wide[0]) > 1 and len({len(record) for record in wide}) == 1:
        return wide
    words = [cell.strip('"') for cell in _SPACED.findall(lines[0])]
    if any(meaning_of(a) is None and meaning_of(f"{a} {b}") is not None for a, b in pairwise(words)):
        raise InputError("its columns are separated by single spaces, which its headers have too; separate the columns by commas or tabs")
    narrow = [[cell.strip('"') for cell in _SPACED.findall(line)] for line in lines]
    for i, record in enumerate(narrow[1:], 1):
        if len(record) < len(narrow[0]):
            raise InputError(f"row {i} has {len(record)} cells under {len(narrow[0])} headers; separate the columns by commas or tabs")
    return narrow


def _delimiter(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "x", header)
    counts = {d: bare.count(d) for d in ("\t", ";", "|", ",")}
    best = max(counts, key=lambda d: counts[d])
    return best if counts[best] else (" " if len(bare.split()) > 1 else ",")


def _without_rules(records: list[Record]) -> list[Record]:
    """Return the records of a Markdown table without its outer bars and the rule below its header."""
    if all(record[0] == "" and record[-1] == "" for record in records):
        records = [[cell.strip("*`") for cell in record[1:-1]] for record in records]
    return [record for record in records if not all(_RULE.fullmatch(cell) for cell in record)]


def _is_header(record: Sequence[str]) -> bool:
    """Return whether some cell is no number: a first row of numbers is data."""
    return any(number_of(cell) is None and number_of(cell, ",") is None for cell in record)


def _has_known(record: Sequence[str]) -> bool:
    return any(meaning_of(cell) is not None for cell in record)


def _without_row_names(records: list[Record]) -> list[Record]:
    """Return the records without row numbers, over which R and pandas print no header."""
    numbers = [record[0] for record in records[1:]]
    counted = numbers == [str(i) for i in range(1, len(records))] and not all(_GROUP.fullmatch(record[1]) for record in records[1:])
    if {len(record) for record in records[1:]} != {len(records[0]) + 1} or not (counted or _is_index(pd.Series(numbers))):
        return records
    return [records[0], *(record[1:] for record in records[1:])]


def _commented_header(comments: Sequence[str], first: Sequence[str], delimiter: str) -> Record | None:
    """Return the header that ``numpy.savetxt`` writes as a comment, None where there is none."""
    for line in reversed(comments):
        found = next(_records(line, delimiter), [])
        header = [cell.strip() for cell in found] if len(found) == len(first) else line.replace(",", " ").split()
        if len(header) == len(first) and any(meaning_of(cell) for cell in header):
            return header
    return None


def _table(records: list[Record]) -> tuple[pd.DataFrame, int]:
    """Return the table of the records, and how often its header is repeated."""
    header, width = records[0], len(records[0])
    rows = [record for record in records[1:] if record != header]
    for i, record in enumerate(rows, 1):
        if any(cell != "" for cell in record[width:]):
            raise InputError(
                f"row {i} has {len(record)} cells under {width} headers; put numbers that contain the delimiter in quotes, "
                "or write them without it"
            )
        if len(record) < width:
            raise InputError(f"row {i} has {len(record)} cells under {width} headers; write empty cells, too, with their delimiters")
    return pd.DataFrame([record[:width] for record in rows], columns=header, dtype=str), len(records) - 1 - len(rows)


def _with_units(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table without a first row of units such as ``M``, ``[B tokens]``, ``nats``, which join the headers."""
    if len(table) < 2:
        return table
    units = [cell.strip("()[] ") for cell in table.iloc[0]]
    stated = [unit for unit in units if unit not in ("", "-")]
    if not stated or any(number_of(unit) is not None or scale_of(unit) is None for unit in stated):
        return table
    headers = [f"{header} ({unit})" if unit in stated else header for header, unit in zip(table.columns, units, strict=True)]
    return table.iloc[1:].set_axis(headers, axis=1).reset_index(drop=True)


def _is_index(column: pd.Series) -> bool:
    return [str(v) for v in column] == [str(i) for i in range(len(column))]
