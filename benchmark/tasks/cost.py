"""The training cost of rows, from the best measure that all rows of a task have (`cost: full` of a suite's rules)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from scalingbench.common.variables import of_track

__all__ = ["full_cost"]

_WHOLE = ("flops", "device_hours")
_SIZES = ("params_active", "params", "params_nonembedding", "params_total", "latents")
_DATA = ("tokens", "steps", "epochs", "samples", "characters")


def full_cost(rows: pd.DataFrame, variables: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return the training cost of each row, shape (n,), and its unit.

    If inference tokens or samples are among the task's variables, cost is their number, times the size of the model if known.
    Otherwise it is the first of these that every row has: FLOPs; accelerator hours; size times data (parameters used for one token
    times tokens, by preference); size or data alone.

    Parameters
    ----------
    rows : DataFrame
        All rows of a task.
    variables : sequence of str
        The task's variables.
    """
    spent = _first(rows, [name for name in of_track("inference") if name in variables])
    whole = None if spent else _first(rows, _WHOLE)
    if whole:
        return rows[whole].to_numpy(float), whole
    names = [name for name in (_first(rows, _SIZES), spent or _first(rows, _DATA)) if name is not None]
    if not names:
        return np.ones(len(rows)), "rows"
    return rows[names].to_numpy(float).prod(axis=1), " x ".join(names)


def _first(rows: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the first of the columns that has a value in all rows."""
    return next((name for name in names if name in rows and rows[name].notna().all()), None)
