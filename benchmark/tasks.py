"""A task: which rows of a collection are trained on, which are predicted, from which variables."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.collection import Collection, load_collection
from benchmark.errors import TaskError
from benchmark.metrics import MIN_ROWS_R2
from benchmark.schema import OPEN_PREFIXES, VARIABLES, metric_kind, variables_of
from benchmark.splits import LeaveGroupOut, Part, Split, row_cost

__all__ = ["Fold", "Task", "TaskSpec", "Track", "Where", "build_tasks"]

Track = Literal[
    "curve",
    "compute",
    "data-constrained",
    "architecture",
    "hyperparameters",
    "training-curve",
    "mixture",
    "transfer",
    "downstream",
    "inference",
]
INPUT_TEXT = ("run", "curve")
"""Columns of text that a task may hand to a predictor beside the variables."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Where(_Strict):
    """A filter, stated as data. All conditions must hold."""

    curves: tuple[str, ...] | None = None
    """Shell patterns, any of which may match."""
    runs: tuple[str, ...] | None = None
    between: dict[str, tuple[float | None, float | None]] = Field(default_factory=dict)
    """Inclusive limits of a variable, or of a ratio such as ``tokens/params``; null is no limit."""
    equals: dict[str, float | None] = Field(default_factory=dict)
    """Exact values; null means that the row must have none."""
    value: tuple[float | None, float | None] = (None, None)
    final: str | None = None
    """Keep only the last row of each run along this variable."""
    flags: tuple[str, ...] = ()
    """Flags that don't exclude a row; all others do."""
    context: tuple[str, ...] = ()
    """Flags of rows that are handed over but neither trained on nor scored: history of a run."""


class TaskSpec(_Strict):
    """One entry of a suite file. A ladder makes one task for every k.

    Attributes
    ----------
    collection, metric, track : str
        Whose rows, which quantity, where it is ranked.
    variables : tuple of str
        What a predictor sees: scale variables, and ``run`` where rows are steps of runs.
    split : Split
        What is held out.
    scale : str, optional
        Variable along which the extrapolation factor is stated; by default the split's own,
        else ``flops`` if the collection has it, else the first variable.
    where : Where
        Rows that take part.
    shared : tuple of str
        Patterns of curves whose rows join every other curve (dense runs of a routing study).
    min_train : int
        Groups with fewer training rows are left out.
    pooled : bool
        Whether all curves make one group; ``curve`` may then be among the variables.
    inputs : dict of str to str
        Input column -> another metric of the same run at the same point, joined as that column.
    inputs_at_test : bool
        Whether the joined columns are known on held-out rows; if not, they are missing there.
    weight : float
        How much the task counts; that of a ladder is split over its rungs, 0 is shown but not counted.
    duplicates : str, optional
        Collection whose runs these are, where the same runs are in the suite twice.
    """

    collection: str
    metric: str
    track: Track
    variables: tuple[str, ...] = Field(min_length=1)
    split: Split
    scale: str | None = None
    where: Where = Where()
    shared: tuple[str, ...] = ()
    min_train: int = Field(default=3, ge=1)
    pooled: bool = False
    inputs: dict[str, str] = Field(default_factory=dict)
    inputs_at_test: bool = True
    weight: float = Field(default=1.0, ge=0)
    duplicates: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _known_variables(self) -> TaskSpec:
        for name in (*self.variables, *self.inputs):
            if name not in VARIABLES and name not in INPUT_TEXT and not name.startswith(OPEN_PREFIXES):
                raise ValueError(f"variables: {name!r} is not registered")
        for name in self.inputs:
            if name not in self.variables:
                raise ValueError(f"inputs: {name!r} is not among the variables")
        if self.duplicates and self.weight:
            raise ValueError("weight: runs that another collection holds too are counted there; give this task weight 0")
        return self

    @property
    def id(self) -> str:
        """Identifier without the rung: ``<collection>/<metric>/<split>``."""
        return f"{self.collection}/{self.metric}/{self.split.label()}"


