"""The source of predictions and scores, which is the package or a run; boards need only scores and descriptions of tasks.

Committed scores are read without loading a collection, so that a board prints at once and offline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import ResultFiles, TaskResult, read_results
from scalingbench.benchmark.tasks.frozen import SuiteHead, list_suites
from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name
from scalingbench.leaderboard.committed import ScoredTasks, committed_file_of, load_stored, submitted_files
from scalingbench.predictors.registry import trained_on

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite
    from scalingbench.benchmark.tasks.task import Task

__all__ = ["Choice", "Store", "committed_store", "not_ranked_on", "refuse_other_suites", "suite_of", "with_committed"]


@dataclass(frozen=True)
class Choice:
    """A selection of tasks and predictors; see `Results.select`."""

    track: str | None = None
    collections: tuple[str, ...] | None = None
    predictors: tuple[str, ...] | None = None
    bundled: bool = False
    published_after: str | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in (None, "published"):
            raise InputError(f"kind {self.kind!r}: expected 'published', the law forms of papers")
        if self.published_after is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", self.published_after):
            raise InputError(f"published after {self.published_after!r}: expected a month as YYYY-MM")

    def narrowed(self, other: Choice) -> Choice:
        """Return the intersection of both choices."""
        if self.track and other.track and self.track != other.track:
            raise InputError(f"these are the results of track {self.track!r}, not of {other.track!r}")
        both = {f.name: getattr(other, f.name) or getattr(self, f.name) for f in fields(self)}
        if self.collections is not None and other.collections is not None:
            both["collections"] = tuple(name for name in other.collections if name in self.collections)
        return Choice(**both)

    @property
    def words(self) -> str:
        """Text of the choice, without the track."""
        parts = [f"collections {', '.join(self.collections)}"] if self.collections is not None else []
        parts += ["bundled collections only"] if self.bundled else []
        return ", ".join([*parts, *([f"published after {self.published_after}"] if self.published_after else [])])

    def of(self, tasks: pd.DataFrame) -> pd.DataFrame:
        """Return the chosen tasks, and the tuning tasks, which choose the head of every family."""
        keep = np.ones(len(tasks), bool)
        if self.collections is not None:
            keep &= tasks["collection"].isin(self.collections).to_numpy()
        if self.bundled:
            keep &= (tasks["tier"] == "bundled").to_numpy()
        if self.published_after is not None:
            keep &= (tasks["published"] > self.published_after).to_numpy(bool)
        return tasks[keep | (tasks["role"] == "tuning").to_numpy()]


@dataclass(frozen=True, eq=False)
class Store:
    """The source of scores. Tasks and scores are computed once for all choices.

    `own` are predictions to score. Without them the scores are the stored ones, and the predictions are in the committed files.
    """

    suite: SuiteHead
    own: Sequence[TaskResult] | None
    stored: ScoredTasks | None
    exclusions: Mapping[str, tuple[str, ...]]
    files: Mapping[str, Path]
    scored_before: dict[frozenset[str], ScoredTasks] = field(default_factory=dict)
    tasks_before: dict[frozenset[str], tuple[Task, ...]] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Suite:
        """The suite with its entries."""
        from scalingbench.benchmark.tasks.suite import Suite, load_suite

        return self.suite if isinstance(self.suite, Suite) else load_suite(self.suite.name)

    @cached_property
    def predictions(self) -> Sequence[TaskResult]:
        """All predictions; those in files are read on access."""
        return ResultFiles(self.files) if self.own is None else self.own

    @cached_property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors: of own predictions or committed files, then of stored scores."""
        stored = () if self.stored is None else self.stored.scores["predictor"].unique()
        return tuple(dict.fromkeys([*(self.files if self.own is None else (r.predictor for r in self.own)), *stored]))

    def known(self, what: Literal["track", "collection"]) -> set[str]:
        """Return the tracks or collections of the suite."""
        if self.stored is None:
            return {str(getattr(spec, what)) for spec in self.whole.specs}
        return set(self.stored.tasks.loc[self.stored.tasks["role"] != "tuning", what] if what == "track" else self.stored.tasks[what])

    def refuse_unknown(self, choice: Choice) -> None:
        """Raise an error for an unknown track, collection or predictor; the message suggests the nearest."""
        suite = f"of suite {self.suite.name}"
        worlds = self.stored is None or (self.stored.tasks["role"] == "synthetic").any()
        tracks = self.known("track") | ({"synthetic"} if worlds else set())
        for kind, names, known in (
            (f"track {suite}", (choice.track,) if choice.track else (), tracks),
            (f"collection {suite}", choice.collections or (), self.known("collection")),
            ("predictor of these results", choice.predictors or (), set(self.predictors)),
        ):
            for name in (name for name in names if name not in known):
                raise unknown_name(kind, name, known)

    def collections(self, choice: Choice) -> frozenset[str]:
        """Return the collections of a choice that have predictions."""
        names = self.known("collection") if self.own is None else {r.task.split("/")[0] for r in self.own}
        names = names if choice.collections is None else names & set(choice.collections)
        return frozenset(names - set(self.whole.fetch_only) if choice.bundled else names)

    def tasks(self, collections: frozenset[str]) -> tuple[Task, ...]:
        """Return the tasks on the given collections whose data are available locally."""
        if collections not in self.tasks_before:
            from scalingbench.leaderboard.rescoring import available_collections

            names = available_collections(self.whole, collections)
            self.tasks_before[collections] = self.whole.build(collections=names) if names else ()
        return self.tasks_before[collections]

    def scored(self, choice: Choice) -> ScoredTasks:
        """Return the stored scores, or scores of own predictions on the chosen collections together with the stored ones of others."""
        if self.own is None and self.stored is not None:
            return self.stored
        collections = self.collections(choice)
        if collections not in self.scored_before:
            from scalingbench.leaderboard.rescoring import scores_with_stored

            tasks = self.tasks(collections)
            self.scored_before[collections] = scores_with_stored(
                self.own or (), self.whole, tasks, exclusions=self.exclusions, files=self.files, stored=self.stored
            )
        return self.scored_before[collections]


