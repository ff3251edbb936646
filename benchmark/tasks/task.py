"""A task: which rows of a collection are trained on, which are predicted, from which variables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.variables import FLAGS, may_be_variable, metric_kind
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.benchmark.tasks.inputs import Source
from scalingbench.benchmark.tasks.reach import AxisReach, Kind, Reach, kind_of, reach_of
from scalingbench.benchmark.tasks.splits import Frontier, QuantityName, Split, VariableName, checked_quantity
from scalingbench.common.messages import count_of
from scalingbench.common.tables import facts_html
from scalingbench.common.tracks import Track
from scalingbench.common.variables import tracks_of

__all__ = ["INPUT_TEXT", "MIN_ROWS_R2", "Fold", "Role", "Task", "TaskSpec", "Where"]

Role = Literal["counted", "tuning", "synthetic", "shown"]
"""Role of a task: ranked on the boards, used for tuning, on the board of synthetic worlds, or only listed."""

MIN_ROWS_R2 = 5
"""Minimum number of held-out rows for R2."""
INPUT_TEXT = ("run", "curve")
"""Text columns that a task may give to a predictor beside the variables."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _input(name: str) -> str:
    if not may_be_variable(name) and name not in INPUT_TEXT:
        raise ValueError(f"{name!r} is not registered")
    return name


def _number(name: str) -> str:
    if not may_be_variable(name) and name != "seed":
        raise ValueError(f"{name!r} is not registered")
    return name


def _limited(key: str) -> str:
    return key if key == "seed" else checked_quantity(key)


def _flag(name: str) -> str:
    if name not in FLAGS:
        raise ValueError(f"{name!r} is no flag; flags are {', '.join(FLAGS)}")
    return name


InputName = Annotated[str, AfterValidator(_input)]
NumberName = Annotated[str, AfterValidator(_number)]
LimitedName = Annotated[str, AfterValidator(_limited)]
FlagName = Annotated[str, AfterValidator(_flag)]


class Where(_Strict):
    """A filter. All conditions must be true."""

    curves: tuple[str, ...] | None = None
    """Shell patterns, any of which may match."""
    runs: tuple[str, ...] | None = None
    between: dict[LimitedName, tuple[float | None, float | None]] = Field(default_factory=dict)
    """Inclusive limits of a quantity such as ``params``, ``tokens/params`` or ``cost``; null is no limit."""
    equals: dict[NumberName, float | None] = Field(default_factory=dict)
    """Exact values; null means missing."""
    value: tuple[float | None, float | None] = (None, None)
    final: VariableName | None = None
    """Keep only the last row of each run along this variable."""
    flags: tuple[FlagName, ...] = ()
    """Flags that do not exclude a row."""
    context: tuple[FlagName, ...] = ()
    """Flags of context rows, neither trained on nor scored: the history of a run."""


class TaskSpec(_Strict):
    """One entry of a suite file. A ladder makes one task for every k.

    Attributes
    ----------
    collection, metric, track : str
        Collection, measured quantity, and track of the ranking.
    variables : tuple of str
        Inputs of a predictor: scale variables, and ``run`` if rows are steps of runs.
    split : Split
        The split.
    scale : str, optional
        Variable of the extrapolation factor; by default the split's own,
        else ``flops`` if the collection has it, else the first variable.
    where : Where
        Filter of rows.
    shared : tuple of str
        Patterns of curves that are added to every other curve (dense runs of a routing study).
    min_train : int
        Groups with fewer training rows are left out.
    pooled : bool
        Whether all curves make one group; ``curve`` may then be among the variables.
    inputs : dict of str to str or InputOf
        Input column -> another metric of the same run at the same point, or a row of another curve.
    inputs_at_test : bool
        Whether held-out rows have the joined columns; if not, they are missing there.
    weight : float
        Weight of the task; that of a ladder is split over its rungs; 0 is shown but not counted.
    duplicates : str, optional
        Original collection of the runs, if they are in the suite twice.
    """

    collection: str
    metric: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    track: Track
    variables: tuple[InputName, ...] = Field(min_length=1)
    split: Split
    scale: QuantityName | None = None
    where: Where = Where()
    shared: tuple[str, ...] = ()
    min_train: int = Field(default=3, ge=1)
    pooled: bool = False
    inputs: dict[VariableName, Source] = Field(default_factory=dict)
    inputs_at_test: bool = True
    weight: float = Field(default=1.0, ge=0)
    duplicates: str | None = None
    note: str = ""

    @model_validator(mode="after")
    def _fields_agree(self) -> TaskSpec:
        for name in self.variables:
            if self.variables.count(name) > 1:
                raise ValueError(f"variables: {name!r} is there twice")
        for name in self.inputs:
            if name not in self.variables:
                raise ValueError(f"inputs: {name!r} is not among the variables")
        if self.duplicates and self.weight:
            raise ValueError("weight: the runs are counted in the collection that is named in 'duplicates'; give this task weight 0")
        return self

    @property
    def id(self) -> str:
        """Identifier without the rung: ``<collection>/<metric>/<split>``."""
        return f"{self.collection}/{self.metric}/{self.split.label()}"


