"""Numbers as people write them: ``7B``, ``1.4T``, ``1e9``, ``10^9``, ``1,000,000``, ``2,9``, ``~21M``."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MISSING",
    "Mark",
    "Marks",
    "as_range",
    "as_size",
    "cells_of",
    "decimal_mark",
    "has_spread",
    "has_unit",
    "is_numeric",
    "marks_of",
    "number_of",
    "numbers_of",
    "shown",
    "stored_number",
]

Mark = Literal[".", ","]
"""The decimal mark; the other of the two groups digits."""
MISSING = frozenset(
    {"", "nan", "na", "n/a", "n.a.", "#n/a", "none", "null", "-", "--", "---", "—", "–", "?", "<na>", "nat", "missing", "tbd"}
)
MISSING |= {"inf", "-inf", "+inf", "infinity", "-infinity", "diverged"}
"""Cells that say that there is no number, in lower case."""

_LARGEST = 10**300
_SUFFIXES = {"k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9, "g": 1e9, "t": 1e12, "tn": 1e12}
_SUFFIXES |= {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_WORDS = r"(?:tokens?|toks?|params?|parameters?|flops?|nats?)?"
_NUMBER = re.compile(
    r"^([+-]?(?:[1-9]\d{0,2}(?:[,_' ]\d{3})+(?:\.\d*)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))"
    rf"\s*(k|mn?|bn?|g|tn?|thousand|million|billion|trillion)?\s*{_WORDS}$"
)
_POWER = re.compile(
    rf"^(?:([+-]?(?:[1-9]\d{{0,2}}(?:,\d{{3}})+|\d+)?(?:\.\d*)?)\s*[*x×·]\s*)?(10|2)(?:\^|\*\*)\{{?([+-]?\d+)\}}?\s*{_WORDS}$"
)
_ROUGHLY = re.compile(r"^(?:[~≈≃∼]|ca\.?\s|approx\.?\s|about\s)\s*")
_SPREAD = re.compile(r"\s*(?:±|\+/?-|\\pm)\s*")
_BRACKETED = re.compile(r"([+-]?\d*[.,]\d+)\s*\((\d[\d.,]*)\)")
"""A number with decimals and its spread: ``3.51 (0.02)``, ``3.512(12)``."""
_WRITTEN = re.compile(r"""="(.*)"|\$(.*)\$|'(\d.*)""")
"""A cell that a spreadsheet keeps as text, or that LaTeX sets as mathematics."""
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2008\u2009\u200a\u202f\u2002\u2003", " ") | {"−": "-", "’": "'", "ʼ": "'", "⋅": "·"})
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SWAP = str.maketrans(".,", ",.")


def number_of(text: str, decimal: Mark = ".") -> float | None:
    """Return the number that a text states, NaN where it states that there is none, None where it is no number.

    Examples
    --------
    >>> number_of("1.4T"), number_of("2.5 x 10^9"), number_of("1,000,000"), number_of("2,9", ",")
    (1400000000000.0, 2500000000.0, 1000000.0, 2.9)
    >>> number_of("1e9x") is None
    True
    """
    cell = _plain(text)
    if cell in MISSING:
        return float("nan")
    parts = _SPREAD.split(cell.translate(_SWAP) if decimal == "," else cell)
    if len(parts) == 2:
        return _centre(*parts)
    return _one_number(parts[0]) if len(parts) == 1 else None


def has_spread(text: str) -> bool:
    """Return whether a text has a number with its spread: ``3.51 ± 0.02``, ``3.51 (0.02)``."""
    return bool(_SPREAD.search(text) or _BRACKETED.search(text))


