"""From a suite entry to its tasks: filter, group and split the rows."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.collection import Collection, load_collection
from scalingbench.benchmark.tasks.assembly import Group, assemble
from scalingbench.benchmark.tasks.inputs import with_inputs
from scalingbench.benchmark.tasks.splits import COST, FAMILY, LeaveGroupOut, columns_of, quantity, row_cost
from scalingbench.benchmark.tasks.task import Task, TaskSpec
from scalingbench.common.errors import TaskError

__all__ = ["build_tasks"]


_UNKNOWN = np.empty(0)
CostRule = Callable[[pd.DataFrame, Sequence[str]], tuple[np.ndarray, str]]
"""Rows of a task and its variables -> training cost of each row, and its unit."""


def build_tasks(spec: TaskSpec, collection: Collection | None = None, *, cost: CostRule | None = None) -> tuple[Task, ...]:
    """Build the tasks of a suite entry.

    Parameters
    ----------
    spec : TaskSpec
        The entry.
    collection : Collection, optional
        By default loaded by name.
    cost : callable, optional
        Measure of training cost for all rows of the task; by default `row_cost` for each group.

    Returns
    -------
    tuple of Task
        One, or one per k of a ladder.

    Raises
    ------
    TaskError
        If a variable or metric is not in the collection, or no row is held out.
    """
    collection = collection or load_collection(spec.collection)
    try:
        rows = _select(with_inputs(collection.table, spec.metric, spec.inputs), spec, cost)
        if isinstance(spec.split, LeaveGroupOut) and spec.split.by == FAMILY:
            rows = rows.assign(**{FAMILY: collection.families[rows.index]})
        grouped: dict[str, list[Group]] = {}
        for key, group in _divided(rows, spec, cost):
            grouped.setdefault(key, []).append(group)
        if not grouped:
            raise TaskError("no curve has more rungs than the ladder trains on")
        return tuple(assemble(spec, key, of, collection.run_numbers, spec.weight / len(grouped)) for key, of in grouped.items())
    except TaskError as error:
        raise TaskError(f"task {spec.id}: {error}") from None


def _select(table: pd.DataFrame, spec: TaskSpec, rule: CostRule | None) -> pd.DataFrame:
    where = spec.where
    along = [name for key in (spec.scale, where.final, *where.between) if key is not None for name in columns_of(key)]
    for name in (*spec.variables, *where.equals, *along):
        if name not in table:
            raise TaskError(f"the collection has no variable {name!r}")
    keep = table["metric"] == spec.metric
    keep &= _by_value(table["flag"], lambda f: set(f.split("|")) - {""} <= {*where.flags, *where.context})
    for name in spec.variables:
        keep &= table[name].notna()
    for column, patterns in (("curve", where.curves), ("run", where.runs)):
        if patterns is not None:
            keep &= _matches(table[column], (*patterns, *(spec.shared if column == "curve" else ())))
    for name, value in where.equals.items():
        keep &= table[name].isna() if value is None else table[name] == value
    for name, limits in (*where.between.items(), ("value", where.value)):
        if name != COST:
            keep &= _within(quantity(table, name, _UNKNOWN), limits)
    rows = table[keep]
    if COST in where.between and len(rows):
        cost, _ = row_cost(rows) if rule is None else rule(rows, spec.variables)
        rows = rows[_within(cost, where.between[COST])]
    if where.final is not None:
        last = rows.groupby(["curve", "run"])[where.final].transform("max")
        rows = rows[rows[where.final] == last]
    if rows.empty:
        raise TaskError("the filter leaves no rows")
    return rows


def _matches(column: pd.Series, patterns: Sequence[str]) -> pd.Series:
    return _by_value(column, lambda text: any(fnmatch.fnmatchcase(text, p) for p in patterns))


def _by_value(column: pd.Series, test: Callable[[str], bool]) -> pd.Series:
    """Return a test of every text, computed once per distinct value."""
    passed = [text for text in column.unique() if test(text)]
    return column.isin(passed)


def _within(x: np.ndarray, limits: tuple[float | None, float | None]) -> np.ndarray:
    low, high = limits
    inside: np.ndarray = ~np.isnan(x)
    if low is not None:
        inside &= x >= low
    if high is not None:
        inside &= x <= high
    return inside


def _groups(rows: pd.DataFrame, spec: TaskSpec) -> Iterator[tuple[str, pd.DataFrame]]:
    if spec.pooled or isinstance(spec.split, LeaveGroupOut):
        yield "all", rows
        return
    if not spec.shared:
        yield from ((str(curve), members) for curve, members in rows.groupby("curve", sort=True))
        return
    shared = _matches(rows["curve"], spec.shared)
    if shared.all():
        raise TaskError("shared: every curve is shared; at least one must not be")
    for curve, members in rows[~shared].groupby("curve", sort=True):
        yield str(curve), pd.concat([members, rows[shared]])


def _divided(rows: pd.DataFrame, spec: TaskSpec, rule: CostRule | None) -> Iterator[tuple[str, Group]]:
    """Yield every division of every group, with its rung."""
    by_group = isinstance(spec.split, LeaveGroupOut)
    context = pd.Series(_by_value(rows["flag"], lambda f: bool(set(f.split("|")) & set(spec.where.context))), index=rows.index)
    whole = None if rule is None else rule(rows, spec.variables)
    cost_at = None if whole is None else pd.Series(whole[0], index=rows.index)
    for name, members in _groups(rows, spec):
        cost, basis = row_cost(members) if whole is None or cost_at is None else (cost_at[members.index].to_numpy(), whole[1])
        beside = context[members.index].to_numpy(bool)
        for part in spec.split.parts(members, cost):
            yield "" if by_group else part.name, Group(part.name if by_group else name, members, beside, cost, basis, part)
