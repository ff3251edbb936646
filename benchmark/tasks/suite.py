"""Suites: versioned lists of tasks, one YAML file each."""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.data.card import load_card
from benchmark.data.clusters import cluster_of
from benchmark.data.collection import list_collections
from benchmark.tasks.cost import full_cost
from benchmark.tasks.rules import Rules, refuse_leak, refuse_wrong_track, weighed
from benchmark.tasks.selection import build_tasks
from benchmark.tasks.statements import read_statements, render_statements, task_table
from benchmark.tasks.task import Role, Task, TaskSpec
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.documents import parse_yaml, read_text
from scalingbench.common.errors import InputError, SchemaError
from scalingbench.common.messages import count_of, first_problem
from scalingbench.common.names import nearest, unknown_name

__all__ = ["Suite", "freeze_statements", "list_suites", "load_suite", "load_task", "stated_tasks", "task_table"]


class _SuiteFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    description: str
    reference: str
    protocol: Literal["sldbench", "revisiting-nsl"] | None = None
    pool: tuple[str, ...] = Field(min_length=1)
    rules: Rules | None = None
    tasks: tuple[TaskSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rules_weigh(self) -> _SuiteFile:
        if self.rules is None:
            return self
        for spec in self.tasks:
            if "weight" in spec.model_fields_set and spec.weight != 0:
                raise ValueError(f"{spec.id}: weights are computed by the rules; only 0 may be written, for a task that is shown")
        for name in self.rules.tuning:
            if name not in {spec.collection for spec in self.tasks}:
                raise ValueError(f"rules: tuning: no task is on {name!r}")
        return self


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
    rules : Rules, optional
        By which weights and roles are computed; without them weights are as its entries say.
    statements : Traversable or Path, optional
        Where it states its tasks once it is frozen.
    """

    name: str
    description: str
    reference: str
    pool: tuple[str, ...]
    specs: tuple[TaskSpec, ...]
    protocol: str | None = None
    rules: Rules | None = None
    statements: Traversable | Path | None = None

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Tasks over collections that are bundled today: what a run does unless it names others."""
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

    def tasks_with(self, fetch_only: tuple[str, ...], track: str | None = None) -> tuple[Task, ...]:
        """Return the tasks over bundled collections, and those over some fetch-only ones.

        Raises
        ------
        InputError
            If one of the names is no fetch-only collection of the suite, or the suite has no rules: then none counts.
        """
        if not fetch_only:
            return self.build(track=track)
        if self.rules is None:
            raise InputError(f"suite {self.name} ranks on bundled collections only")
        for name in fetch_only:
            if name not in self.fetch_only:
                raise unknown_name(f"fetch-only collection of suite {self.name}", name, self.fetch_only)
        bundled = {spec.collection for spec in self.specs} - set(self.fetch_only)
        return self.build(collections=(*sorted(bundled), *fetch_only), track=track)

    def _tasks_of(self, spec: TaskSpec) -> tuple[Task, ...]:
        if id(spec) not in self._built:
            self._built.update({id(spec): build_tasks(spec)} if self.rules is None else self._weighed(spec, self.rules))
        return self._built[id(spec)]

    def _weighed(self, spec: TaskSpec, rules: Rules) -> dict[int, tuple[Task, ...]]:
        """Return the tasks of an entry with what they count: as stated, or computed from all entries of its cluster."""
        if self.stated is not None:
            return {id(spec): tuple(self._as_stated(task) for task in build_tasks(spec, cost=full_cost))}
        cluster = cluster_of(spec.collection)
        of = {id(s): build_tasks(s, cost=full_cost) for s in self.specs if cluster_of(s.collection) == cluster}
        for task in (task for tasks in of.values() for task in tasks):
            refuse_wrong_track(self.name, task)
            refuse_leak(self.name, task)
        done = iter(weighed([task for tasks in of.values() for task in tasks], rules))
        return {key: tuple(next(done) for _ in tasks) for key, tasks in of.items()}

    def _as_stated(self, task: Task) -> Task:
        if task.id not in self._stated_weights:
            raise SchemaError(f"suite {self.name}: {self.statements} states no task {task.id!r}; freeze the suite again")
        role, weight = self._stated_weights[task.id]
        return replace(task, role=role, weight=weight)

    @cached_property
    def stated(self) -> pd.DataFrame | None:
        """What the suite stated of its tasks when it was frozen; None if it is not."""
        if self.statements is None or not self.statements.is_file():
            return None
        return read_statements(str(self.statements), self.statements.read_text(encoding="utf-8"))

    @cached_property
    def _stated_weights(self) -> dict[str, tuple[Role, float]]:
        assert self.stated is not None
        return {str(t): (r, float(w)) for t, r, w in zip(*(self.stated[c] for c in ("task", "role", "weight")), strict=True)}

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
    def ranked_on(self) -> tuple[str, ...]:
        """Collections that the board ranks on: all of a suite with rules, else those that were bundled when it was frozen."""
        if self.rules is None and self.stated is not None:
            return tuple(sorted(set(self.stated.loc[self.stated["tier"] == "bundled", "collection"])))
        return tuple(sorted({s.collection for s in self.specs if self.rules is not None or load_card(s.collection).bundled}))

    @property
    def fetch_only(self) -> tuple[str, ...]:
        """Collections of the suite that are not bundled."""
        return tuple(sorted({s.collection for s in self.specs if not load_card(s.collection).bundled}))


def stated_tasks(suite: Suite) -> pd.DataFrame | None:
    """Return what the suite stated of its tasks when it was frozen; no collection is loaded.

    Returns
    -------
    DataFrame or None
        As `task_table` makes it, of all tasks, those over fetch-only collections too; None if the suite is not frozen.

    Raises
    ------
    SchemaError
        If the file is broken.
    """
    return suite.stated


def freeze_statements(suite: Suite) -> str:
    """Return the text of the file that `stated_tasks` reads, from tasks built anew; fetch-only collections must be at hand.

    Raises
    ------
    SchemaError
        If a task breaks the suite's rules.
    """
    return render_statements(replace(suite, statements=None).build(fetch=True))


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
        file = _parsed(text)
    except ValidationError as error:
        raise SchemaError(f"suite {name}: {first_problem(error)}") from None
    except InputError as error:
        raise SchemaError(f"suite {name}: {error}") from None
    for named in (c for spec in file.tasks for c in (spec.collection, spec.duplicates) if c is not None):
        if named not in list_collections():
            raise SchemaError(f"suite {name}: {unknown_name('collection', named, list_collections())}")
    folder: Traversable | Path = Path(name).parent if name.endswith(".yaml") else _folder()
    statements = folder / f"{label}.tasks.json"
    return Suite(label, file.description, file.reference, file.pool, file.tasks, file.protocol, file.rules, statements)


@lru_cache(maxsize=16)
def _parsed(text: str) -> _SuiteFile:
    """Return what the file of a suite says; to read a large one takes longer than to make a board."""
    return _SuiteFile.model_validate(parse_yaml(text))


def load_task(name: str, suite: str = DEFAULT_SUITE) -> Task:
    """Load one task by its identifier, e.g. ``"porian/loss_val/constant-lr-frontier"``.

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
