"""Commands for a practitioner's own runs: forecast a large run, allocate a compute budget, plan the next runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalingbench.cli.completion import predictor_names
from scalingbench.cli.console import print_answer, print_records, say
from scalingbench.cli.options import Json
from scalingbench.cli.table_options import TableReader, positive, reads_a_table
from scalingbench.common.defaults import DEFAULT_PREDICTOR, ERROR_LIMIT, MOST_RUNS, PLAN_LAW, WITHIN, Of
from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    from scalingbench.forecasting.design import DesignCheck
    from scalingbench.forecasting.reading import Runs
    from scalingbench.forecasting.records import Forecast, Plan

__all__ = ["COMMANDS"]

Table = Annotated[
    str, typer.Argument(help="CSV, TSV, JSON, JSON-lines or Parquet table of runs, '-' for standard input, or the folder of a tracker.")
]
Target = Annotated[str, typer.Option("--target", help="The run to predict, e.g. params=7B,tokens=1.4T; also by the headers of the table.")]
Predictor = Annotated[str, typer.Option("--predictor", help="A registered name.", autocompletion=predictor_names)]
Tolerance = Annotated[
    float, typer.Option("--tolerance", help="Relative error above which a forecast is useless; the threshold of warnings.")
]
Force = Annotated[bool, typer.Option("--force", help="Predict even if a rule refuses to.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Plot to write: .png, .svg or .pdf.")]
Report = Annotated[Path | None, typer.Option("--report", help="Report to write: a self-contained .html, or .md for a pull request.")]


@reads_a_table
def forecast(
    read: TableReader,
    table: Table,
    target: Target,
    predictor: Predictor = DEFAULT_PREDICTOR,
    tolerance: Tolerance = ERROR_LIMIT,
    chance: Annotated[float | None, typer.Option("--chance", help="Accuracy of guessing, e.g. .25: no forecast is below it.")] = None,
    of: Annotated[
        Of, typer.Option("--of", help="Interval of one new run, or of the expected value (mean) where runs are repeated.")
    ] = "run",
    force: Force = False,
    plot: Plot = None,
    report: Report = None,
    register: Annotated[
        Path | None, typer.Option("--register", help="Book of forecasts to append this one to; 'forecasts score' scores it later.")
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="Name of the question in the book, e.g. lab/loss/7b.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say in at most five sentences why each law has its weight.")] = False,
    as_json: Json = False,
) -> None:
    """Predict a large run from a table of small ones, with an interval, notes and warnings."""
    from scalingbench.forecasting.outputs import check_outputs
    from scalingbench.forecasting.targets import parse_target

    if register is not None and of != "run":
        raise InputError("--of: a registered forecast is of one new run: leave it out")
    parse_target(target, headers=read.meanings)  # a bad option is reported before a file is read, and before slow imports
    check_outputs(plot, report)
    from scalingbench.forecasting.forecast import forecast_of
    from scalingbench.forecasting.query import make_query

    runs = read(table)
    query = make_query(runs, target, chance)
    make = partial(forecast_of, query, predictor, tolerance=tolerance, force=force, of=of)
    found = _answer("forecast", make, runs, as_json=as_json, plot=plot, report=report)
    if explain and not as_json:
        typer.echo("\n".join(found.explanation))
    if register is not None:
        from scalingbench.forecasting.registering import register_forecast

        entry = register_forecast(found, register, question=question)
        say(f"{register}: {entry.question} registered at {entry.registered_at} ({entry.hash[:12]})")


@reads_a_table
def allocate(
    read: TableReader,
    table: Table,
    flops: Annotated[
        str | None, typer.Option("--flops", help="Compute budget, e.g. 1e23, for training and for --inference-tokens.")
    ] = None,
    params: Annotated[
        str | None, typer.Option("--params", help="In place of --flops: a size, e.g. 7B, and how many tokens are best.")
    ] = None,
    tokens: Annotated[str | None, typer.Option("--tokens", help="In place of --flops: tokens, e.g. 2T, and which size is best.")] = None,
    loss: Annotated[str | None, typer.Option("--loss", help="In place of --flops: a loss, and the least compute for it.")] = None,
    predictor: Predictor = DEFAULT_PREDICTOR,
    max_params: Annotated[str | None, typer.Option("--max-params", help="Largest model, e.g. 70B.")] = None,
    max_tokens: Annotated[str | None, typer.Option("--max-tokens", help="Available training tokens, e.g. 2T.")] = None,
    inference_tokens: Annotated[
        str | None, typer.Option("--inference-tokens", help="Tokens that the model will process after training, within the same budget.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Values of further variables, e.g. unique_tokens=1e11.")] = None,
    within: Annotated[float, typer.Option("--within", help="Relative distance from the best loss that counts as equally good.")] = WITHIN,
    tolerance: Tolerance = ERROR_LIMIT,
    force: Force = False,
    plot: Plot = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Split compute between parameters and tokens: of a budget, or at a size, at some tokens, or for a loss."""
    from scalingbench.forecasting.outputs import check_outputs

    sides = {"flops": flops, "params": params, "tokens": tokens, "loss": loss}
    limits = {**sides, "max_params": max_params, "max_tokens": max_tokens, "inference_tokens": inference_tokens}
    given = {name: positive(f"--{name.replace('_', '-')}", text) for name, text in limits.items() if text is not None}
    check_outputs(plot, report)
    from scalingbench.forecasting.sides import only_side

    only_side(**{side: given.get(side) for side in sides})
    from scalingbench.forecasting.allocate import allocate as allocate_runs

    runs = read(table)
    options: dict[str, Any] = {"at": at, "within": within, "tolerance": tolerance, "force": force, **given}
    make = partial(allocate_runs, runs, predictor=predictor, **options)
    _answer("allocate", make, runs, as_json=as_json, plot=plot, report=report)


