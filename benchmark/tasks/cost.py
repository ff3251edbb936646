"""What reaching a row costs, in suites with rules: from whatever figure of cost all rows of a task have."""

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
    """Return what reaching each row costs, shape (n,), and what that is measured in.

    Where inference tokens, or samples, are among the variables of the task, cost is what is spent on them, times the size of
    the model if it is known. Else it is FLOPs or accelerator hours, else size times data (parameters used for one token times
    tokens, by choice), else either alone. Only figures count that every row has.

    Parameters
    ----------
    rows : DataFrame
        All rows of a task.
    variables : sequence of str
        What a predictor sees.
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
    """Return the first of the names that all rows have a value of."""
    return next((name for name in names if name in rows and rows[name].notna().all()), None)
