"""The command that forecasts the end of a run that is training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from scalingbench.cli.console import print_answer, say
from scalingbench.cli.options import Json
from scalingbench.cli.table_options import TableReader, positive, reads_a_table
from scalingbench.common.errors import InputError

__all__ = ["COMMANDS"]


@reads_a_table
def watch(
    read: TableReader,
    run: Annotated[
        str, typer.Argument(help="trainer_state.json, the folder of a tracker, or a table with steps and values; '-' for standard input.")
    ],
    until: Annotated[
        str | None, typer.Option("--until", help="Where training ends, e.g. 20000 steps; by default the trainer's plan.")
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option("--schedule", help="Learning rate to come: constant, linear, cosine or wsd=0.8; cosine:0.1 ends at a tenth."),
    ] = None,
    finished: Annotated[
        str | None, typer.Option("--with", help="Cheaper finished runs of the same recipe, with their evaluations.")
    ] = None,
    name: Annotated[str | None, typer.Option("--run", help="The run, if the table has several.")] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="Relative improvement below which little is left to come.")] = 0.005,
    as_json: Json = False,
) -> None:
    """Forecast the end of a run that is training, at each evaluation, and say when little is left to come."""
    from scalingbench.forecasting.rate_schedules import parse_schedule

    end = None if until is None else positive("--until", until)
    if schedule is not None:
        parse_schedule(schedule)  # a bad option is reported before a file is read
    if not threshold > 0:
        raise InputError(f"--threshold: expected a positive number, got {threshold!r}")
    from scalingbench.forecasting.watch import watch as watch_run

    runs = read(run, history=True)
    say(str(runs))
    others = None if finished is None else read(finished, history=True)
    found = watch_run(runs, until=end, schedule=schedule, finished=others, name=name, threshold=threshold)
    print_answer("watch", found.as_dict(), found, as_json)


COMMANDS: dict[str, Callable[..., None]] = {"watch": watch}
