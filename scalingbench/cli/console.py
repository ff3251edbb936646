"""Functions that the commands share: progress bar, board, exit status."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from scalingbench.cli.envelope import print_json
from scalingbench.common.errors import InputError
from scalingbench.common.messages import count_of
from scalingbench.common.packages import own_version
from scalingbench.common.tables import Format, Tabular, table_of

if TYPE_CHECKING:
    from scalingbench.benchmark.tasks.suite import Suite
    from scalingbench.leaderboard.results import Results

__all__ = [
    "committed_names",
    "execution_options",
    "exit_with",
    "print_answer",
    "print_board",
    "print_records",
    "print_table",
    "print_version",
    "progress_bar",
    "run_with_progress",
    "say",
    "say_fetch_only",
    "shown_records",
    "split_names",
    "terminal_width",
]


def run_with_progress(
    predictors: dict[str, Any],
    suite: Suite,
    out: Path,
    *,
    track: str | None,
    collections: tuple[str, ...] | None,
    jobs: int,
    resume: bool,
    time_limit: float | Mapping[str, float],
    levels: tuple[float, ...] = (),
    fetch_only: tuple[str, ...] = (),
    **settings: Any,
) -> Results:
    """Run a suite, a track or some collections, and chosen fetch-only collections, with a progress bar on standard error.

    `settings` are those of `run_suite`.
    """
    from scalingbench.benchmark.evaluation.run import run_suite
    from scalingbench.leaderboard.results import Results

    tasks = suite.tasks_with(fetch_only, track) if collections is None else suite.build(collections=collections, track=track)
    total, ran = 0, 0
    with progress_bar() as move:

        def progress(done: int, of: int, what: str) -> None:
            nonlocal total, ran
            total, ran = of, ran + bool(what)
            move(done, of, what)

        results = run_suite(
            predictors,
            tasks,
            out,
            suite=suite.name,
            jobs=jobs,
            resume=resume,
            time_limit=time_limit,
            levels=levels,
            progress=progress,
            **settings,
        )
    if resume or total > ran:
        say(f"kept {count_of(total - ran, 'result')} whose code, data and versions are unchanged, ran {ran}")
    return Results.of(results, suite, track=track, collections=collections)


def execution_options(backend: str, scheduler: str | None) -> dict[str, Any]:
    """Return the options of where fits run, for `run_suite`.

    Raises
    ------
    InputError
        If there is no such backend, or a scheduler without one.
    """
    if backend not in ("local", "dask"):
        raise InputError(f"--backend: expected local or dask, got {backend!r}")
    if scheduler is not None and backend != "dask":
        raise InputError("--scheduler: is for --backend dask")
    return {"backend": backend, "scheduler": scheduler}


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function that updates a progress bar on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        handle = bar.add_task("", total=None)

        def update(done: int, total: int, what: str) -> None:
            bar.update(handle, completed=done, total=total, description=what)

        yield update


def print_board(results: Results, form: Format, *, top: int | None = None, variants: bool = True, as_json: str | None = None) -> None:
    """Print the board of the results, by the protocol of the suite's benchmark or by this project's rules.

    `as_json` is the command in whose envelope the board is printed.
    """
    board = (results.board() if results.protocol is None else results.protocol_board()).cut(top, variants=variants)
    print_table(board, as_json or "", form, as_json is not None)


def print_table(found: Tabular, command: str, form: Format, as_json: bool) -> None:
    """Print a table: in the envelope of JSON, cut to the width of a terminal, or in the given format."""
    if as_json:
        print_json(command, found.facts())
    elif form == "md" and (width := terminal_width()) is not None:
        print(found.fitted(width))
    else:
        print(found.render(form))


def print_version(wanted: bool) -> None:
    """Print the version and exit, if wanted."""
    if wanted:
        print(f"scalingbench {own_version()}")
        raise typer.Exit


def print_records(command: str, rows: Sequence[Mapping[Any, Any]], as_json: bool, *, major: Sequence[str] = ()) -> None:
    """Print records as a table, see `shown_records`, or in the envelope of JSON."""
    print_answer(command, list(rows), shown_records(rows, major), as_json)


def shown_records(rows: Sequence[Mapping[Any, Any]], major: Sequence[str] = ()) -> str:
    """Return records as a table: for a terminal cut to its width, columns that are not `major` first, else as Markdown."""
    if not rows:
        return "(none)"
    table, width = table_of(rows, major), terminal_width()
    return table.markdown() if width is None else table.fitted(width)


def terminal_width() -> int | None:
    """Return the width of the terminal that standard output is; None if it is a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_answer(command: str, data: Any, text: object, as_json: bool) -> None:
    """Print what a command answers: data in the envelope of JSON, or a text."""
    if as_json:
        print_json(command, data)
    else:
        print(text)


def exit_with(failures: Sequence[str]) -> None:
    """Print every failure; exit with status 1 if there are any."""
    for line in failures:
        say(f"failed: {line}")
    if failures:
        raise typer.Exit(1)


def say(line: str) -> None:
    """Print a notice on standard error."""
    print(line, file=sys.stderr)


def say_fetch_only(suite: Suite) -> None:
    """Print the fetch-only collections, which a run leaves out by default."""
    if suite.fetch_only:
        names = ", ".join(suite.fetch_only)
        say(f"left out, not redistributable: {names}; use --collections to build one from its pinned files and run it")


def committed_names(suite: Suite) -> tuple[str, ...]:
    """Return the predictors with committed results of a suite."""
    from scalingbench.leaderboard.committed import load_stored

    stored = load_stored(suite)
    return () if stored is None else tuple(sorted(stored.scores["predictor"].unique()))


def split_names(names: str | None) -> tuple[str, ...] | None:
    """Return the names of a comma-separated option."""
    return tuple(n.strip() for n in names.split(",") if n.strip()) if names else None
