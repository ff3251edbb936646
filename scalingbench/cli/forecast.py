"""Commands for a practitioner's own runs: what a large run will give, how to split a budget, which runs to make."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalingbench.cli.console import say
from scalingbench.cli.options import Json
from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    from scalingbench.forecasting.cautions import Caution
    from scalingbench.forecasting.reading import Runs

__all__ = ["COMMANDS"]

Table = Annotated[
    str, typer.Argument(help="CSV, TSV, JSON, JSON-lines or Parquet table of runs, '-' for standard input, or the folder of a tracker.")
]
Target = Annotated[str, typer.Option("--target", help="The run to predict, e.g. params=7B,tokens=1.4T.")]
Predictor = Annotated[str, typer.Option("--predictor", help="A registered name.")]
Metric = Annotated[str | None, typer.Option("--metric", help="Which metric, where the table has several.")]
Curve = Annotated[str | None, typer.Option("--curve", help="Which curve, where the table has several.")]
Map = Annotated[list[str] | None, typer.Option("--map", help="HEADER=NAME: what a column is, e.g. val/loss=value; 'ignore' leaves it out.")]
Unit = Annotated[list[str] | None, typer.Option("--unit", help="NAME=NUMBER: what one unit of a column is, e.g. params=1e6.")]
Where = Annotated[list[str] | None, typer.Option("--where", help="HEADER=CELL: keep only the rows that have it.")]
Checkpoints = Annotated[bool, typer.Option("--checkpoints", help="Use every row of a run, not only its last.")]
Tolerance = Annotated[float, typer.Option("--tolerance", help="Error that would make the answer useless; warnings are set to it.")]
Force = Annotated[bool, typer.Option("--force", help="Answer also where a rule refuses.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Picture to write: .png, .svg or .pdf.")]
Report = Annotated[Path | None, typer.Option("--report", help="One self-contained page to write: .html.")]


def forecast(
    table: Table,
    target: Target,
    predictor: Predictor = "autolaw",
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    checkpoints: Checkpoints = False,
    tolerance: Tolerance = 0.1,
    force: Force = False,
    plot: Plot = None,
    report: Report = None,
    register: Annotated[
        Path | None, typer.Option("--register", help="Book of forecasts to append it to; score it later with 'score-forecast'.")
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="Name under which it is registered, e.g. lab/loss/7b.")] = None,
    as_json: Json = False,
) -> None:
    """Predict a large run from a table of small ones, and say whether to believe it."""
    from scalingbench.forecasting.forecast import forecast_of
    from scalingbench.forecasting.problem import make_problem, parse_target

    parse_target(target)  # a bad option is named before a file is read
    runs = _read(table, names, units, where, metric, curve, checkpoints)
    problem = make_problem(runs, target)
    found = _answer(lambda: forecast_of(problem, predictor, tolerance=tolerance, force=force), runs, as_json, plot, report)
    if register is not None:
        from scalingbench.forecasting.registering import register_forecast

        entry = register_forecast(found, register, question=question)
        say(f"{register}: {entry.question} registered at {entry.registered_at} ({entry.hash[:12]})")


def score_forecast(
    book: Annotated[Path, typer.Argument(help="Book of forecasts, as 'forecast --register' wrote it.")],
    value: Annotated[list[float], typer.Option("--value", help="What the run gave; repeat it for repeats of the run.")],
    question: Annotated[str | None, typer.Option("--question", help="Which; by default the only one that is open.")] = None,
    source: Annotated[str, typer.Option("--source", help="Where the outcome was read.")] = "",
    date: Annotated[str | None, typer.Option("--date", help="When it was known, YYYY-MM-DD.")] = None,
    as_json: Json = False,
) -> None:
    """Enter what a run gave, and score the forecasts that were registered of it."""
    from scalingbench.cli.listings import print_rows
    from scalingbench.forecasting.registering import score_forecast as score

    table = score(book, tuple(value), question=question, source=source, date=date)
    print_rows(table.astype(object).where(table.notna(), None).to_dict("records"), as_json)


def allocate(
    table: Table,
    flops: Annotated[str, typer.Option("--flops", help="The budget, e.g. 1e23; training, and inference where it is given.")],
    predictor: Predictor = "autolaw",
    max_params: Annotated[str | None, typer.Option("--max-params", help="Largest model that may be, e.g. 70B.")] = None,
    max_tokens: Annotated[str | None, typer.Option("--max-tokens", help="Data that there are, e.g. 2T.")] = None,
    inference_tokens: Annotated[
        str | None, typer.Option("--inference-tokens", help="Tokens that the model will process in its life, paid from the same budget.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Values of further variables, e.g. unique_tokens=1e11.")] = None,
    within: Annotated[float, typer.Option("--within", help="Distance from the best loss that is still as good.")] = 0.005,
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    checkpoints: Checkpoints = False,
    tolerance: Tolerance = 0.1,
    force: Force = False,
    plot: Plot = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """Split a budget between parameters and tokens."""
    from scalingbench.forecasting.allocate import Budget, allocate_runs

    budget = Budget(
        _number("--flops", flops) or 0.0,
        _number("--max-params", max_params),
        _number("--max-tokens", max_tokens),
        _number("--inference-tokens", inference_tokens) or 0.0,
    )
    runs = _read(table, names, units, where, metric, curve, checkpoints)
    _answer(
        lambda: allocate_runs(runs, budget, predictor, at=at, within=within, tolerance=tolerance, force=force), runs, as_json, plot, report
    )


def plan(
    table: Annotated[str | None, typer.Argument(help="Runs made so far, as for forecast; without any, a ladder is proposed.")] = None,
    budget: Annotated[str, typer.Option("--budget", help="FLOPs for the runs to come, e.g. 1e20.")] = "",
    target: Target = "",
    most: Annotated[int, typer.Option("--most", help="Runs at most.")] = 12,
    law: Annotated[str, typer.Option("--law", help="Whose uncertainty at the target is reduced.")] = "chinchilla[huber-log]",
    metric: Metric = None,
    curve: Curve = None,
    names: Map = None,
    units: Unit = None,
    where: Where = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Say which runs to make with a budget: a table to fill in, on standard output."""
    from scalingbench.forecasting.plan import plan as plan_runs

    for option, given in (("--budget", budget), ("--target", target)):
        if not given:
            raise InputError(f"{option}: is needed; e.g. --budget 1e20 --target params=7B,tokens=1T")
    flops = _number("--budget", budget) or 0.0
    runs = None if table is None else _read(table, names, units, where, metric, curve, False)
    if runs is not None:
        say(str(runs))
    found = plan_runs(runs, budget=flops, target=target, most=most, law=law)
    print(json.dumps(found.as_dict(), indent=2) if as_json else found.as_csv())
    if not as_json:
        say("\n".join(found.summary()))
    if plot is not None:
        found.plot(plot)
        say(f"{plot}: written")


