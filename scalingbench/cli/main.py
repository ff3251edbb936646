"""The ``scalingbench`` command: data on standard output, progress and notices on standard error.

Exit status 0: success; 1: finished with failures, which are printed; 2: bad usage or bad input.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from scalingbench.cli import board, contrast, forecast, submit, watch
from scalingbench.cli.completion import predictor_names
from scalingbench.cli.console import (
    committed_names,
    execution_options,
    exit_with,
    print_answer,
    print_board,
    print_records,
    print_version,
    run_with_progress,
    say,
    say_fetch_only,
    split_names,
    terminal_width,
)
from scalingbench.cli.envelope import print_json, run_with_json_errors
from scalingbench.cli.forecasts import app as forecasts_app
from scalingbench.cli.forecasts import score_forecast
from scalingbench.cli.help import with_help
from scalingbench.cli.hub import app as hub_app
from scalingbench.cli.options import (
    CPUS,
    Backend,
    CollectionName,
    Collections,
    Fresh,
    Intervals,
    Jobs,
    Json,
    Limit,
    Out,
    Predictors,
    Resume,
    Scheduler,
    SuiteName,
    Track,
)
from scalingbench.common.defaults import DEFAULT_SUITE, LEVELS, TIME_LIMIT
from scalingbench.common.errors import InputError

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and exit.")] = False,
) -> None:
    """Scaling-law predictors on real scaling runs."""


app.add_typer(hub_app, name="hub")
app.add_typer(forecasts_app, name="forecasts")


@app.command()
def collections(as_json: Json = False) -> None:
    """List the collections, with totals."""
    from scalingbench.cli.listings import collection_rows, collection_totals

    rows = collection_rows()
    totals = collection_totals(rows)
    if as_json:
        print_json("collections", {"collections": rows, "totals": totals})
        return
    print_records("collections", rows, as_json, major=("name", "domain", "rows", "runs", "license"))
    print("\n{collections} collections ({bundled} bundled), {runs:,} runs, {rows:,} rows".format(**totals))


@app.command()
def show(
    name: CollectionName,
    orders: Annotated[bool, typer.Option("--orders", help="How often the order of two curves flips between two scales.")] = False,
    as_json: Json = False,
) -> None:
    """Describe a collection: card, variables, metrics, tasks."""
    from scalingbench.benchmark.data.names import check_collection

    check_collection(name)  # before the imports below, which take longer
    if orders:
        from scalingbench.benchmark.data.orders import order_flips
        from scalingbench.cli.console import print_table

        print_table(order_flips(name), "show", "md", as_json)
        return
    from scalingbench.benchmark.tasks.description import describe_collection
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.cli.listings import render_description

    description = describe_collection(name, load_suite(DEFAULT_SUITE))
    print_answer("show", description, render_description(description, terminal_width()), as_json)


@app.command()
def plot(
    name: CollectionName,
    out: Annotated[Path, typer.Option("--out", help="Plot to write: .png, .svg or .pdf.")],
    suite: SuiteName = DEFAULT_SUITE,
    task: Annotated[str | None, typer.Option("--task", help="A task of the suite; by default the first on the collection.")] = None,
    predictor: Annotated[
        str | None, typer.Option("--predictor", help="Law to plot; by default the best one on the task.", autocompletion=predictor_names)
    ] = None,
    as_json: Json = False,
) -> None:
    """Plot a collection: training and held-out points, and the predictions of a law."""
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.leaderboard.collection_plot import plot_collection

    drawn = plot_collection(name, load_suite(suite), out, task_id=task, predictor=predictor)
    print_answer("plot", {"path": str(out), "drawn": drawn}, drawn, as_json)


@app.command()
def predictors(track: Track = None, as_json: Json = False) -> None:
    """List the predictors."""
    from scalingbench.cli.listings import predictor_rows

    rows = predictor_rows(track)
    shown = rows if as_json else [{**row, **{key: row[key] or "any" for key in ("tracks", "variables")}} for row in rows]
    print_records("predictors", shown, as_json, major=("name", "variables"))


@app.command()
def tasks(suite: SuiteName = DEFAULT_SUITE, track: Track = None, as_json: Json = False) -> None:
    """List a suite's tasks with their role, weight and reach."""
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.cli.listings import task_rows

    chosen = load_suite(suite)
    rows = task_rows(chosen, track)
    shown = rows if as_json else [{k: v for k, v in row.items() if k != "axes"} for row in rows]
    print_records("tasks", shown, as_json, major=("task", "track", "far", "weight", "role"))
    if chosen.frozen_tasks is None:
        say_fetch_only(chosen)