@dataclass(frozen=True)
class Fold:
    """One independent fit: rows of one group.

    Attributes
    ----------
    name : str
        The curve, or the group held out.
    X_train, X_test : DataFrame
        Input variables.
    y_train, y_test : ndarray
        Measured values.
    scored : ndarray of bool, shape (n_test,)
        Held-out rows that count; the others are handed over as context only.
    cost : ndarray, shape (n_test,)
        What training each held-out row's run to that point cost, in the task's cost basis; for decision scores.
    """

    name: str
    X_train: pd.DataFrame
    y_train: np.ndarray
    X_test: pd.DataFrame
    y_test: np.ndarray
    scored: np.ndarray
    cost: np.ndarray

    @property
    def n_scored(self) -> int:
        """Number of held-out rows that count."""
        return int(self.scored.sum())


@dataclass(frozen=True)
class Task:
    """Folds, and what is needed to report on them.

    Attributes
    ----------
    id : str
        ``<collection>/<metric>/<split>``.
    spec : TaskSpec
        The suite entry it came from.
    folds : tuple of Fold
        Independent fits; a predictor is cloned for each.
    extrapolation : float
        Largest held-out scale over largest training scale, geometric mean over folds.
    compute_share : float
        Cost of the training runs as a share of that of all runs of the task.
    cost_basis : str
        What cost was measured in.
    left_out : tuple of str
        Groups without held-out rows or with too few training rows.
    weight : float
        How much it counts.
    """

    id: str
    spec: TaskSpec
    folds: tuple[Fold, ...]
    extrapolation: float
    compute_share: float
    cost_basis: str
    left_out: tuple[str, ...]
    weight: float = 1.0

    @property
    def collection(self) -> str:
        """Name of the collection."""
        return self.spec.collection

    @property
    def track(self) -> Track:
        """Where it is ranked."""
        return self.spec.track

    @property
    def variables(self) -> tuple[str, ...]:
        """What a predictor sees."""
        return self.spec.variables

    @property
    def n_train(self) -> int:
        """Training rows over all folds."""
        return sum(len(f.y_train) for f in self.folds)

    @property
    def n_test(self) -> int:
        """Held-out rows that count, over all folds."""
        return sum(f.n_scored for f in self.folds)

    @property
    def on_log_scale(self) -> bool:
        """Whether errors are taken of the logarithm; else in the unit of the metric."""
        return metric_kind(self.spec.metric).log

    @property
    def uses_r2(self) -> bool:
        """Whether any fold has enough held-out rows for R2."""
        return max(f.n_scored for f in self.folds) >= MIN_ROWS_R2

    @cached_property
    def fingerprint(self) -> str:
        """Hash of every training and held-out row, independent of library versions."""
        digest = hashlib.sha256(f"{self.id}|{','.join(self.variables)}".encode())
        for fold in self.folds:
            digest.update(f"\x1d{fold.name}".encode())
            for X, y in ((fold.X_train, fold.y_train), (fold.X_test, fold.y_test)):
                digest.update(f"\x1e{len(y)}".encode())
                for name in X:
                    digest.update(_column_bytes(X[name]))
                digest.update(np.ascontiguousarray(y, dtype="<f8").tobytes())
            digest.update(fold.scored.tobytes())
        return digest.hexdigest()[:16]


def _column_bytes(column: pd.Series) -> bytes:
    if pd.api.types.is_numeric_dtype(column):
        return np.ascontiguousarray(column.to_numpy(dtype="<f8")).tobytes()
    return "\x1f".join(column).encode()


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
        weight = spec.weight / max(len(grouped), 1)
        return tuple(_assemble(spec, key, parts, weight) for key, parts in sorted(grouped.items(), key=_natural))
    except TaskError as error:
        raise TaskError(f"task {spec.id}: {error}") from None


def _natural(item: tuple[str, object]) -> tuple[int, str]:
    return len(item[0]), item[0]


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
        other = table[(table["metric"] == metric) & (table["flag"] == "")]
        joined = other[[*point, "value"]].drop_duplicates(point).rename(columns={"value": name})
        rows = rows.merge(joined, how="left", on=point)  # missing values join with missing values
    return rows


