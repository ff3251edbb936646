"""Numbers as people write them: ``7B``, ``1.4T``, ``1e9``, ``10^9``, ``1,000,000``."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from scalingbench.common.errors import InputError

__all__ = ["MISSING", "as_range", "as_size", "number_of", "numbers_of"]

MISSING = frozenset({"", "nan", "na", "n/a", "none", "null", "-", "--", "inf", "-inf", "+inf", "infinity", "diverged", "<na>", "nat"})
"""Cells that say that there is no number, in lower case."""

_SUFFIXES = {"k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9, "g": 1e9, "t": 1e12, "tn": 1e12}
_SUFFIXES |= {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_NUMBER = re.compile(
    r"^([+-]?(?:\d{1,3}(?:[,_' ]\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d+)?)\s*(k|mn?|bn?|g|tn?|thousand|million|billion|trillion)?"
    r"\s*(?:tokens?|toks?|params?|parameters?|flops?)?$"
)
_POWER = re.compile(r"^(?:([+-]?\d+(?:\.\d*)?)\s*[*x×·]\s*)?(10|2)(?:\^|\*\*)\{?(\d+)\}?$")


def number_of(text: str) -> float | None:
    """Return the number that a text states, NaN where it states that there is none, None where it is no number.

    Examples
    --------
    >>> number_of("1.4T"), number_of("2.5 x 10^9"), number_of("1,000,000")
    (1400000000000.0, 2500000000.0, 1000000.0)
    >>> number_of("1e9x") is None
    True
    """
    cell = text.strip().lower()
    if cell in MISSING:
        return float("nan")
    power = _POWER.match(cell)
    if power:
        return float(power[1] or 1.0) * float(power[2]) ** int(power[3])
    if cell.endswith("%"):
        inner = number_of(cell[:-1])
        return None if inner is None else inner / 100.0
    found = _NUMBER.match(cell)
    if not found or not re.search(r"\d", found[1]):
        return None
    try:
        value = float(re.sub(r"[,_' ]", "", found[1]))
    except ValueError:
        return None
    return value * _SUFFIXES.get(found[2] or "", 1.0)


def numbers_of(column: pd.Series, header: str) -> np.ndarray:
    """Return a column's numbers, NaN where a cell states none, shape (n,).

    Raises
    ------
    InputError
        If a cell is neither; names the row, counted from 1 below the header.
    """
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    found = np.empty(len(column))
    for i, cell in enumerate(column.astype(object)):
        value = float("nan") if cell is None or cell is pd.NA else number_of(str(cell))
        if value is None:
            raise InputError(f"row {i + 1}, column {header!r}: {cell!r} is not a number; write e.g. 7e9, 7B or 1.4T")
        found[i] = value if np.isfinite(value) else np.nan
    return found


def as_size(x: float) -> str:
    """Return a number of parameters or tokens as it is said: ``7.2B``."""
    for limit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if x >= limit:
            return f"{x / limit:.3g}{letter}"
    return f"{x:.3g}"


def as_range(ends: tuple[float, float]) -> str:
    """Return two sizes as they are said: ``3B-12B``."""
    return f"{as_size(ends[0])}-{as_size(ends[1])}"