@app.command()
def validate(
    table: Annotated[str, typer.Argument(help="Table of runs, as 'forecast' reads it.")],
    card: Annotated[Path | None, typer.Option("--card", help="Card that declares the table's own variables (x_<name>).")] = None,
    as_json: Json = False,
) -> None:
    """Check a table of runs: by the schema where it has the schema's names, else as 'read' reads it."""
    from scalingbench.benchmark.data.card import read_card
    from scalingbench.benchmark.data.schema import read_table
    from scalingbench.common.errors import SchemaError
    from scalingbench.forecasting.checks import read_in_place_of

    own = read_card(card).scalingbench.own_variables if card else {}
    try:
        facts: dict[str, object] = {"rows": len(read_table(table, own))}
    except SchemaError as problem:
        if card is not None:
            raise
        runs = read_in_place_of(table, problem)
        facts = {"runs": len(runs.table)}
        if not as_json:
            print(runs.understood())
    text = f"{table}: {', '.join(f'{n} {what}' for what, n in facts.items())}, no rule broken"
    print_answer("validate", {"table": str(table), **facts}, text, as_json)


@app.command()
def run(
    suite: SuiteName = DEFAULT_SUITE,
    predictors: Predictors = None,
    collections: Collections = None,
    track: Track = None,
    out: Out = Path("results"),
    jobs: Jobs = CPUS,
    backend: Backend = "local",
    scheduler: Scheduler = None,
    resume: Resume = False,
    fresh: Fresh = False,
    time_limit: Limit = TIME_LIMIT,
    intervals: Intervals = False,
    pool: Annotated[bool, typer.Option("--pool", help="Only the predictors with committed results of this suite.")] = False,
    stability: Annotated[
        bool, typer.Option("--stability", help="Also measure the effect of rounding on predictions (6 x longer).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Evaluate predictors on a suite and print the board; committed results that would come out the same are re-used."""
    from scalingbench.benchmark.evaluation.run import refuse_unwritable
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.leaderboard.committed import committed_file_of
    from scalingbench.predictors.registry import get, list_predictors

    where = execution_options(backend, scheduler)
    chosen = load_suite(suite)
    names = split_names(predictors) or (committed_names(chosen) if pool else tuple(e.name for e in list_predictors() if not e.superseded))
    chosen.entries(collections=split_names(collections), track=track)  # first, so that an unknown choice is reported before anything else
    entered = {entry.name: entry.make() for entry in map(get, names)}
    refuse_unwritable(out)
    if chosen.reference not in entered:
        entered[chosen.reference] = get(chosen.reference).make()
        say(f"{chosen.reference}: added, because its error is the unit of skill")
    if collections is None:
        say_fetch_only(chosen)
    levels = LEVELS if intervals else ()
    results = run_with_progress(
        entered,
        chosen,
        out,
        track=track,
        collections=split_names(collections),
        jobs=jobs,
        resume=resume,
        time_limit=time_limit,
        levels=levels,
        stability=stability,
        earlier=committed_file_of(chosen, entered),
        fresh=fresh,
        **where,
    )
    print_board(results, "md", as_json="run" if as_json else None)
    exit_with(results.failures)


for name, command in {**forecast.COMMANDS, **contrast.COMMANDS, **watch.COMMANDS, **board.COMMANDS, **submit.COMMANDS}.items():
    app.command(name)(command)
app.command("score-forecast", hidden=True)(score_forecast)
with_help(app)


def _interrupt(signum: int, _: object) -> NoReturn:
    raise Interrupted(signum)


class Interrupted(BaseException):
    """The process received SIGINT or SIGTERM: it ends its workers and exits."""


def main() -> None:
    """Run the command; turn bad input into one line and exit status 2."""
    import logging
    import signal

    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, _interrupt)
    try:
        if "--json" in sys.argv:
            run_with_json_errors(app, sys.argv[1:])
        app(prog_name="scalingbench")
    except Interrupted as interrupted:
        keeps = sys.argv[1:2] in (["run"], ["evaluate"])
        say("interrupted" + ("; finished results are kept, and --resume continues the run" if keeps else ""))
        sys.exit(128 + interrupted.args[0])
    except BrokenPipeError:  # the reader of the output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (InputError, OSError) as error:
        say(f"error: {error}")
        sys.exit(2)
