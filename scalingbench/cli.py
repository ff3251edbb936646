"""The ``scalingbench`` command: data on standard output, progress and notices on standard error.

Exit status 0: done; 1: done, but something failed (it is named); 2: bad usage or bad input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from scalingbench.hub_cli import app as hub_app

if TYPE_CHECKING:
    from benchmark.results import TaskResult
    from benchmark.suites import Suite
    from benchmark.tasks import Task

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Scaling-law predictors on real scaling runs."
)

app.add_typer(hub_app, name="hub")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SuiteName = Annotated[str, typer.Option("--suite", help="Suite name, or a YAML file.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the result files.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Worker processes; results don't depend on it.")]
Resume = Annotated[bool, typer.Option("--resume", help="Keep finished results in the folder that still apply.")]
Limit = Annotated[float, typer.Option("--time-limit", min=0.1, help="Seconds for one predictor on one task.")]
Track = Annotated[str | None, typer.Option("--track", help="Only this track.")]
Names = Annotated[str | None, typer.Option(help="Names, separated by commas.")]
Intervals = Annotated[bool, typer.Option("--intervals", help="Also store predicted quantiles (.1, .5, .9), where a predictor has them.")]
Format = Literal["md", "csv", "json", "latex"]

DEFAULT_SUITE = "v1"
CPUS = os.cpu_count() or 1
LEVELS = (0.1, 0.5, 0.9)


@app.command()
def collections(as_json: Json = False) -> None:
    """List the collections, with totals."""
    from scalingbench.describe import collection_rows, collection_totals, print_rows

    rows = collection_rows()
    totals = collection_totals(rows)
    if as_json:
        print(json.dumps({"collections": rows, "totals": totals}, indent=2))
        return
    print_rows(rows, as_json)
    print("\n{collections} collections ({bundled} bundled), {runs:,} runs, {rows:,} rows".format(**totals))


@app.command()
def show(name: str, as_json: Json = False) -> None:
    """Print what a collection holds: card, variables, metrics, tasks."""
    from scalingbench.describe import describe_collection, render_description

    description = describe_collection(name, DEFAULT_SUITE)
    print(json.dumps(description, indent=2) if as_json else render_description(description))


@app.command()
def plot(
    name: str,
    out: Annotated[Path, typer.Option("--out", help="Picture to write: .png, .svg or .pdf.")],
    suite: SuiteName = DEFAULT_SUITE,
    task: Annotated[str | None, typer.Option("--task", help="A task of the suite; by default the collection's first.")] = None,
    predictor: Annotated[str | None, typer.Option("--predictor", help="Law to draw; by default the task's best.")] = None,
) -> None:
    """Draw a collection: training and held-out points, and a law through them."""
    from benchmark.suites import load_suite
    from scalingbench.plot import plot_collection

    print(plot_collection(name, load_suite(suite), out, task_id=task, predictor=predictor))


@app.command()
def predictors(track: Track = None, as_json: Json = False) -> None:
    """List the predictors."""
    from scalingbench.describe import predictor_rows, print_rows

    print_rows(predictor_rows(track), as_json)


@app.command()
def tasks(suite: SuiteName = DEFAULT_SUITE, track: Track = None, as_json: Json = False) -> None:
    """List a suite's tasks with their extrapolation factor and compute share."""
    from benchmark.suites import load_suite, task_table
    from scalingbench.describe import print_rows

    chosen = load_suite(suite)
    rows = task_table(chosen.build(track=track)).to_dict("records")
    print_rows(rows, as_json)
    _say_fetch_only(chosen)


@app.command()
def validate(table: Path) -> None:
    """Check a CSV or Parquet table of runs against the schema."""
    from benchmark.schema import read_table

    print(f"{table}: {len(read_table(table))} rows, no rule broken")


@app.command()
def run(
    suite: SuiteName = DEFAULT_SUITE,
    predictors: Names = None,
    collections: Names = None,
    track: Track = None,
    out: Out = Path("results"),
    jobs: Jobs = CPUS,
    resume: Resume = False,
    time_limit: Limit = 60.0,
    intervals: Intervals = False,
    pool: Annotated[bool, typer.Option("--pool", help="Only the predictors whose results of this suite are committed.")] = False,
    as_json: Json = False,
) -> None:
    """Evaluate predictors on a suite and print the board."""
    from benchmark.suites import load_suite
    from predictors.registry import list_predictors, make

    chosen = load_suite(suite)
    names = _split(predictors) or (_committed(chosen.name) if pool else tuple(entry.name for entry in list_predictors()))
    built = chosen.build(collections=_split(collections), track=track)
    entered = {name: make(name) for name in names}
    if chosen.reference not in entered:
        entered[chosen.reference] = make(chosen.reference)
        _say(f"{chosen.reference}: added, because its error is the unit of skill")
    if collections is None:
        _say_fetch_only(chosen)
    levels = LEVELS if intervals else ()
    results = _run(entered, built, out, chosen, jobs, resume, time_limit, levels)
    _print_board(results, chosen, built, track, "json" if as_json else "md")
    _exit_with(results)


