"""Commands for a practitioner's own runs: forecast a large run, allocate a compute budget, plan the next runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from scalingbench.cli.console import say
from scalingbench.cli.options import Json
from scalingbench.common.defaults import DEFAULT_PREDICTOR, ERROR_LIMIT, MOST_RUNS, PLAN_LAW, WITHIN
from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    from scalingbench.forecasting.reading import Runs
    from scalingbench.forecasting.records import Forecast, Plan

__all__ = ["COMMANDS"]

Pairs = Sequence[str] | None
Table = Annotated[
    str, typer.Argument(help="CSV, TSV, JSON, JSON-lines or Parquet table of runs, '-' for standard input, or the folder of a tracker.")
]
Target = Annotated[str, typer.Option("--target", help="The run to predict, e.g. params=7B,tokens=1.4T; also by the headers of the table.")]
Predictor = Annotated[str, typer.Option("--predictor", help="A registered name.")]
Metric = Annotated[str | None, typer.Option("--metric", help="The metric, if the table has several.")]
Curve = Annotated[str | None, typer.Option("--curve", help="The curve, if the table has several.")]
Map = Annotated[
    list[str] | None, typer.Option("--map", help="HEADER=NAME: meaning of a column, e.g. val/loss=value; 'ignore' leaves it out.")
]
Unit = Annotated[list[str] | None, typer.Option("--unit", help="NAME=NUMBER: unit of a column, e.g. params=1e6 for millions.")]
Where = Annotated[list[str] | None, typer.Option("--where", help="HEADER=CELL: keep only the rows with this cell.")]
Decimal = Annotated[str | None, typer.Option("--decimal", help="Decimal mark, '.' or ',', of columns whose cells do not show it.")]
Checkpoints = Annotated[bool, typer.Option("--checkpoints", help="Use every row of a run, not only its last.")]
Tolerance = Annotated[
    float, typer.Option("--tolerance", help="Relative error above which a forecast is useless; the threshold of warnings.")
]
Force = Annotated[bool, typer.Option("--force", help="Predict even if a rule refuses to.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Plot to write: .png, .svg or .pdf.")]
Report = Annotated[Path | None, typer.Option("--report", help="Self-contained report to write: .html.")]


def forecast(
    table: Table,
    target: Target,
    predictor: Predictor = DEFAULT_PREDICTOR,
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    decimal: Decimal = None,
    checkpoints: Checkpoints = False,
    tolerance: Tolerance = ERROR_LIMIT,
    force: Force = False,
    plot: Plot = None,
    report: Report = None,
    register: Annotated[
        Path | None, typer.Option("--register", help="Book of forecasts to append this one to; 'forecasts score' scores it later.")
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="Name of the question in the book, e.g. lab/loss/7b.")] = None,
    as_json: Json = False,
) -> None:
    """Predict a large run from a table of small ones, with an interval, notes and warnings."""
    from scalingbench.forecasting.forecast import forecast_of
    from scalingbench.forecasting.query import make_query, parse_target

    parse_target(target, headers=_pairs("--map", names))  # a bad option is reported before a file is read
    runs = _read(table, (names, units, where, decimal), metric, curve, checkpoints)
    query = make_query(runs, target)
    found = _answer(lambda: forecast_of(query, predictor, tolerance=tolerance, force=force), runs, as_json, plot, report)
    if register is not None:
        from scalingbench.forecasting.registering import register_forecast

        entry = register_forecast(found, register, question=question)
        say(f"{register}: {entry.question} registered at {entry.registered_at} ({entry.hash[:12]})")


def allocate(
    table: Table,
    flops: Annotated[str, typer.Option("--flops", help="Compute budget, e.g. 1e23, for training and for --inference-tokens.")],
    predictor: Predictor = DEFAULT_PREDICTOR,
    max_params: Annotated[str | None, typer.Option("--max-params", help="Largest model, e.g. 70B.")] = None,
    max_tokens: Annotated[str | None, typer.Option("--max-tokens", help="Available training tokens, e.g. 2T.")] = None,
    inference_tokens: Annotated[
        str | None, typer.Option("--inference-tokens", help="Tokens that the model will process after training, within the same budget.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Values of further variables, e.g. unique_tokens=1e11.")] = None,
    within: Annotated[float, typer.Option("--within", help="Relative distance from the best loss that counts as equally good.")] = WITHIN,
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    decimal: Decimal = None,
    checkpoints: Checkpoints = False,
    tolerance: Tolerance = ERROR_LIMIT,
    force: Force = False,
    plot: Plot = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Split a compute budget between parameters and tokens."""
    from scalingbench.forecasting.allocate import allocate as allocate_runs

    limits = {"max_params": max_params, "max_tokens": max_tokens, "inference_tokens": inference_tokens}
    given = {name: _number(f"--{name.replace('_', '-')}", text) for name, text in limits.items() if text is not None}
    budget = _number("--flops", flops)
    runs = _read(table, (names, units, where, decimal), metric, curve, checkpoints)
    options: dict[str, Any] = {"at": at, "within": within, "tolerance": tolerance, "force": force, **given}
    _answer(lambda: allocate_runs(runs, budget, predictor=predictor, **options), runs, as_json, plot, report)


