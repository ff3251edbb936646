"""Compute scores from predictions: for a folder of results, and for the committed results, to check the stored scores."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.collection import is_available
from scalingbench.benchmark.evaluation.results import TaskResult, read_results
from scalingbench.benchmark.scores.scoring import current_results, score, stale_results
from scalingbench.benchmark.scores.store import differences, digest_of, read_scores, with_provenance, write_scores
from scalingbench.benchmark.scores.truth import truth_of
from scalingbench.benchmark.tasks.suite import Suite, task_table
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.errors import InputError
from scalingbench.common.files import sha256_of
from scalingbench.leaderboard.committed import (
    ScoredTasks,
    committed_file_of,
    committed_files,
    load_stored,
    predictions_missing,
    scores_path,
)
from scalingbench.leaderboard.protocol_boards import protocol_differences, protocol_table, stored_protocol_table, write_protocol_table
from scalingbench.predictors.registry import families

__all__ = ["Rescored", "available_collections", "rescore", "scores_of", "scores_with_stored", "store_scores"]

_log = logging.getLogger(__name__)


def available_collections(suite: Suite, among: Iterable[str]) -> tuple[str, ...]:
    """Return the given collections of the suite that load without a network; a warning names the others."""
    wanted = sorted({spec.collection for spec in suite.specs} & set(among))
    found = tuple(name for name in wanted if is_available(name))
    if missing := [name for name in wanted if name not in found]:
        _log.warning("no local data of %s: nothing is computed on them", ", ".join(missing))
    return found


def scores_of(
    results: Iterable[TaskResult],
    tasks: Sequence[Task],
    reference: str,
    exclusions: Mapping[str, Sequence[str]],
    files: Mapping[str, Path],
) -> pd.DataFrame:
    """Return the score table of results with the hashes of the inputs of each row.

    Parameters
    ----------
    results : iterable of TaskResult
        Results of other tasks, or of tasks whose rows have changed, are left out.
    tasks : sequence of Task
        The tasks to score on.
    reference : str
        Predictor whose error is the unit.
    exclusions : mapping of str to sequence of str
        Collections that a predictor was tuned or trained on; it is not scored on them.
    files : mapping of str to Path
        Result file of each predictor that has one.
    """
    collection = {t.id: t.collection for t in tasks}
    kept = [r for r in current_results(results, tasks) if collection[r.task] not in exclusions.get(r.predictor, ())]
    if not kept:
        raise InputError("no result belongs to a task whose data are available locally")
    truths = {t.id: truth for t in tasks if t.role == "synthetic" and (truth := truth_of(t)) is not None}
    hashes = {name: sha256_of(file) for name, file in files.items() if file.is_file()}
    return with_provenance(score(kept, tasks, reference, families(), truths), kept, hashes)


def scores_with_stored(
    results: Iterable[TaskResult],
    suite: Suite,
    tasks: Sequence[Task],
    *,
    exclusions: Mapping[str, Sequence[str]],
    files: Mapping[str, Path],
    stored: ScoredTasks | None,
) -> ScoredTasks:
    """Return the scores of results together with the descriptions of the tasks in their suite.

    Parameters
    ----------
    results, tasks, exclusions, files
        As for `scores_of`.
    suite : Suite
        The suite of the tasks.
    stored : ScoredTasks, optional
        Stored scores. Those of other predictors are added, on these tasks and on the tuning tasks.
    """
    results = tuple(results)
    for stale in stale_results(results, tasks):
        _log.warning("%s on %s: the rows of the task have changed since; ignored", stale.predictor, stale.task)
    own = scores_of(results, tasks, suite.reference, exclusions, files)
    described = task_table(tasks) if suite.frozen_tasks is None else suite.frozen_tasks
    known = {t.id for t in tasks}
    if stored is not None:
        described = stored.tasks
        known |= set(described.loc[described["role"] == "tuning", "task"])
        others = stored.scores["task"].isin(known) & ~stored.scores["predictor"].isin(set(own["predictor"]))
        own = pd.concat([own, stored.scores[others]], ignore_index=True)
    return ScoredTasks(own, described[described["task"].isin(known)])


@dataclass(frozen=True, eq=False, repr=False)
class Rescored:
    """The committed results of a suite, scored again where data are available locally.

    Attributes
    ----------
    suite : Suite
        The suite.
    table : DataFrame
        The score table, see `scores_of`. On tasks without local data it has the stored scores of unchanged predictions.
    problems : tuple of str
        One line for every stored number that differs, and for every result without a score.
    lacking : tuple of str
        One line for every result without a score: no local data, and no stored score of these predictions.
    n_tasks, n_elsewhere : int
        Number of tasks computed, and of tasks without local data.
    protocol : DataFrame, optional
        Protocol scores, for a suite that follows another benchmark; see `scalingbench.leaderboard.protocol_boards`.
    """

    suite: Suite
    table: pd.DataFrame
    problems: tuple[str, ...]
    lacking: tuple[str, ...]
    n_tasks: int
    n_elsewhere: int
    protocol: pd.DataFrame | None = None


def rescore(suite: Suite, exclusions: Mapping[str, Sequence[str]]) -> Rescored:
    """Score the committed results of a suite again and compare with the stored scores.

    Raises
    ------
    InputError
        If a result file is broken, the reference's results are missing, or the suite uses the scores of another suite.
    """
    if suite.of is not None:
        raise InputError(f"suite {suite.name!r} uses the scores of suite {suite.of!r}: recompute those")
    scored_before = () if (before := load_stored(suite)) is None else before.scores["predictor"].unique()
    for name in sorted({*scored_before} - {*committed_file_of(suite, scored_before)}):
        raise predictions_missing(suite.name, name)
    read = {file: read_results(file) for file in committed_files(suite)}
    results = [r for found in read.values() for r in found]
    files = {r.predictor: file for file, found in read.items() for r in found}
    names = available_collections(suite, {spec.collection for spec in suite.specs})
    tasks = suite.build(collections=names)
    again = scores_of(results, tasks, suite.reference, exclusions, files)
    path = scores_path(suite.name)
    stored = read_scores(path) if path.is_file() else again.head(0)
    known = {t.id for t in tasks}
    elsewhere = [r for r in results if r.task not in known and r.task.split("/")[0] not in exclusions.get(r.predictor, ())]
    here = stored["task"].isin(known)
    carried = _carried(stored[~here], elsewhere, files, suite.reference)
    scored = set(zip(carried["predictor"], carried["task"], strict=True))
    protocol = None if suite.protocol is None else protocol_table(suite.protocol, results, tasks)
    differing = () if protocol is None else protocol_differences(stored_protocol_table(suite.name), protocol)
    return Rescored(
        suite,
        pd.concat([again, carried], ignore_index=True) if len(carried) else again,
        differences(stored[here], again) + differences(stored[~here], carried) + differing,
        tuple(f"{r.predictor} on {r.task}: no local data, and no stored score" for r in elsewhere if (r.predictor, r.task) not in scored),
        len(tasks),
        len({r.task for r in elsewhere}),
        protocol,
    )


def _carried(stored: pd.DataFrame, results: Sequence[TaskResult], files: Mapping[str, Path], reference: str) -> pd.DataFrame:
    """Return the stored scores of unchanged predictions, with the hash of their current result file.

    A task is left out if predictions of the reference have changed, because its error is the unit of all others.
    """
    hashes = {name: sha256_of(files[name]) for name in {r.predictor for r in results}}
    today = pd.DataFrame(
        [(r.predictor, r.task, r.fingerprint, digest_of(r), hashes[r.predictor]) for r in results],
        columns=["predictor", "task", "fingerprint", "digest", "source"],
    ).astype(object)
    same = stored.drop(columns="source").merge(today, on=["predictor", "task", "fingerprint", "digest"])
    units = same.loc[same["predictor"] == reference, "task"]
    return same.loc[same["task"].isin(units), list(stored.columns)]


def store_scores(rescored: Rescored) -> Path:
    """Write the scores into the folder of the committed results; return the file.

    Raises
    ------
    InputError
        If there is a result without a score.
    """
    if rescored.lacking:
        raise InputError(rescored.lacking[0])
    suite = rescored.suite
    path = scores_path(suite.name)
    write_scores(path, rescored.table)
    if rescored.protocol is not None:
        write_protocol_table(suite.name, rescored.protocol)
    return path