@reads_a_table
def plan(
    read: TableReader,
    table: Annotated[str | None, typer.Argument(help="Finished runs, as for forecast; without them the plan is a ladder.")] = None,
    budget: Annotated[str, typer.Option("--budget", help="FLOPs of the planned runs, e.g. 1e20.")] = "",
    target: Target = "",
    most: Annotated[int, typer.Option("--most", help="Largest number of runs.")] = MOST_RUNS,
    law: Annotated[str, typer.Option("--law", help="The law whose uncertainty at the target is reduced.")] = PLAN_LAW,
    check: Annotated[
        bool, typer.Option("--check", help="Plan nothing: say what the runs can tell, and which of them carry the answer.")
    ] = False,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Choose the next runs within a compute budget: a table to fill in, on standard output."""
    from scalingbench.forecasting.outputs import check_outputs
    from scalingbench.forecasting.plan import plan as plan_runs

    if check:
        if budget:
            raise InputError("--budget: --check plans no runs: leave it out")
        _check(read, table, target, law, plot, as_json)
        return
    for option, given in (("--budget", budget), ("--target", target)):
        if not given:
            raise InputError(f"{option}: is required, e.g. --budget 1e20 --target params=7B,tokens=1T")
    flops = positive("--budget", budget)
    check_outputs(plot, None)
    runs = None if table is None else read(table)
    if runs is not None:
        say(str(runs))
    found = plan_runs(runs, budget=flops, target=target, most=most, law=law)
    print_answer("plan", found.as_dict(), found.as_csv(), as_json)
    if not as_json:
        say("\n".join(found.summary()))
    _draw(found, plot)


def _check(read: TableReader, table: str | None, target: str, law: str, plot: Path | None, as_json: bool) -> None:
    from scalingbench.forecasting.design import check_design
    from scalingbench.forecasting.outputs import check_outputs

    if table is None:
        raise InputError("--check: needs a table of runs")
    check_outputs(plot, None)
    runs = read(table)
    say(str(runs))
    found = check_design(runs, target or None, law=law)
    print_answer("plan", found.as_dict(), found, as_json)
    _draw(found, plot)


def _draw(found: Forecast | Plan | DesignCheck, path: Path | None) -> None:
    if path is not None:
        from scalingbench.forecasting.pictures import plot

        plot(found, path)
        say(f"{path}: written")


def _answer(command: str, make: Callable[[], Forecast], runs: Runs, *, as_json: bool, plot: Path | None, report: Path | None) -> Forecast:
    """Print how the table was read (on standard error), then the answer (on standard output)."""
    from scalingbench.forecasting.cautions import Refused

    say(str(runs))
    try:
        found = make()
    except Refused as refused:
        refused.data = runs.as_dict()
        raise
    print_answer(command, found.as_dict(), found, as_json)
    _draw(found, plot)
    if report is not None:
        from scalingbench.forecasting.report import report as write

        write(found, report, command=" ".join(["scalingbench", *sys.argv[1:]]))
        say(f"{report}: written")
    return found


@reads_a_table
def show_reading(read: TableReader, table: Table, as_json: Json = False) -> None:
    """Show how a table is read: columns, units, runs, rows left out, budget; no law is fitted."""
    runs = read(table)
    print_answer("read", runs.as_dict(), runs.understood(), as_json)


def example(
    name: Annotated[str | None, typer.Argument(help="Its name; without one the examples are listed.")] = None, as_json: Json = False
) -> None:
    """Print an example table of runs, made from a stated law: scalingbench example base > runs.csv."""
    from scalingbench.forecasting.examples import EXAMPLES, example_text

    if name is None:
        print_records("example", [{"name": e.name, "what": e.what} for e in EXAMPLES], as_json)
        return
    text = example_text(name)
    print_answer("example", {"name": name, "text": text}, text.removesuffix("\n"), as_json)


COMMANDS: dict[str, Callable[..., None]] = {
    "read": show_reading,
    "forecast": forecast,
    "allocate": allocate,
    "plan": plan,
    "example": example,
}