def _select(table: pd.DataFrame, spec: TaskSpec) -> pd.DataFrame:
    where = spec.where
    for name in (*spec.variables, *(n for key in where.between for n in key.split("/")), *where.equals):
        if name not in table:
            raise TaskError(f"the collection has no variable {name!r}")
    keep = (table["metric"] == spec.metric) & table["value"].notna()
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
    for curve, members in rows[~shared].groupby("curve", sort=True):
        yield str(curve), pd.concat([members, rows[shared]])


def _assemble(spec: TaskSpec, key: str, parts: list[tuple[str, pd.DataFrame, Part]], weight: float) -> Task:
    parts = [(g, rows, p._replace(train=p.train & ~_context(spec, rows))) for g, rows, p in parts]
    used = [(g, rows, p) for g, rows, p in parts if p.train.sum() >= spec.min_train and (p.test & ~_context(spec, rows)).any()]
    if not used:
        raise TaskError(f"no group has {spec.min_train} training rows and a held-out one")
    costs = [row_cost(rows)[0] for _, rows, _ in used]
    folds = tuple(_fold(g, rows, p, spec, cost) for (g, rows, p), cost in zip(used, costs, strict=True))
    left_out = tuple(sorted({g for g, _, _ in parts} - {g for g, _, _ in used}))
    name = f"{spec.id}-{key}" if key else spec.id
    return Task(name, spec, folds, _extrapolation(spec, used), _compute_share(used, costs), row_cost(used[0][1])[1], left_out, weight)


def _context(spec: TaskSpec, rows: pd.DataFrame) -> np.ndarray:
    if not spec.where.context:
        return np.zeros(len(rows), bool)
    return _by_value(rows["flag"], lambda f: bool(set(f.split("|")) & set(spec.where.context))).to_numpy(bool)


def _fold(name: str, rows: pd.DataFrame, part: Part, spec: TaskSpec, cost: np.ndarray) -> Fold:
    inputs, values = rows[list(spec.variables)], rows["value"].to_numpy(float)
    X = [inputs[side].reset_index(drop=True) for side in (part.train, part.test)]
    if not spec.inputs_at_test:
        X[1][list(spec.inputs)] = np.nan
    scored = ~_context(spec, rows)[part.test]
    return Fold(name, X[0], values[part.train], X[1], values[part.test], scored, cost[part.test])


def _extrapolation(spec: TaskSpec, used: list[tuple[str, pd.DataFrame, Part]]) -> float:
    rows = used[0][1]
    scales = [v for v in spec.variables if v in VARIABLES]
    default = "flops" if "flops" in rows and rows["flops"].notna().all() else next(iter(scales), None)
    scale = spec.scale or getattr(spec.split, "variable", None) or default
    if scale is None:  # mixtures and benchmark results alone: there is nothing to extrapolate along
        return 1.0
    if getattr(spec.split, "downwards", False):
        ratios = [rows.loc[p.train, scale].min() / rows.loc[p.test, scale].min() for _, rows, p in used]
    else:
        ratios = [rows.loc[p.test, scale].max() / rows.loc[p.train, scale].max() for _, rows, p in used]
    return float(np.exp(np.mean(np.log(ratios))))


def _compute_share(used: list[tuple[str, pd.DataFrame, Part]], costs: list[np.ndarray]) -> float:
    spent = total = 0.0
    for (_, rows, part), cost in zip(used, costs, strict=True):
        run = pd.factorize(rows["run"])[0]
        spent += _cost_of_runs(cost, run, part.train)
        total += _cost_of_runs(cost, run, part.train | part.test)
    return float(spent / total)


def _cost_of_runs(cost: np.ndarray, run: np.ndarray, chosen: np.ndarray) -> float:
    """Return the sum over runs of the dearest of the rows chosen."""
    dearest = np.zeros(run.max() + 1)
    np.maximum.at(dearest, run[chosen], cost[chosen])
    return float(dearest.sum())
