"""Checking a table that does not follow the schema: what `forecast` reads is no fault of it."""

from __future__ import annotations

from scalingbench.common.errors import InputError
from scalingbench.common.names import nearest
from scalingbench.common.variables import VARIABLES
from scalingbench.forecasting.headers import key_of
from scalingbench.forecasting.reading import Runs, read_runs

__all__ = ["read_in_place_of"]

_ALIKE = 0.8
"""Similarity from which an unknown header is a misspelt variable."""


def read_in_place_of(table: str, problem: InputError) -> Runs:
    """Return the runs of a table that breaks a rule of the schema only by its names or its form.

    Parameters
    ----------
    table : str
        As for `read_runs`.
    problem : InputError
        What the schema says.

    Raises
    ------
    InputError
        If it breaks another rule, cannot be read, or has a column whose name is nearly one of a variable.
    """
    try:
        runs = read_runs(table)
    except InputError as unreadable:
        raise (problem if ": row " in str(problem) else unreadable) from None
    for header in runs.ignored:
        near = nearest(key_of(header), (*VARIABLES, "value"), cutoff=_ALIKE)
        if near is not None:
            raise InputError(f"{table}: column {header!r} is not used; did you mean {near!r}?")
    by_names = all(c.header == c.name for c in runs.columns)
    if by_names and (not runs.ignored or any(h.startswith("x_") for h in runs.ignored)):
        raise problem
    return runs