@dataclass(frozen=True)
class Task:
    """Folds, and the figures of the task.

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
        Unit of cost.
    left_out : tuple of str
        Groups without held-out rows or with too few training rows.
    weight : float
        Weight among the tasks of its role.
    role : {"counted", "tuning", "synthetic", "shown"}
        Role of the task.
    scale : str, optional
        Variable of `extrapolation`; None without one.
    along_scale : AxisReach, optional
        Ratios along it: `extrapolation`, and that of the median held-out row.

    Examples
    --------
    >>> import scalingbench as sb
    >>> task = sb.load_task("porian/loss_val/chinchilla-decay-frontier")
    >>> task.track, task.n_train, task.n_test, task.extrapolation > 5
    ('compute', 90, 30, True)
    """

    id: str
    spec: TaskSpec
    folds: tuple[Fold, ...]
    extrapolation: float
    compute_share: float
    cost_basis: str
    left_out: tuple[str, ...]
    weight: float = 1.0
    role: Role = "counted"
    scale: str | None = None
    along_scale: AxisReach | None = None

    @property
    def collection(self) -> str:
        """Name of the collection."""
        return self.spec.collection

    @property
    def track(self) -> Track:
        """Track of the ranking."""
        return self.spec.track

    @property
    def variables(self) -> tuple[str, ...]:
        """Inputs of a predictor."""
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
        """Whether errors are on a log scale; else in the unit of the metric."""
        return metric_kind(self.spec.metric).log

    @property
    def uses_r2(self) -> bool:
        """Whether any fold has enough held-out rows for R2."""
        return max(f.n_scored for f in self.folds) >= MIN_ROWS_R2

    @property
    def cluster(self) -> str:
        """Name of the cluster of collections that share runs with this one."""
        return cluster_of(self.collection)

    @cached_property
    def folds_are_apart(self) -> bool:
        """Whether no fold trains on a held-out row or run of another."""
        held_out, known = [set(f.test_runs) for f in self.folds], [set(f.train_runs) for f in self.folds]
        return not any(h & k for i, h in enumerate(held_out) for j, k in enumerate(known) if i != j)

    @cached_property
    def reach(self) -> Reach:
        """Distance of its held-out rows from its training rows."""
        along = {} if self.scale is None or self.along_scale is None else {self.scale: self.along_scale}
        return reach_of(self.folds, self.cost_basis, along)

    @property
    def kind(self) -> Kind:
        """Kind of prediction, see `scalingbench.benchmark.tasks.reach.kind_of`."""
        resampled = self.track == "inference" and "inference" in tracks_of(self.variables)
        own = bool(self.spec.inputs) and self.spec.inputs_at_test
        return kind_of(self.reach, self.spec.split.kind, self.along_scale, resampled=resampled, own_results=own)

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

    def weighted(self, role: Role, weight: float) -> Task:
        """Return the task with another role and weight; what is computed from its rows is kept."""
        task = replace(self, role=role, weight=weight)
        vars(task).update({name: vars(self)[name] for name in ("reach", "fingerprint", "folds_are_apart") if name in vars(self)})
        return task

    def __repr__(self) -> str:
        rows = f"{self.n_train} rows to train on, {self.n_test} held out, in {count_of(len(self.folds), 'fit')}"
        return f"Task({self.id}: {self.spec.metric} from {', '.join(self.variables)}; {rows}; extrapolates {self.extrapolation:.3g}x)"

    def _repr_html_(self) -> str:
        return facts_html(
            self.id,
            [
                ("track", self.track),
                ("predicts", self.spec.metric),
                ("from", ", ".join(self.variables)),
                ("rows to train on", self.n_train),
                ("rows held out", self.n_test),
                ("separate fits", len(self.folds)),
                ("extrapolation", f"{self.extrapolation:.3g} times the largest training scale"),
                ("share of the compute", f"{self.compute_share:.3g} ({self.cost_basis})"),
                ("weight", f"{self.weight:.3g}"),
                ("fingerprint", self.fingerprint),
            ],
        )


def falling(spec: TaskSpec) -> tuple[str, ...]:
    """Return the variable of a split with held-out rows below the training rows."""
    return (spec.split.variable,) if isinstance(spec.split, Frontier) and spec.split.downwards else ()


def _column_bytes(column: pd.Series) -> bytes:
    if pd.api.types.is_numeric_dtype(column):
        return np.ascontiguousarray(column.to_numpy(dtype="<f8")).tobytes()
    return "\x1f".join(column).encode()
