"""What rows can be divided and filtered along: a variable, a ratio or a product of two, or what reaching a row cost."""

from __future__ import annotations

import re
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator

from scalingbench.benchmark.data.variables import may_be_variable

__all__ = ["COST", "QuantityName", "VariableName", "checked_quantity", "columns_of", "quantity", "slug_of"]

COST = "cost"
"""Name of what reaching a row cost, in the task's basis."""
_OPERATOR = re.compile(r"[/*]")


def _registered(name: str) -> str:
    if not may_be_variable(name):
        raise ValueError(f"{name!r} is not registered")
    return name


def checked_quantity(key: str) -> str:
    """Return the name of a quantity, or raise the ValueError that says what is wrong with it."""
    names = _OPERATOR.split(key)
    if len(names) > 2:
        raise ValueError(f"{key!r} has more than one operation; a quantity is a variable, a ratio a/b, a product a*b, or {COST!r}")
    for name in columns_of(key):
        _registered(name)
    return key


VariableName = Annotated[str, AfterValidator(_registered)]
"""Name of a scale variable."""
QuantityName = Annotated[str, AfterValidator(checked_quantity)]
"""A scale variable, ``tokens/params``, ``params*tokens`` or ``cost``."""


def columns_of(key: str) -> tuple[str, ...]:
    """Return the columns that a quantity is computed from."""
    return () if key == COST else tuple(_OPERATOR.split(key))


def quantity(rows: pd.DataFrame, key: str, cost: np.ndarray) -> np.ndarray:
    """Return a quantity of each row, shape (n,); missing where a part of it is.

    Parameters
    ----------
    rows : DataFrame
        With the columns that it is computed from.
    key : str
        Its name.
    cost : ndarray, shape (n,)
        What reaching each row cost.
    """
    if key == COST:
        return cost
    first, *second = (rows[name].to_numpy(float) for name in columns_of(key))
    if not second:
        return first
    with np.errstate(divide="ignore", invalid="ignore"):
        derived: np.ndarray = first / second[0] if "/" in key else first * second[0]
    return derived


def slug_of(key: str) -> str:
    """Return a quantity's name as task identifiers have it."""
    return key.replace("/", "-per-").replace("*", "-times-")
