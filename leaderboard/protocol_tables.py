"""What another benchmark's protocol measures of results, stored, so that its board is printed without any collection."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.scores.protocols import curve_errors, sldbench
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing
from scalingbench.common.messages import described

__all__ = ["protocol_differences", "protocol_path", "protocol_table", "stored_protocol_table", "write_protocol_table"]

_KEYS = {"predictor", "task", "domain", "curve"}
_SAME = 1e-9  # relative: other machines round the last bits of exp and log differently


def protocol_path(suite: str) -> Path:
    """Return the file of what a suite's protocol measured of its committed results; it may not exist."""
    return Path(str(importlib.resources.files("scalingbench.leaderboard") / "protocols" / f"{suite}.parquet"))


def protocol_table(protocol: str, results: Iterable[TaskResult], tasks: Sequence[Task]) -> pd.DataFrame:
    """Return what a protocol measures: SLDBench's scores of tasks, or the errors on the curves of Revisiting Neural Scaling Laws."""
    return sldbench(results, tasks) if protocol == "sldbench" else curve_errors(results, tasks)


def stored_protocol_table(suite: str) -> pd.DataFrame | None:
    """Return what is stored of a suite; None if nothing is.

    Raises
    ------
    InputError
        If the file is broken.
    """
    path = protocol_path(suite)
    if not path.is_file():
        return None
    try:
        table = pd.read_parquet(path)
        table["predictor"]
    except Exception as error:  # the library raises errors of many kinds on a file that is no Parquet
        raise InputError(f"{path}: not a table of a protocol's scores: {described(error, 200)}") from None
    return table


def write_protocol_table(suite: str, table: pd.DataFrame) -> None:
    """Write what a protocol measured of a suite's committed results: whole or not at all."""
    with replacing(protocol_path(suite)) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def protocol_differences(stored: pd.DataFrame | None, again: pd.DataFrame) -> tuple[str, ...]:
    """Return one line for every number that is stored otherwise than it is computed again; one if the rows are others."""
    keys = [str(c) for c in again if c in _KEYS]
    if stored is None or list(stored) != list(again) or not stored[keys].astype(str).equals(again[keys].astype(str)):
        return ("the stored scores of the protocol are of other results",)
    found = []
    for column in (c for c in again if c not in _KEYS):
        same = np.isclose(stored[column].to_numpy(float), again[column].to_numpy(float), rtol=_SAME, atol=1e-12, equal_nan=True)
        for row in np.flatnonzero(~same):
            who = " ".join(str(again[key].to_numpy()[row]) for key in keys)
            old, new = (float(table[column].to_numpy(float)[row]) for table in (stored, again))
            found.append(f"{who}: {column} is stored as {old}, computed again it is {new}")
    return tuple(found)