def _number(option: str, text: str | None) -> float | None:
    from scalingbench.forecasting.numbers import number_of

    if text is None:
        return None
    value = number_of(text)
    if value is None or not 0 < value < float("inf"):
        raise InputError(f"{option}: expected a positive number such as 1e9 or 7B, got {text!r}")
    return value


def _read(
    table: str,
    names: Sequence[str] | None,
    units: Sequence[str] | None,
    where: Sequence[str] | None,
    metric: str | None,
    curve: str | None,
    checkpoints: bool,
) -> Runs:
    from scalingbench.forecasting.numbers import number_of
    from scalingbench.forecasting.reading import Options, read_runs

    numbers = {}
    for name, text in _pairs("--unit", units).items():
        value = number_of(text)
        if value is None or not 0 < value < float("inf"):
            raise InputError(f"--unit {name}={text}: expected a positive number such as 1e6")
        numbers[name] = value
    return read_runs(table, Options(_pairs("--map", names), numbers, _pairs("--where", where), metric, curve, checkpoints))


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """Return what ``LEFT=RIGHT`` options state; a header may hold '=' itself, so the last one parts them."""
    found = {}
    for text in given or ():
        left, equals, right = text.rpartition("=")
        if not equals or not left.strip() or not right.strip():
            raise InputError(f"{option}: expected LEFT=RIGHT, got {text!r}")
        found[left.strip()] = right.strip()
    return found


def _answer(make: Callable[[], Any], runs: Runs, as_json: bool, plot: Path | None, report: Path | None) -> Any:
    """Say what was understood, then answer: data on standard output, all else on standard error."""
    from scalingbench.forecasting.cautions import Refused

    say(str(runs))
    try:
        found = make()
    except Refused as refused:
        if as_json:
            print(json.dumps(_refusal(runs, refused.cautions), indent=2))
        raise
    print(json.dumps(found.as_dict(), indent=2) if as_json else found)
    if plot is not None:
        found.plot(plot)
        say(f"{plot}: written")
    if report is not None:
        found.report(report, command=" ".join(["scalingbench", *sys.argv[1:]]))
        say(f"{report}: written")
    return found


def _refusal(runs: Runs, cautions: Sequence[Caution]) -> dict[str, Any]:
    return {"refused": True, "cautions": [c.as_dict() for c in cautions], "data": runs.as_dict()}


COMMANDS: dict[str, Callable[..., None]] = {"forecast": forecast, "allocate": allocate, "plan": plan, "score-forecast": score_forecast}
