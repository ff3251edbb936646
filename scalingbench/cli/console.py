"""What the commands that evaluate have in common: progress, the board at the end, the exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from scalingbench.cli.options import Format

if TYPE_CHECKING:
    from benchmark.evaluation.results import TaskResult
    from benchmark.tasks.suite import Suite
    from benchmark.tasks.task import Task

__all__ = ["committed_names", "exit_with", "print_board", "progress_bar", "run_with_progress", "say", "say_fetch_only", "split_names"]


def run_with_progress(
    predictors: dict[str, Any],
    tasks: tuple[Task, ...],
    out: Path,
    suite: Suite,
    *,
    jobs: int,
    resume: bool,
    time_limit: float,
    levels: tuple[float, ...] = (),
) -> tuple[TaskResult, ...]:
    """Run a suite with a progress bar on standard error."""
    from benchmark.evaluation.run import run_suite

    with progress_bar() as progress:
        return run_suite(
            predictors,
            tasks,
            out,
            suite=suite.name,
            jobs=jobs,
            resume=resume,
            time_limit=time_limit,
            levels=levels,
            progress=progress,
        )


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Give a function that moves a bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        handle = bar.add_task("", total=None)

        def update(done: int, total: int, what: str) -> None:
            bar.update(handle, completed=done, total=total, description=what)

        yield update


def print_board(
    results: tuple[TaskResult, ...],
    suite: Suite,
    tasks: tuple[Task, ...],
    track: str | None,
    form: Format,
    *,
    top: int | None = None,
    variants: bool = True,
) -> None:
    """Print the board of the results: that of another benchmark's protocol, or this project's."""
    from leaderboard.rendering import render
    from leaderboard.results import board_of, protocol_board

    if suite.protocol is not None:
        print(protocol_board(results, suite, tasks, form, top))
        return
    print(render(board_of(results, suite, tasks, track).cut(top, variants=variants), form))


def exit_with(results: tuple[TaskResult, ...]) -> None:
    """Name what failed; exit status 1 if anything did."""
    from leaderboard.results import failures_of

    failures = failures_of(results)
    for line in failures:
        say(f"failed: {line}")
    if failures:
        raise typer.Exit(1)


def say(line: str) -> None:
    """Print a notice on standard error."""
    print(line, file=sys.stderr)


def say_fetch_only(suite: Suite) -> None:
    """Name the collections of a suite that a run leaves out."""
    if suite.fetch_only:
        names = ", ".join(suite.fetch_only)
        say(f"left out, not redistributable: {names}; name it with --collections to build and run it from its pinned files")


def committed_names(suite: str) -> tuple[str, ...]:
    """Return the predictors with committed results of a suite."""
    from benchmark.evaluation.results import load_results
    from leaderboard.result_files import committed_folder

    return tuple(dict.fromkeys(r.predictor for r in load_results(committed_folder(suite))))


def split_names(names: str | None) -> tuple[str, ...] | None:
    """Return the names of a comma-separated option."""
    return tuple(n.strip() for n in names.split(",") if n.strip()) if names else None
