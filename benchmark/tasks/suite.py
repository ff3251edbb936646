"""Suites: versioned lists of tasks, one YAML file each."""

from __future__ import annotations

import importlib.resources
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.data.card import load_card
from benchmark.data.collection import list_collections
from benchmark.data.variables import metric_kind
from benchmark.tasks.selection import build_tasks
from benchmark.tasks.task import Task, TaskSpec
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.documents import parse_yaml, read_text
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.messages import count_of, first_problem
from scalingbench.common.names import nearest, unknown_name

__all__ = ["Suite", "list_suites", "load_suite", "load_task", "task_table"]


class _SuiteFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    description: str
    reference: str
    protocol: Literal["sldbench", "revisiting-nsl"] | None = None
    pool: tuple[str, ...] = Field(min_length=1)
    tasks: tuple[TaskSpec, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Suite:
    """A versioned list of tasks.

    Attributes
    ----------
    name : str
        Version, e.g. ``"v0"``.
    description : str
        What it covers.
    reference : str
        Predictor whose error is the unit of skill.
    pool : tuple of str
        Frozen pool of predictors that win rates are measured against.
    specs : tuple of TaskSpec
        Its entries.
    protocol : str, optional
        Whose rules its board follows; by default this project's.
    """

    name: str
    description: str
    reference: str
    pool: tuple[str, ...]
    specs: tuple[TaskSpec, ...]
    protocol: str | None = None

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Tasks over bundled collections: what a run does and what the board ranks."""
        return self.build()

    def entries(self, *, collections: tuple[str, ...] | None = None, track: str | None = None, fetch: bool = False) -> tuple[TaskSpec, ...]:
        """Return the entries of a choice; parameters as for `build`.

        Raises
        ------
        InputError
            If there is no such collection or track, or the choice leaves nothing.
        """
        known = {spec.collection for spec in self.specs}
        for name in collections or ():
            if name not in known:
                raise unknown_name(f"collection of suite {self.name}", name, known)
        tracks = {spec.track for spec in self.specs}
        if track is not None and track not in tracks:
            raise unknown_name(f"track of suite {self.name}", track, tracks)
        chosen = [s for s in self.specs if track in (None, s.track) and (collections is None or s.collection in collections)]
        chosen = [s for s in chosen if fetch or collections is not None or load_card(s.collection).bundled]
        if not chosen:
            raise InputError(f"suite {self.name} has no task of that choice")
        return tuple(chosen)

    def build(self, *, collections: tuple[str, ...] | None = None, track: str | None = None, fetch: bool = False) -> tuple[Task, ...]:
        """Build tasks; those that were built before are the same objects.

        Parameters
        ----------
        collections : tuple of str, optional
            Only these; a fetch-only one named here is built.
        track : str, optional
            Only this one.
        fetch : bool
            Whether to include the tasks of fetch-only collections, which need the mirror or a network.
        """
        chosen = self.entries(collections=collections, track=track, fetch=fetch)
        tasks = tuple(task for spec in chosen for task in self._tasks_of(spec))
        _refuse_twins(self.name, tasks)
        return tasks

    def _tasks_of(self, spec: TaskSpec) -> tuple[Task, ...]:
        if id(spec) not in self._built:
            self._built[id(spec)] = build_tasks(spec)
        return self._built[id(spec)]

    @cached_property
    def _built(self) -> dict[int, tuple[Task, ...]]:
        """Tasks of the entries that were asked for so far."""
        return {}

    def task(self, name: str) -> Task:
        """Return a task by its identifier; of the others, only those on its collection may be built.

        Raises
        ------
        InputError
            If there is none of that name; suggests the nearest.
        """
        likely = [spec for spec in self.specs if name == spec.id or name.startswith(f"{spec.id}-")]
        for task in (task for spec in likely for task in self._tasks_of(spec)):
            if task.id == name:
                return task
        meant = nearest(name.split("/")[0], {spec.collection for spec in self.specs})
        if meant is None:
            raise InputError(f"unknown task of suite {self.name} {name!r}; 'scalingbench tasks' lists them")
        known = [task.id for spec in self.specs if spec.collection == meant for task in self._tasks_of(spec)]
        raise unknown_name(f"task of suite {self.name}", name, known)

    def __repr__(self) -> str:
        collections = count_of(len({s.collection for s in self.specs}), "collection")
        return f"Suite({self.name}: {len(self.specs)} entries on {collections})"

    @property
    def fetch_only(self) -> tuple[str, ...]:
        """Collections of the suite that are not bundled."""
        return tuple(sorted({s.collection for s in self.specs if not load_card(s.collection).bundled}))


def task_table(tasks: tuple[Task, ...]) -> pd.DataFrame:
    """Return one row per task: what it is, its sizes, what it counts, and how far it goes (see `Reach`)."""
    return pd.DataFrame(_statement(t) for t in tasks)


def _statement(task: Task) -> dict[str, Any]:
    facts, reach = load_card(task.collection).scalingbench, task.reach
    return {
        "task": task.id,
        "collection": task.collection,
        "track": task.track,
        "domain": facts.domain,
        "metric": metric_kind(task.spec.metric).name,
        "variables": ",".join(task.variables),
        "folds": len(task.folds),
        "n_train": task.n_train,
        "rows_per_fit": task.n_train / len(task.folds),
        "n_test": task.n_test,
        "extrapolation": task.extrapolation,
        "compute_share": task.compute_share,
        "cost": task.cost_basis,
        "weight": task.weight,
        "noise": facts.metrics[task.spec.metric].noise,
        "r2": task.uses_r2,
        "fingerprint": task.fingerprint,
        "kind": task.kind,
        "role": task.role,
        "cluster": task.cluster,
        "tier": facts.tier,
        "published": facts.published,
        "far": reach.far,
        "compute": reach.compute,
        "inside": reach.inside,
        "shared_runs": reach.shared_runs,
        "same_inputs": reach.same_inputs,
        "same_rows": reach.same_rows,
        "axes": {name: asdict(axis) for name, axis in reach.axes.items()},
    }


def _refuse_twins(suite: str, tasks: tuple[Task, ...]) -> None:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise SchemaError(f"suite {suite}: two tasks are called {task.id!r}; give one split a name")
        seen.add(task.id)


def _folder() -> Traversable:
    return importlib.resources.files("benchmark.tasks") / "suites"


def list_suites() -> tuple[str, ...]:
    """Return the names of the suites that come with the package."""
    return tuple(sorted(f.name.removesuffix(".yaml") for f in _folder().iterdir() if f.name.endswith(".yaml")))


def load_suite(name: str) -> Suite:
    """Load a suite by name, or from a path that ends in ``.yaml``.

    Raises
    ------
    InputError
        If it does not exist.
    SchemaError
        If the file is broken; names the entry and field.
    """
    if name.endswith(".yaml"):
        path = Path(name)
        if not path.is_file():
            raise SchemaError(f"{path}: no such file")
        label, text = path.stem, read_text(path, SchemaError)
    elif name in list_suites():
        label, text = name, (_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        raise unknown_name("suite", name, list_suites())
    try:
        file = _SuiteFile.model_validate(parse_yaml(text))
    except ValidationError as error:
        raise SchemaError(f"suite {name}: {first_problem(error)}") from None
    except InputError as error:
        raise SchemaError(f"suite {name}: {error}") from None
    for named in (c for spec in file.tasks for c in (spec.collection, spec.duplicates) if c is not None):
        if named not in list_collections():
            raise SchemaError(f"suite {name}: {unknown_name('collection', named, list_collections())}")
    return Suite(label, file.description, file.reference, file.pool, file.tasks, file.protocol)


def load_task(name: str, suite: str = DEFAULT_SUITE) -> Task:
    """Load one task by its identifier, e.g. ``"chinchilla/loss/frontier-flops-1e21"``.

    Parameters
    ----------
    name : str
        As ``scalingbench tasks`` lists it. Of a fetch-only collection it needs the upstream files or a network.
    suite : str
        Name of the suite, or a path that ends in ``.yaml``.

    Raises
    ------
    InputError
        If there is no such suite or task; suggests the nearest.
    """
    return load_suite(suite).task(name)
