"""From result files to a board: the one place where suite, scores and ranking meet."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from benchmark.evaluation.results import TaskResult
    from benchmark.tasks.suite import Suite
    from benchmark.tasks.task import Task
    from leaderboard.ranking import Board
    from leaderboard.rendering import Format
    from leaderboard.significance import Comparison

__all__ = [
    "board_of",
    "committed_results",
    "comparison_of",
    "failures_of",
    "not_ranked_on",
    "protocol_board",
    "ranked",
    "released",
    "render_comparison",
    "results_of",
    "scores_of",
    "skill_table",
]

_log = logging.getLogger(__name__)


def board_of(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], track: str | None = None) -> Board:
    """Rank results on the tasks given; parameters and errors as for `scores_of`."""
    results = tuple(results)
    tasks = tuple(t for t in tasks if track in (None, t.track))
    return ranked(scores_of(results, suite, tasks, track), results, suite, tasks, track)


def ranked(scores: pd.DataFrame, results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], track: str | None = None) -> Board:
    """Rank scores that were made already; those of other tracks are left out."""
    from benchmark.tasks.suite import task_table
    from leaderboard.ranking import rank
    from predictors.registry import families

    tasks = tuple(t for t in tasks if track in (None, t.track))
    return rank(
        scores,
        task_table(tasks),
        pool=suite.pool,
        reference=suite.reference,
        suite=suite.name,
        track=track,
        order=tuple(families()),
        version=_version(results, suite, tasks),
    )


def _version(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...]) -> str:
    from benchmark.scores.scoring import current_results
    from leaderboard.releases import version_of

    current = current_results(results, tasks)
    return version_of(
        suite.name,
        {t.id: t.fingerprint for t in tasks},
        ((r.predictor, r.task, f.fold, f.predictions) for r in current for f in r.folds),
    )


def committed_results(suite: Suite) -> tuple[TaskResult, ...]:
    """Return the results of a suite that come with the package, submissions included; none if there are none."""
    from benchmark.evaluation.results import read_results
    from leaderboard.result_files import committed_files

    return tuple(result for file in committed_files(suite.name) for result in read_results(file))


def results_of(folder: Path | None, suite: Suite) -> tuple[TaskResult, ...]:
    """Return the results in a folder, by default the committed ones.

    Raises
    ------
    InputError
        If there are none.
    """
    from benchmark.evaluation.results import load_results
    from scalingbench.common.errors import InputError

    found = load_results(folder) if folder is not None else committed_results(suite)
    if not found:
        raise InputError(f"suite {suite.name!r} has no results that come with the package; name a folder with --results")
    return found


def scores_of(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], track: str | None = None) -> pd.DataFrame:
    """Return the scores table.

    Parameters
    ----------
    results : iterable of TaskResult
        Those of other tasks are ignored; those of an altered task are named in a warning, and those on a collection
        that went into the predictor are left out.
    suite : Suite
        Its reference and pool are used.
    tasks : tuple of Task
        What the board covers.
    track : str, optional
        Which track the tasks are of, for the message where there are no results.

    Raises
    ------
    InputError
        If nothing is left to rank or the reference is missing.
    """
    from benchmark.scores.scoring import current_results, score, stale_results
    from predictors.registry import families
    from scalingbench.common.errors import InputError

    results = tuple(results)
    for stale in stale_results(results, tasks):
        _log.warning("%s on %s: made from other rows than today's task; ignored", stale.predictor, stale.task)
    known = not_ranked_on()
    collection = {t.id: t.collection for t in tasks}
    results = tuple(r for r in current_results(results, tasks) if collection[r.task] not in known.get(r.predictor, ()))
    if not results:
        raise InputError(f"no results for suite {suite.name!r}" + (f", track {track!r}" if track else ""))
    return score(results, tasks, suite.reference, families())


def not_ranked_on() -> dict[str, tuple[str, ...]]:
    """Return the collections that went into each predictor, where any did; by its catalogue entry or its submission."""
    from leaderboard.submissions.metadata import submissions
    from predictors.registry import trained_on

    return {**trained_on(), **{name: s.trained_on for name, s in submissions().items() if s.trained_on}}


def skill_table(
    results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], by: str, top: int | None
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the skill of the board's predictors on each part of a cut, and the number of tasks of each part."""
    from benchmark.tasks.suite import task_table
    from leaderboard.slices import skill_by

    results = tuple(results)
    scores = scores_of(results, suite, tasks)
    heads = ranked(scores, results, suite, tasks).heads["predictor"]
    table, counts = skill_by(scores, task_table(tasks), by)
    return table.reindex(heads.head(top or len(heads))), counts


def comparison_of(
    results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], predictors: tuple[str, ...] | None, top: int
) -> Comparison:
    """Test the named predictors, or the first of the board, against each other."""
    from benchmark.tasks.suite import task_table
    from leaderboard.significance import compare

    results = tuple(results)
    scores = scores_of(results, suite, tasks)
    names = list(predictors or ranked(scores, results, suite, tasks).heads["predictor"].head(top))
    return compare(scores, task_table(tasks), names)


def render_comparison(comparison: Comparison, as_json: bool) -> str:
    """Return the adjusted p-values and the cliques as text or JSON."""
    p = comparison.p
    if as_json:
        facts = {
            "skill": comparison.skill.to_dict(),
            "p": p.to_dict(),
            "cliques": comparison.cliques,
            "collections": comparison.n_collections,
        }
        return json.dumps(facts, indent=2)
    lines = [f"{name:<28} {comparison.skill[name]:6.3f}  " + " ".join(f"{v:5.3f}" for v in p.loc[name]) for name in p.index]
    note = f"Wilcoxon signed-rank tests over {comparison.n_collections} collections, adjusted by Holm; columns in the order of the rows."
    cliques = [f"not told apart at 5 %: {', '.join(clique)}" for clique in comparison.cliques]
    return "\n".join([*lines, "", note, *cliques])


def released(version: str, form: Format, top: int | None, variants: bool) -> str:
    """Return a released board, rendered."""
    from leaderboard.releases import load_release
    from leaderboard.rendering import render

    return render(load_release(version).cut(top, variants=variants), form)


def protocol_board(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], form: str, top: int | None = None) -> str:
    """Return the board of a suite that follows another benchmark's rules, with the published scores beside ours."""
    from benchmark.scores.protocols import curve_errors, revisiting_nsl, sldbench
    from leaderboard.protocol_boards import render_revisiting_nsl, render_sldbench
    from scalingbench.common.errors import InputError

    results = tuple(results)
    if not results:
        raise InputError(f"no results for suite {suite.name!r}")
    if suite.protocol == "sldbench":
        return render_sldbench(sldbench(results, tasks), form, top)
    return render_revisiting_nsl(revisiting_nsl(curve_errors(results, tasks)), form, top)


def failures_of(results: Iterable[TaskResult]) -> tuple[str, ...]:
    """Return one line per predictor and task with failed folds."""
    return tuple(
        f"{r.predictor} on {r.task}: {len(r.failures)} of {len(r.folds)} fits failed: {r.failures[0].status}: {r.failures[0].message}"
        for r in results
        if r.failures
    )
