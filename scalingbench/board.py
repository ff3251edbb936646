"""From result files to a board: the one place where suite, scores and ranking meet."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.results import TaskResult
    from benchmark.suites import Suite
    from benchmark.tasks import Task
    from leaderboard.ranking import Board

__all__ = ["board_of", "failures_of", "protocol_board"]

_log = logging.getLogger(__name__)


def board_of(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], track: str | None = None) -> Board:
    """Rank results on the tasks given.

    Parameters
    ----------
    results : iterable of TaskResult
        Those of other tasks are ignored; those of an altered task are named in a warning.
    suite : Suite
        Its reference and pool are used.
    tasks : tuple of Task
        What the board covers.
    track : str, optional
        Only the tasks of this track.

    Raises
    ------
    BenchmarkError
        If nothing is left to rank or the reference is missing.
    """
    from benchmark.errors import BenchmarkError
    from benchmark.scoring import current_results, score, stale_results
    from benchmark.suites import task_table
    from leaderboard.ranking import rank
    from predictors.registry import families

    results = tuple(results)
    for stale in stale_results(results, tasks):
        _log.warning("%s on %s: made from other rows than today's task; ignored", stale.predictor, stale.task)
    tasks = tuple(t for t in tasks if track in (None, t.track))
    results = current_results(results, tasks)
    if not results:
        raise BenchmarkError(f"no results for suite {suite.name!r}" + (f", track {track!r}" if track else ""))
    scores = score(results, tasks, suite.reference, families())
    return rank(scores, task_table(tasks), pool=suite.pool, reference=suite.reference, suite=suite.name, track=track)


def protocol_board(results: Iterable[TaskResult], suite: Suite, tasks: tuple[Task, ...], form: str, top: int | None = None) -> str:
    """Return the board of a suite that follows another benchmark's rules, with the published scores beside ours."""
    from benchmark.errors import BenchmarkError
    from benchmark.protocols import curve_errors, revisiting_nsl, sldbench
    from leaderboard.protocol_boards import render_revisiting_nsl, render_sldbench

    results = tuple(results)
    if not results:
        raise BenchmarkError(f"no results for suite {suite.name!r}")
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
