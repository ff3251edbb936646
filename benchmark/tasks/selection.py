"""From a suite entry to its tasks: which rows take part, in which groups, and on which side of the split."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from benchmark.data.collection import Collection, load_collection
from benchmark.data.variables import VARIABLES, variables_of
from benchmark.tasks.reach import AxisReach, beyond_edge
from benchmark.tasks.splits import LeaveGroupOut, Part, row_cost
from benchmark.tasks.task import Fold, Role, Task, TaskSpec, falling
from scalingbench.common.errors import TaskError

__all__ = ["build_tasks"]


def build_tasks(spec: TaskSpec, collection: Collection | None = None) -> tuple[Task, ...]:
    """Build the tasks of a suite entry.

    Parameters
    ----------
    spec : TaskSpec
        The entry.
    collection : Collection, optional
        By default loaded by name.

    Returns
    -------
    tuple of Task
        One, or one per k of a ladder.

    Raises
    ------
    TaskError
        If a variable or metric is not in the collection, or nothing is held out.
    """
    collection = collection or load_collection(spec.collection)
    try:
        rows = _select(_with_inputs(collection.table, spec), spec)
        grouped: dict[str, list[tuple[str, pd.DataFrame, Part]]] = {}
        for group, members in _groups(rows, spec):
            for part in spec.split.parts(members):
                by_group = isinstance(spec.split, LeaveGroupOut)
                grouped.setdefault("" if by_group else part.name, []).append((part.name if by_group else group, members, part))
        if not grouped:
            raise TaskError("no curve has more rungs than the ladder trains on")
        runs = collection.run_numbers
        return tuple(_assemble(spec, key, parts, runs, spec.weight / len(grouped)) for key, parts in grouped.items())
    except TaskError as error:
        raise TaskError(f"task {spec.id}: {error}") from None


def _with_inputs(table: pd.DataFrame, spec: TaskSpec) -> pd.DataFrame:
    """Return the rows of the task's metric with the metrics it uses as inputs beside them."""
    metrics = set(table["metric"])
    for metric in (spec.metric, *spec.inputs.values()):
        if metric not in metrics:
            raise TaskError(f"the collection has no metric {metric!r}")
    if not spec.inputs:
        return table
    point = ["curve", "run", *variables_of(table), *(("seed",) if "seed" in table else ())]
    rows = table[table["metric"] == spec.metric]
    for name, metric in spec.inputs.items():
        if name in table:
            raise TaskError(f"inputs: {name!r} is a variable of the collection itself")
        other = table[(table["metric"] == metric) & (table["flag"] == "")]
        joined = other[[*point, "value"]].drop_duplicates(point).rename(columns={"value": name})
        rows = rows.rename_axis("row").reset_index().merge(joined, on=point).set_index("row")  # missing values join with missing values
    return rows


def _select(table: pd.DataFrame, spec: TaskSpec) -> pd.DataFrame:
    where = spec.where
    along = (name for name in (spec.scale, where.final) if name is not None)
    for name in (*spec.variables, *(n for key in where.between for n in key.split("/")), *where.equals, *along):
        if name not in table:
            raise TaskError(f"the collection has no variable {name!r}")
    keep = table["metric"] == spec.metric
    keep &= _by_value(table["flag"], lambda f: set(f.split("|")) - {""} <= {*where.flags, *where.context})
    for name in spec.variables:
        keep &= table[name].notna()
    for column, patterns in (("curve", where.curves), ("run", where.runs)):
        if patterns is not None:
            keep &= _matches(table[column], (*patterns, *(spec.shared if column == "curve" else ())))
    for name, limits in (*where.between.items(), ("value", where.value)):
        keep &= _within(_ratio(table, name), limits)
    for name, value in where.equals.items():
        keep &= table[name].isna() if value is None else table[name] == value
    rows = table[keep]
    if where.final is not None:
        last = rows.groupby(["curve", "run"])[where.final].transform("max")
        rows = rows[rows[where.final] == last]
    if rows.empty:
        raise TaskError("the filter leaves no rows")
    return rows


def _matches(column: pd.Series, patterns: Sequence[str]) -> pd.Series:
    return _by_value(column, lambda text: any(fnmatch.fnmatchcase(text, p) for p in patterns))


def _by_value(column: pd.Series, test: Callable[[str], bool]) -> pd.Series:
    """Return a test of every text, made once for each that is different."""
    passed = [text for text in column.unique() if test(text)]
    return column.isin(passed)


def _ratio(table: pd.DataFrame, key: str) -> pd.Series:
    above, _, below = key.partition("/")
    return table[above] / table[below] if below else table[above]


def _within(column: pd.Series, limits: tuple[float | None, float | None]) -> pd.Series:
    low, high = limits
    inside = column.notna()
    if low is not None:
        inside &= column >= low
    if high is not None:
        inside &= column <= high
    return inside


