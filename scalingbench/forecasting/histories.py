"""Which rows of a table are one run: checkpoints of one training run, or runs of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import variables_of
from scalingbench.common.errors import InputError
from scalingbench.common.variables import falls

__all__ = ["ID", "NAME", "RUN", "Dropped", "one_row_a_run", "with_value"]

ID, RUN, NAME = 0, 1, 2
"""Ranks of the columns that identify a run: its id (or what ``--map`` states), its run, a name that several runs may have."""
_CLOCKS = ("steps", "tokens", "epochs", "flops", "progress", "device_hours", "characters", "date")
_SCHEDULED = ("learning_rate", "batch_size", "momentum", "weight_decay", "tokens_per_param")
"""Variables that may change within a run."""
_EVEN = 4
"""Rows of one name from which equal distances show a history."""


@dataclass
class Dropped:
    """Rows that were left out, by reason, what names the runs, and what is said of the reading."""

    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    identity: str = "each row is a run; no column names runs"

    def count(self, why: str, n: int) -> None:
        """Add rows to a reason."""
        if n:
            self.rows[why] = self.rows.get(why, 0) + int(n)


def one_row_a_run(typed: pd.DataFrame, header: str, rank: int, gone: Dropped, *, keep: Literal["last", "all"]) -> pd.DataFrame:
    """Return the finished runs: the last row of each run where rows are checkpoints, every row where they are runs.

    Parameters
    ----------
    typed : DataFrame
        ``run``, ``value`` (NaN where there is none), ``failed`` (the cell says that the run diverged) and variables.
    header : str
        The column that names the runs.
    rank : int
        How surely it does: `ID`, `RUN` or `NAME`.
    gone : Dropped
        Gets the rows that are left out and why.
    keep : {"last", "all"}
        ``"all"`` keeps the checkpoints of runs that ended well.

    Raises
    ------
    InputError
        If rows of one name could be checkpoints as well as runs.
    """
    clock = next((c for c in _CLOCKS if c in typed and _varies(typed, c)), None)
    gone.identity = f"each row is a run, named by {header!r}"
    if not typed["run"].duplicated().any():
        return typed
    if clock is None:
        _refuse_unordered(typed, header, rank)
        return typed
    kind = _kind_of_rows(typed, clock, rank)
    if kind == "unclear" and keep == "last":
        raise InputError(
            f"column {header!r}: rows of {_repeated(typed)!r} differ in {clock}: checkpoints of one run, or runs? "
            f"say --map {header}=run (checkpoints: the last is kept) or --map {header}=ignore (each row is a run)"
        )
    if kind == "runs":
        gone.identity = f"each row is a run, though {header!r} repeats"
        gone.notes.append(f"each row is a run, though {header!r} repeats; if its rows are checkpoints of one run, say --map {header}=run")
        return typed
    gone.identity = f"rows with one {header!r} are checkpoints of one run, ordered by {clock}"
    return _last(_without_diverged(typed, clock, gone), clock, header, gone, keep)


def _varies(typed: pd.DataFrame, name: str) -> bool:
    return bool(typed.groupby("run")[name].nunique().max() > 1)


def _repeated(typed: pd.DataFrame) -> str:
    return str(typed.loc[typed["run"].duplicated(), "run"].iloc[0])


def _settings(typed: pd.DataFrame) -> Iterable[str]:
    """Return the columns that are constant within a run."""
    free = (*_CLOCKS, *_SCHEDULED)
    return [c for c in (*variables_of(typed), "seed") if c in typed and c not in free and not falls(c) and not c.startswith("obs_")]


def _refuse_unordered(typed: pd.DataFrame, header: str, rank: int) -> None:
    """Refuse rows of one run that nothing orders; a name may repeat for the seeds of one setting."""
    if rank < NAME and _varies(typed, "value") and not any(_varies(typed, c) for c in _settings(typed)):
        raise InputError(
            f"column {header!r}: rows of {_repeated(typed)!r} differ in value, but no column of steps or tokens orders them; "
            f"name it with --map HEADER=steps, or say --map {header}=ignore (each row is a run)"
        )


def _kind_of_rows(typed: pd.DataFrame, clock: str, rank: int) -> Literal["history", "runs", "unclear"]:
    """Return what rows of one name are. A name alone is weak evidence: sizes and projects name many runs."""
    if any(_varies(typed, c) for c in _settings(typed)):
        return "runs"
    if rank <= ID:
        return "history"
    if "state" in typed and (typed["state"] != "").all():
        return "runs"  # a state on each row: trackers list one row a run
    by_step = clock in ("steps", "epochs")
    if not by_step and typed.drop_duplicates().duplicated(["run", clock]).any():
        return "runs"
    if rank == RUN:
        return "history"
    if _evenly_spaced(typed, clock):
        return "history" if by_step else "unclear"
    return "unclear" if by_step else "runs"


def _evenly_spaced(typed: pd.DataFrame, clock: str) -> bool:
    """Return whether each longer series of one name was logged at equal distances; the end of a run may be off them."""
    series = [np.sort(rows[clock].dropna().unique()) for _, rows in typed.groupby("run")]
    gaps = [np.diff(at)[:-1] for at in series if len(at) >= _EVEN]
    return bool(gaps) and all(np.allclose(gap, gap[0], rtol=0.02) for gap in gaps)


def _without_diverged(typed: pd.DataFrame, clock: str, gone: Dropped) -> pd.DataFrame:
    """Leave out runs whose end has no value: an earlier checkpoint is not the value of the run."""
    bad = [str(run) for run, rows in typed.groupby("run", sort=False) if _ended_without_value(rows.sort_values(clock), clock)]
    out = typed["run"].isin(bad)
    if bad:
        gone.count("of runs without a value at their end", int(out.sum()))
        named = ", ".join(sorted(bad)[:8]) + (" ..." if len(bad) > 8 else "")
        gone.notes.append(f"left out, because the last value is missing or not finite (diverged, or cut off): {named}")
    return typed[~out]


def _ended_without_value(rows: pd.DataFrame, clock: str) -> bool:
    """Return whether a run has values, but none at its end; between two evaluations a log has rows without one."""
    known = np.flatnonzero(np.isfinite(rows["value"].to_numpy(float)))
    if not len(known) or known[-1] == len(rows) - 1:
        return False
    if rows["failed"].to_numpy(bool)[known[-1] :].any():
        return True
    at = rows[clock].to_numpy(float)
    spacing = np.diff(at[known]).min(initial=np.inf)
    return not np.isfinite(spacing) or at[-1] - at[known[-1]] >= 0.99 * spacing


def _last(typed: pd.DataFrame, clock: str, header: str, gone: Dropped, keep: Literal["last", "all"]) -> pd.DataFrame:
    typed = with_value(typed, gone)
    if keep == "all" or not typed["run"].duplicated().any():
        return typed
    # of two rows at one step, as after a resume, the later row counts
    order = typed.assign(_clock=typed[clock].fillna(-np.inf)).sort_values("_clock", kind="stable")
    kept = typed.loc[sorted(order.drop_duplicates("run", keep="last").index)]
    left = len(typed) - len(kept)
    gone.count("before a run's last", left)
    gone.notes.append(
        f"one row a run is kept, its last by {clock}: --checkpoints keeps all "
        f"({left} of {len(typed)} rows are earlier rows of {len(kept)} runs, by {header!r}; --map {header}=ignore takes each row as a run)"
    )
    return kept


def with_value(typed: pd.DataFrame, gone: Dropped) -> pd.DataFrame:
    """Return the rows that have a value."""
    missing = ~np.isfinite(typed["value"].to_numpy(float))
    gone.count("without a value", int(missing.sum()))
    kept: pd.DataFrame = typed[~missing]
    return kept
