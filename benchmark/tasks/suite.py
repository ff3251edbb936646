"""Suites: versioned lists of tasks, one YAML file each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.benchmark.tasks.cost import full_cost
from scalingbench.benchmark.tasks.frozen import Rules, SuiteHead, list_suites, suite_folder
from scalingbench.benchmark.tasks.rules import refuse_leak, refuse_wrong_track, weighed
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.statements import read_statements, render_statements, task_table
from scalingbench.benchmark.tasks.task import Role, Task, TaskSpec
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.documents import parse_yaml, read_text
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.messages import count_of, first_problem
from scalingbench.common.names import nearest, unknown_name

__all__ = ["Suite", "freeze_statements", "list_suites", "load_suite", "load_task", "task_table"]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    reference: str
    pool: tuple[str, ...] = Field(min_length=1)
    rules: Rules = Rules()


class _SuiteFile(_File):
    protocol: Literal["sldbench", "revisiting-nsl"] | None = None
    tasks: tuple[TaskSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _weights_follow_rules(self) -> _SuiteFile:
        for spec in self.tasks:
            if "weight" in spec.model_fields_set and spec.weight != 0:
                raise ValueError(f"{spec.id}: weights are computed by the rules; only 0 may be written, for a task that is shown")
        for name in self.rules.tuning:
            if name not in {spec.collection for spec in self.tasks}:
                raise ValueError(f"rules: tuning: no task is on {name!r}")
        return self


class _SelectionFile(_File):
    """A selection of another suite's tasks; it inherits the fields that it does not state."""

    of: str
    tasks: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Suite(SuiteHead):
    """A versioned list of tasks, with the fields of `SuiteHead`.

    Attributes
    ----------
    specs : tuple of TaskSpec
        Its entries.
    chosen : frozenset of str, optional
        For a selection: names of its tasks among these entries; by default all.
    statements : Traversable or Path, optional
        File of statements of a frozen suite.

    Examples
    --------
    >>> import scalingbench as sb
    >>> suite = sb.load_suite("lite")
    >>> suite.reference, suite.of
    ('nearest-neighbor', 'v3')
    """

    specs: tuple[TaskSpec, ...] = ()
    chosen: frozenset[str] | None = None
    statements: Traversable | Path | None = None

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Tasks on bundled collections: the default of a run."""
        return self.build()

    def entries(self, *, collections: tuple[str, ...] | None = None, track: str | None = None, fetch: bool = False) -> tuple[TaskSpec, ...]:
        """Return the selected entries; parameters as for `build`.

        Raises
        ------
        InputError
            If there is no such collection or track, or no entry matches.
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
        """Build tasks; repeated calls return the same objects.

        Parameters
        ----------
        collections : tuple of str, optional
            Only these; fetch-only ones named here are built.
        track : str, optional
            Only this one.
        fetch : bool
            Whether to include the tasks of fetch-only collections, which need the mirror or a network.
        """
        chosen = self.entries(collections=collections, track=track, fetch=fetch)
        tasks = tuple(task for spec in chosen for task in self._tasks_of(spec))
        _check_unique_names(self.name, tasks)
        return tasks

    def tasks_with(self, fetch_only: tuple[str, ...], track: str | None = None) -> tuple[Task, ...]:
        """Return the tasks on bundled collections and on some fetch-only ones.

        Raises
        ------
        InputError
            If a name is not a fetch-only collection of the suite.
        """
        if not fetch_only:
            return self.build(track=track)
        for name in fetch_only:
            if name not in self.fetch_only:
                raise unknown_name(f"fetch-only collection of suite {self.name}", name, self.fetch_only)
        bundled = {spec.collection for spec in self.specs} - set(self.fetch_only)
        return self.build(collections=(*sorted(bundled), *fetch_only), track=track)

    def _tasks_of(self, spec: TaskSpec) -> tuple[Task, ...]:
        if id(spec) not in self._built:
            self._built.update(self._weighted(spec))
        return self._built[id(spec)]

    def _weighted(self, spec: TaskSpec) -> dict[int, tuple[Task, ...]]:
        """Return the tasks of an entry with their weights: as stated, or computed from all entries of its cluster."""
        if self.frozen_tasks is not None:
            return {id(spec): tuple(self._as_stated(task) for task in self._unweighted(spec))}
        cluster = cluster_of(spec.collection)
        of = {id(s): self._unweighted(s) for s in self.specs if cluster_of(s.collection) == cluster}
        for task in (task for tasks in of.values() for task in tasks):
            refuse_wrong_track(self.name, task, self.rules)
            refuse_leak(self.name, task)
        done = iter(weighed([task for tasks in of.values() for task in tasks], self.rules))
        return {key: tuple(next(done) for _ in tasks) for key, tasks in of.items()}

    def _unweighted(self, spec: TaskSpec) -> tuple[Task, ...]:
        tasks = build_tasks(spec, cost=full_cost if self.rules.cost == "full" else None)
        return tasks if self.chosen is None else tuple(task for task in tasks if task.id in self.chosen)

    def _as_stated(self, task: Task) -> Task:
        if task.id not in self._stated_weights:
            raise SchemaError(f"suite {self.name}: {self.statements} states no task {task.id!r}; freeze the suite again")
        role, weight = self._stated_weights[task.id]
        return task.weighted(role, weight)

    @cached_property
    def frozen_tasks(self) -> pd.DataFrame | None:
        """The frozen statements of its tasks; None if it is not frozen."""
        if self.statements is None or not self.statements.is_file():
            return None
        return read_statements(str(self.statements), self.statements.read_text(encoding="utf-8"))

    @cached_property
    def _stated_weights(self) -> dict[str, tuple[Role, float]]:
        assert self.frozen_tasks is not None
        return {str(t): (r, float(w)) for t, r, w in zip(*(self.frozen_tasks[c] for c in ("task", "role", "weight")), strict=True)}

    @cached_property
    def _built(self) -> dict[int, tuple[Task, ...]]:
        """Tasks of the entries that were built so far."""
        return {}

    def task(self, name: str) -> Task:
        """Return a task by its identifier; at most the tasks on its collection are built.

        Raises
        ------
        InputError
            If there is none of that name; suggests the nearest.
        """
        likely = [spec for spec in self.specs if _may_be_of(name, spec)]
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