def _groups(rows: pd.DataFrame, spec: TaskSpec) -> Iterator[tuple[str, pd.DataFrame]]:
    if spec.pooled or isinstance(spec.split, LeaveGroupOut):
        yield "all", rows
        return
    shared = _matches(rows["curve"], spec.shared)
    if shared.all():
        raise TaskError("shared: every curve is, so none is left to join")
    for curve, members in rows[~shared].groupby("curve", sort=True):
        yield str(curve), pd.concat([members, rows[shared]])


def _assemble(spec: TaskSpec, key: str, parts: list[tuple[str, pd.DataFrame, Part]], runs: np.ndarray, weight: float) -> Task:
    parts = [(g, rows, p._replace(train=p.train & ~_context(spec, rows))) for g, rows, p in parts]
    used = [(g, rows, p) for g, rows, p in parts if p.train.sum() >= spec.min_train and (p.test & ~_context(spec, rows)).any()]
    if not used:
        raise TaskError(f"no group has {spec.min_train} training rows and a held-out one")
    costs = [row_cost(rows)[0] for _, rows, _ in used]
    folds = tuple(_fold(g, rows, p, spec, cost, runs) for (g, rows, p), cost in zip(used, costs, strict=True))
    left_out = tuple(sorted({g for g, _, _ in parts} - {g for g, _, _ in used}))
    name = f"{spec.id}-{key}" if key else spec.id
    scale = _scale(spec, used[0][1])
    along = None if scale is None else _along(scale, spec, used, folds)
    extrapolation = 1.0 if along is None else along.max_over_max
    share, basis = _compute_share(used, costs), row_cost(used[0][1])[1]
    role: Role = "counted" if spec.weight else "shown"
    return Task(name, spec, folds, extrapolation, share, basis, left_out, weight, role, scale, along)


def _context(spec: TaskSpec, rows: pd.DataFrame) -> np.ndarray:
    return _by_value(rows["flag"], lambda f: bool(set(f.split("|")) & set(spec.where.context))).to_numpy(bool)


def _fold(name: str, rows: pd.DataFrame, part: Part, spec: TaskSpec, cost: np.ndarray, runs: np.ndarray) -> Fold:
    inputs, values = rows[list(spec.variables)], rows["value"].to_numpy(float)
    X = [inputs[side].reset_index(drop=True) for side in (part.train, part.test)]
    if not spec.inputs_at_test:
        X[1][list(spec.inputs)] = np.nan
    scored = ~_context(spec, rows)[part.test]
    at = [rows.index.to_numpy()[side] for side in (part.train, part.test)]
    return Fold(
        name,
        X[0],
        values[part.train],
        X[1],
        values[part.test],
        scored,
        cost[part.test],
        train_cost=cost[part.train],
        train_rows=at[0],
        test_rows=at[1],
        train_runs=runs[at[0]],
        test_runs=runs[at[1]],
    )


def _scale(spec: TaskSpec, rows: pd.DataFrame) -> str | None:
    """Return the variable to state the extrapolation along; of mixtures and benchmark results alone there is none."""
    scales = [v for v in spec.variables if v in VARIABLES]
    default = "flops" if "flops" in rows and rows["flops"].notna().all() else next(iter(scales), None)
    return spec.scale or getattr(spec.split, "variable", None) or default


def _along(scale: str, spec: TaskSpec, used: list[tuple[str, pd.DataFrame, Part]], folds: tuple[Fold, ...]) -> AxisReach:
    falls, farthest, median = scale in falling(spec), [], []
    for (_, rows, part), fold in zip(used, folds, strict=True):
        x = rows[scale].to_numpy(float)
        train, test = x[part.train], x[part.test]
        farthest.append(beyond_edge(train, test, falls)[0])
        median.append(beyond_edge(train, test[fold.scored], falls)[1])
    if not all(np.isfinite(ratio) and ratio > 0 for ratio in farthest):
        raise TaskError(f"scale: along {scale!r} held-out rows are no finite multiple of training rows; name another")
    return AxisReach(*(float(np.exp(np.mean(np.log(ratios)))) for ratios in (farthest, median)))


def _compute_share(used: list[tuple[str, pd.DataFrame, Part]], costs: list[np.ndarray]) -> float:
    spent = total = 0.0
    for (_, rows, part), cost in zip(used, costs, strict=True):
        run = pd.factorize(rows["run"])[0]
        spent += _cost_of_runs(cost, run, part.train)
        total += _cost_of_runs(cost, run, part.train | part.test)
    if total <= 0:
        raise TaskError("no row costs anything, so there is nothing to extrapolate to")
    return float(spent / total)


def _cost_of_runs(cost: np.ndarray, run: np.ndarray, chosen: np.ndarray) -> float:
    """Return the sum over runs of the dearest of the rows chosen."""
    dearest = np.zeros(run.max() + 1)
    np.maximum.at(dearest, run[chosen], cost[chosen])
    return float(dearest.sum())