def suite_of(read: Mapping[Path, Sequence[TaskResult]], folder: str | Path) -> str:
    """Return the suite of result files.

    Raises
    ------
    InputError
        If they are of several, or of one of a YAML file, which is not known by its name.
    """
    names = _suites(read)
    if len(names) != 1:
        raise InputError(f"{folder}: holds results of suites {', '.join(names)}; choose one with --suite")
    if names[0] not in list_suites():
        raise InputError(f"{folder}: holds results of suite {names[0]!r}, which is not in the package; name its file with --suite")
    return names[0]


def refuse_other_suites(read: Mapping[Path, Sequence[TaskResult]], folder: str | Path, suite: str) -> None:
    """Refuse result files of which none is of a suite.

    Raises
    ------
    InputError
        With the suites that there are.
    """
    names = _suites(read)
    if suite not in names:
        raise InputError(f"{folder}: holds results of suite {' and '.join(map(repr, names))}, not of {suite!r}; leave --suite out")


def _suites(read: Mapping[Path, Sequence[TaskResult]]) -> list[str]:
    return sorted({result.suite for found in read.values() for result in found})


def not_ranked_on() -> dict[str, tuple[str, ...]]:
    """Return the collections that each predictor was tuned or trained on, if any, from its catalogue entry or submission."""
    from scalingbench.leaderboard.submissions.metadata import submissions

    return {**trained_on(), **{name: s.trained_on for name, s in submissions().items() if s.trained_on}}


def committed_store(suite: SuiteHead) -> Store:
    """Return the stored scores of a suite, and new scores of submissions without stored ones."""
    stored = load_stored(suite)
    if stored is None:
        raise InputError(f"suite {suite.name!r} has no results in the package; give a folder with --results")
    exclusions = not_ranked_on()
    scored = set(stored.scores["predictor"])
    store = Store(suite, None, stored, exclusions, committed_file_of(suite, dict.fromkeys([*sorted(scored), *exclusions])))
    unscored = [name for name in submitted_files(suite) if name not in scored]
    return replace(store, stored=_with_submissions(store, unscored)) if unscored else store


def with_committed(store: Store) -> Store:
    """Return a store of the own predictions and the stored scores of others, with the reference's predictions; see `Results`."""
    suite, own = store.suite, store.own or ()
    if not own:
        return committed_store(suite)
    known = {r.predictor for r in own}
    reference = () if suite.reference in known else tuple(committed_file_of(suite, (suite.reference,)).values())[:1]
    others = (r for file in reference for r in read_results(file))
    return replace(store, own=(*own, *others), stored=load_stored(suite), scored_before={}, tasks_before={})


def _with_submissions(store: Store, names: Iterable[str]) -> ScoredTasks:
    from scalingbench.leaderboard.rescoring import scores_of

    assert store.stored is not None
    reference = store.suite.reference
    results = [r for name in (*names, reference) for r in read_results(store.files[name])]
    tasks = store.tasks(frozenset(r.task.split("/")[0] for r in results if r.predictor != reference))
    own = scores_of(results, tasks, reference, store.exclusions, store.files)
    return replace(store.stored, scores=pd.concat([store.stored.scores, own[own["predictor"] != reference]], ignore_index=True))