def freeze_statements(suite: Suite) -> str:
    """Return the text of the file that `Suite.frozen_tasks` reads, from rebuilt tasks; fetch-only collections must be available locally.

    Raises
    ------
    SchemaError
        If a task breaks the suite's rules.
    """
    return render_statements(replace(suite, statements=None).build(fetch=True))


def _check_unique_names(suite: str, tasks: tuple[Task, ...]) -> None:
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise SchemaError(f"suite {suite}: two tasks are called {task.id!r}; give one split a name")
        seen.add(task.id)


def load_suite(name: str) -> Suite:
    """Load a suite by name, or from a path that ends in ``.yaml``.

    Raises
    ------
    InputError
        If it does not exist.
    SchemaError
        If the file is broken; names the entry and field.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.load_suite("lite")
    Suite(lite: 18 entries on 13 collections)
    """
    if name.endswith(".yaml"):
        path = Path(name)
        if not path.is_file():
            raise SchemaError(f"{path}: no such file")
        return _read(name, path.stem, read_text(path, SchemaError), path.parent)
    if name not in list_suites():
        raise unknown_name("suite", name, list_suites())
    return _packaged(name)


@cache
def _packaged(name: str) -> Suite:
    """Return a suite of the package, once with its tasks for all callers."""
    return _read(name, name, (suite_folder() / f"{name}.yaml").read_text(encoding="utf-8"), suite_folder())


def _read(name: str, label: str, text: str, folder: Traversable | Path) -> Suite:
    try:
        return replace(_suite(label, _parsed(text)), statements=folder / f"{label}.tasks.json")
    except ValidationError as error:
        raise SchemaError(f"suite {name}: {first_problem(error)}") from None
    except InputError as error:
        raise SchemaError(f"suite {name}: {error}") from None


def _suite(name: str, document: Any) -> Suite:
    if isinstance(document, dict) and "of" in document:
        return _selection(name, document)
    file = _SuiteFile.model_validate(document)
    for named in (c for spec in file.tasks for c in (spec.collection, spec.duplicates) if c is not None):
        if named not in list_collections():
            raise unknown_name("collection", named, list_collections())
    return Suite(name, file.description, file.reference, file.pool, file.rules, file.protocol, specs=file.tasks)


def _selection(name: str, document: dict[str, Any]) -> Suite:
    """Return a selection of another suite's tasks."""
    whole = load_suite(str(document["of"]))
    file = _SelectionFile.model_validate({"reference": whole.reference, "pool": whole.pool, "rules": whole.rules, **document})
    for task in file.tasks:
        if not any(_may_be_of(task, spec) for spec in whole.specs):
            raise unknown_name(f"task of suite {whole.name}", task, {spec.id for spec in whole.specs})
    specs = tuple(spec for spec in whole.specs if any(_may_be_of(task, spec) for task in file.tasks))
    return Suite(name, file.description, file.reference, file.pool, file.rules, of=whole.name, specs=specs, chosen=frozenset(file.tasks))


def _may_be_of(task: str, spec: TaskSpec) -> bool:
    """Return whether a task's name may belong to an entry; rungs of a ladder are named after it."""
    return task == spec.id or task.startswith(f"{spec.id}-")


@lru_cache(maxsize=16)
def _parsed(text: str) -> Any:
    """Return the document in a suite's file; parsing a large one takes longer than making a board."""
    return parse_yaml(text)


def load_task(name: str, suite: str = DEFAULT_SUITE) -> Task:
    """Load one task by its identifier, e.g. ``"porian/loss_val/constant-lr-frontier"``.

    Parameters
    ----------
    name : str
        As ``scalingbench tasks`` lists it. On a fetch-only collection it needs the upstream files or a network.
    suite : str
        Name of the suite, or a path that ends in ``.yaml``.

    Raises
    ------
    InputError
        If there is no such suite or task; suggests the nearest.

    Examples
    --------
    >>> import scalingbench as sb
    >>> task = sb.load_task("porian/loss_val/chinchilla-decay-frontier")
    >>> task.variables, task.n_train, task.n_test
    (('params', 'tokens'), 90, 30)
    """
    return load_suite(suite).task(name)