def plan(
    table: Annotated[str | None, typer.Argument(help="Finished runs, as for forecast; without them the plan is a ladder.")] = None,
    budget: Annotated[str, typer.Option("--budget", help="FLOPs of the planned runs, e.g. 1e20.")] = "",
    target: Target = "",
    most: Annotated[int, typer.Option("--most", help="Largest number of runs.")] = MOST_RUNS,
    law: Annotated[str, typer.Option("--law", help="The law whose uncertainty at the target is reduced.")] = PLAN_LAW,
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    decimal: Decimal = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Choose the next runs within a compute budget: a table to fill in, on standard output."""
    from scalingbench.forecasting.plan import plan as plan_runs

    for option, given in (("--budget", budget), ("--target", target)):
        if not given:
            raise InputError(f"{option}: is required, e.g. --budget 1e20 --target params=7B,tokens=1T")
    flops = _number("--budget", budget)
    runs = None if table is None else _read(table, (names, units, where, decimal), metric, curve, False)
    if runs is not None:
        say(str(runs))
    found = plan_runs(runs, budget=flops, target=target, most=most, law=law)
    print(json.dumps(found.as_dict(), indent=2) if as_json else found.as_csv())
    if not as_json:
        say("\n".join(found.summary()))
    _draw(found, plot)


def _number(option: str, text: str) -> float:
    from scalingbench.forecasting.numbers import number_of

    value = number_of(text)
    if value is None or not 0 < value < float("inf"):
        raise InputError(f"{option}: expected a positive number such as 1e9 or 7B, got {text!r}")
    return value


def _draw(found: Forecast | Plan, path: Path | None) -> None:
    if path is not None:
        from scalingbench.forecasting.pictures import plot

        plot(found, path)
        say(f"{path}: written")


def _read(table: str, columns: tuple[Pairs, Pairs, Pairs, str | None], metric: str | None, curve: str | None, checkpoints: bool) -> Runs:
    """Read a table by the options ``--map``, ``--unit``, ``--where`` and ``--decimal``."""
    from scalingbench.forecasting.reading import Options, read_runs

    names, units, where = (_pairs(option, given) for option, given in zip(("--map", "--unit", "--where"), columns[:3], strict=True))
    if columns[3] not in (None, ".", ","):
        raise InputError(f"--decimal: expected '.' or ',', got {columns[3]!r}")
    scales = {name: _number(f"--unit {name}={text}", text) for name, text in units.items()}
    return read_runs(table, Options(names, scales, where, metric, curve, checkpoints, cast(Any, columns[3])))


def _pairs(option: str, given: Pairs) -> dict[str, str]:
    """Return ``LEFT=RIGHT`` options as a mapping; the last '=' separates them, because a header can have one."""
    found = {}
    for text in given or ():
        left, equals, right = text.rpartition("=")
        if not equals or not left.strip() or not right.strip():
            raise InputError(f"{option}: expected LEFT=RIGHT, got {text!r}")
        found[left.strip()] = right.strip()
    return found


def _answer(make: Callable[[], Forecast], runs: Runs, as_json: bool, plot: Path | None, report: Path | None) -> Forecast:
    """Print how the table was read (on standard error), then the answer (on standard output)."""
    from scalingbench.forecasting.cautions import Refused

    say(str(runs))
    try:
        found = make()
    except Refused as refused:
        if as_json:
            print(json.dumps({"refused": True, "cautions": [c.as_dict() for c in refused.cautions], "data": runs.as_dict()}, indent=2))
        raise
    print(json.dumps(found.as_dict(), indent=2) if as_json else found)
    _draw(found, plot)
    if report is not None:
        from scalingbench.forecasting.report import report as write

        write(found, report, command=" ".join(["scalingbench", *sys.argv[1:]]))
        say(f"{report}: written")
    return found


def read(
    table: Table,
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    decimal: Decimal = None,
    checkpoints: Checkpoints = False,
    as_json: Json = False,
) -> None:
    """Show how a table is read: columns, units, runs, rows left out, budget; no law is fitted."""
    runs = _read(table, (names, units, where, decimal), metric, curve, checkpoints)
    print(json.dumps(runs.as_dict(), indent=2) if as_json else runs.understood())


def example(name: Annotated[str | None, typer.Argument(help="Its name; without one the examples are listed.")] = None) -> None:
    """Print an example table of runs, made from a stated law: scalingbench example base > runs.csv."""
    from scalingbench.forecasting.examples import EXAMPLES, example_text

    if name is not None:
        print(example_text(name), end="")
        return
    width = max(len(e.name) for e in EXAMPLES)
    print("\n".join(f"{e.name:<{width}}  {e.what}" for e in EXAMPLES))


COMMANDS: dict[str, Callable[..., None]] = {"read": read, "forecast": forecast, "allocate": allocate, "plan": plan, "example": example}