def _plain(text: str) -> str:
    """Return a cell in lower case, with plain spaces, powers as ``^`` and without ``~``."""
    cell = re.sub(r"(?<=10)[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda raised: "^" + raised[0].translate(_RAISED), text.translate(_SPACES).strip().lower())
    written = _WRITTEN.fullmatch(cell)
    if written:
        cell = re.sub(r"\\(?:times|cdot)", "x", next(part for part in written.groups() if part is not None)).strip()
    return _BRACKETED.sub(r"\1 ± \2", _ROUGHLY.sub("", cell))


def _centre(value: str, spread: str) -> float | None:
    """Return the number before ``±``; a spread with a suffix of its own could be meant for both."""
    plain = re.fullmatch(r"[\d.,]+(?:e[+-]?\d+)?\s*%?", spread)
    if not plain or spread.endswith("%") != value.endswith("%"):
        return None
    return _one_number(value)


def _one_number(cell: str) -> float | None:
    power = _POWER.match(cell)
    if power:
        factor, exponent = _float(power[1] or "1"), int(power[3])
        return factor * float(power[2]) ** exponent if factor is not None and abs(exponent) < 300 else None
    if cell.endswith("%"):
        inner = _one_number(cell[:-1].strip())
        return None if inner is None else inner / 100.0
    found = _NUMBER.match(cell)
    value = _float(found[1]) if found else None
    return None if value is None or found is None else value * _SUFFIXES.get(found[2] or "", 1.0)


def _float(digits: str) -> float | None:
    try:
        value = float(re.sub(r"[,_' ]", "", digits))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def has_unit(cell: str) -> bool:
    """Return whether a number is written with its unit: ``7B``, ``43 %``."""
    text = _SPREAD.split(_plain(cell))[0]
    found = _NUMBER.match(text) or _NUMBER.match(text.translate(_SWAP))
    return text.endswith("%") or bool(found and found[2])


@dataclass(frozen=True)
class Marks:
    """What the cells of one column say of the decimal mark.

    Attributes
    ----------
    certain : mapping of Mark to str
        The marks that some cell can only have, each with that cell.
    unclear : str
        A cell that is a number with either mark and not the same one, such as ``21,000``; empty where there is none.
    """

    certain: dict[Mark, str]
    unclear: str = ""


def marks_of(column: pd.Series) -> Marks | None:
    """Return what a column's cells say of the decimal mark, None where a cell is no number with either."""
    certain, unclear = dict[Mark, str](), ""
    for cell in dict.fromkeys(cells_of(column)):
        point, comma = number_of(cell), number_of(cell, ",")
        if point is None and comma is None:
            return None
        if point is None or comma is None:
            certain.setdefault("," if point is None else ".", cell)
        elif point != comma and np.isfinite(point):
            unclear = unclear or cell
    return Marks(certain, unclear)


def cells_of(column: pd.Series) -> list[str]:
    """Return the cells of text of a column that are not missing."""
    return [cell for cell in column.astype(object) if isinstance(cell, str) and _plain(cell) not in MISSING]


def _number(cell: object, decimal: Mark) -> float | None:
    """Return the number of a cell: one that is stored as a number has no decimal mark."""
    if cell is None or type(cell).__name__ == "NAType":
        return float("nan")
    stored = stored_number(cell)
    return number_of(str(cell), decimal) if stored is None else stored


def shown(cell: object) -> str:
    """Return a cell as a message shows it, cut to 60 characters."""
    text = repr(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."


def stored_number(cell: object) -> float | None:
    """Return a cell that is stored as a number, None where it is none or too large for one."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if not isinstance(cell, int | float) or isinstance(cell, bool):
        return None
    return float(cell) if abs(cell) < _LARGEST or cell != cell else None


def is_numeric(column: pd.Series) -> bool:
    """Return whether a column is stored as numbers."""
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def decimal_mark(header: str, marks: Marks, neighbours: Collection[Mark], stated: Mark | None = None, *, value: bool = False) -> Mark:
    """Return the decimal mark of a column: what its own cells say, else the user, else the other columns.

    Parameters
    ----------
    header : str
        For the message.
    marks : Marks
        Of the column.
    neighbours : collection of Mark
        Those that the other columns of the table can only have.
    stated : Mark, optional
        What the user says.
    value : bool
        Whether it is the column of measured values; no neighbour makes 3,512 a loss of 3512.

    Raises
    ------
    InputError
        If the cells contradict each other, or nothing settles them.
    """
    groups: Mark = "," if "," in marks.unclear else "."
    large = bool(marks.unclear) and value and stated is None
    if len(marks.certain) == 2 or (marks.certain and large and groups not in marks.certain):
        both = " and ".join(repr(cell) for cell in [*marks.certain.values(), marks.unclear] if cell)
        remedy = "" if len(marks.certain) == 2 else f", or say --decimal '{next(iter(marks.certain))}' where '{groups}' groups digits"
        raise InputError(f"column {header!r}: {both} have different decimal marks; write the column in one way{remedy}")
    found = marks.certain.keys() or ({stated} if stated else set(neighbours))
    if not found and (groups == "." or not marks.unclear):
        return "."
    if not marks.unclear or (len(found) == 1 and not (large and groups not in found)):
        return next(iter(found))
    other: Mark = "." if groups == "," else ","
    said = " or ".join(f"{number_of(marks.unclear, mark):g} (--decimal '{mark}')" for mark in (groups, other))
    raise InputError(f"column {header!r}: {marks.unclear!r} could be {said}; say which")


def numbers_of(column: pd.Series, header: str, decimal: Mark = ".") -> np.ndarray:
    """Return a column's numbers, NaN where a cell states none, shape (n,).

    Raises
    ------
    InputError
        If a cell is neither; names the row, counted from 1 below the header.
    """
    if is_numeric(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    found = np.empty(len(column))
    for i, cell in enumerate(column.astype(object)):
        value = _number(cell, decimal)
        if value is None:
            raise InputError(f"row {i + 1}, column {header!r}: {shown(cell)} is not a number; write e.g. 7e9, 7B or 1.4T")
        found[i] = value if np.isfinite(value) else np.nan
    return found


def as_size(x: float, digits: int = 3) -> str:
    """Return a number of parameters or tokens as it is said.

    Examples
    --------
    >>> as_size(7.24e9), as_size(999.7e6), as_size(120_000.0), as_size(42.0)
    ('7.24B', '1B', '120K', '42')
    """
    x = float(f"{x:.{digits}g}")
    for limit, unit, letter in ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "K")):
        if limit <= x < 1e15:
            return f"{x / unit:.{digits}g}{letter}"
    return f"{x:.{digits}g}"


def as_range(ends: tuple[float, float]) -> str:
    """Return two sizes as they are said: ``3B-12B``."""
    return f"{as_size(ends[0])}-{as_size(ends[1])}"