@app.command()
def evaluate(
    targets: Annotated[list[str], typer.Argument(help="FILE.py:Class, package.module:Class or a registered name.")],
    suite: SuiteName = DEFAULT_SUITE,
    collections: Names = None,
    track: Track = None,
    out: Out = Path("results"),
    jobs: Jobs = CPUS,
    resume: Resume = False,
    time_limit: Limit = 60.0,
    as_json: Json = False,
) -> None:
    """Evaluate your own predictor and show where it would stand on the board."""
    from benchmark.results import load_results
    from benchmark.suites import load_suite
    from leaderboard.committed import committed_folder
    from predictors.registry import make
    from scalingbench.targets import load_target

    chosen = load_suite(suite)
    own = dict(load_target(target) for target in targets)
    own.setdefault(chosen.reference, make(chosen.reference))
    built = chosen.build(collections=_split(collections), track=track)
    results = _run(own, built, out, chosen, jobs, resume, time_limit, ())
    folder = committed_folder(chosen.name)
    others = [r for r in load_results(folder) if r.predictor not in own] if folder.is_dir() else []
    _print_board((*results, *others), chosen, built, track, "json" if as_json else "md")
    _exit_with(results)


@app.command()
def leaderboard(
    results: Annotated[
        Path | None, typer.Option("--results", help="Folder of result files; by default those that come with the package.")
    ] = None,
    suite: SuiteName = DEFAULT_SUITE,
    track: Track = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = "md",
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only this many rows.")] = None,
) -> None:
    """Print the board of a folder of results."""
    from benchmark.results import load_results
    from benchmark.suites import load_suite
    from leaderboard.committed import committed_folder

    chosen = load_suite(suite)
    found = load_results(results or committed_folder(chosen.name))
    _print_board(found, chosen, chosen.build(track=track), track, form, top)


def _run(
    predictors: dict[str, Any],
    tasks: tuple[Task, ...],
    out: Path,
    suite: Suite,
    jobs: int,
    resume: bool,
    time_limit: float,
    levels: tuple[float, ...],
) -> tuple[TaskResult, ...]:
    from benchmark.evaluation import run_suite

    with _progress() as progress:
        return run_suite(
            predictors, tasks, out, suite=suite.name, jobs=jobs, resume=resume, time_limit=time_limit, levels=levels, progress=progress
        )


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        handle = bar.add_task("", total=None)

        def update(done: int, total: int, what: str) -> None:
            bar.update(handle, completed=done, total=total, description=what)

        yield update


def _print_board(
    results: tuple[TaskResult, ...], suite: Suite, tasks: tuple[Task, ...], track: str | None, form: Format, top: int | None = None
) -> None:
    from leaderboard.report import render
    from scalingbench.board import board_of, protocol_board

    if suite.protocol is not None:
        print(protocol_board(results, suite, tasks, form, top))
        return
    board = board_of(results, suite, tasks, track)
    print(render(board if top is None else replace(board, rows=board.rows.head(top)), form))


def _exit_with(results: tuple[TaskResult, ...]) -> None:
    from scalingbench.board import failures_of

    failures = failures_of(results)
    for line in failures:
        _say(f"failed: {line}")
    if failures:
        raise typer.Exit(1)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _say_fetch_only(suite: Suite) -> None:
    if suite.fetch_only:
        names = ", ".join(suite.fetch_only)
        _say(f"left out, not redistributable: {names}; name it with --collections to build and run it from its pinned files")


def _committed(suite: str) -> tuple[str, ...]:
    """Return the predictors with committed results of a suite."""
    from benchmark.results import load_results
    from leaderboard.committed import committed_folder

    return tuple(dict.fromkeys(r.predictor for r in load_results(committed_folder(suite))))


def _split(names: str | None) -> tuple[str, ...] | None:
    return tuple(n.strip() for n in names.split(",") if n.strip()) if names else None


def main() -> None:
    """Run the command; turn bad input into one line and exit status 2."""
    import logging

    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    try:
        app()
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if not _is_input_error(error):
            raise
        _say(f"error: {error}")
        sys.exit(2)


def _is_input_error(error: Exception) -> bool:
    homes = ("benchmark.errors", "predictors.errors")
    return any(kind.__module__ in homes for kind in type(error).__mro__) or isinstance(error, OSError)
