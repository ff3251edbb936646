"""``scalingbench forecasts``: forecasts registered before their outcome, and their scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalingbench.cli.console import print_answer, print_records, say, shown_records, split_names
from scalingbench.cli.options import Json
from scalingbench.common.defaults import DEFAULT_PREDICTOR
from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    from scalingbench.leaderboard.forecasts.book import Book
    from scalingbench.leaderboard.forecasts.records import Draft, Registration

__all__ = ["app", "score_forecast"]

app = typer.Typer(help="Forecasts registered before their outcome: list, register, resolve, score.")

_MAJOR = ("question", "registered", "status")
Folder = Annotated[Path | None, typer.Option("--book", help="Folder of the book; by default the project's own.")]
QuestionName = Annotated[str | None, typer.Option("--question", help="Only this question.")]
Values = Annotated[list[float] | None, typer.Option("--value", help="Outcome; repeat it for repeats of the run.")]
Source = Annotated[str, typer.Option("--source", help="Source of the outcome.")]
Date = Annotated[str | None, typer.Option("--date", help="Date of the outcome, YYYY-MM-DD, or its time in UTC, YYYY-MM-DDTHH:MM:SSZ.")]


@app.callback(invoke_without_command=True)
def forecasts(
    context: typer.Context,
    only_open: Annotated[bool, typer.Option("--open", help="Only questions without an outcome.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Each question of a designed world in its own row.")] = False,
    question: QuestionName = None,
    book: Folder = None,
    as_json: Json = False,
) -> None:
    """List the questions with their forecasts, after a check of every hash in the chain."""
    if context.invoked_subcommand is not None:
        return
    from scalingbench.leaderboard.forecasts.listing import count_origins, list_questions

    found = _existing(book)
    rows = list_questions(found, only_open=only_open, fold=not every) if question is None else _forecasters(found, question)
    chain = {"registrations": len(found.registrations), "head": found.head, "unbroken": True}
    below = f"chain of {chain['registrations']} registrations, unbroken, head {found.head[:12]}"
    origins = count_origins(found)
    counts = f"{shown_records(origins)}\n\n" if question is None else ""
    text = f"{shown_records(rows, _MAJOR if question is None else ())}\n\n{counts}{below}"
    print_answer("forecasts", {"forecasts": rows, "origins": origins, "chain": chain}, text, as_json)


def _existing(folder: Path | None) -> Book:
    from scalingbench.leaderboard.forecasts.book import load_book

    if folder is not None and not folder.is_dir():
        raise InputError(f"--book: {folder}: no such folder")
    return load_book(folder)


def _forecasters(book: Book, question: str) -> list[dict[str, Any]]:
    """Return every forecast value of a question, in the order of targets."""
    rows = [
        {
            "target": target.name,
            "forecaster": entry.forecaster,
            "kind": entry.kind,
            "registered": entry.registered_at,
            "cut-off": entry.data_cutoff,
            "forecast": target.point,
            "10 %": target.quantiles.get("0.1"),
            "90 %": target.quantiles.get("0.9"),
        }
        for entry in book.of(question)
        for target in entry.targets
    ]
    return sorted(rows, key=lambda row: str(row["target"]))


@app.command()
def register(
    file: Annotated[Path, typer.Argument(help="A forecast as JSON, or a table of runs as 'forecast' reads it.")],
    question: Annotated[str | None, typer.Option("--question", help="Of a table: name of the question, e.g. lab/loss/7b.")] = None,
    target: Annotated[list[str] | None, typer.Option("--target", help="Of a table: NAME:params=7e9,tokens=2e12; may be repeated.")] = None,
    predictors: Annotated[str, typer.Option("--predictors", help="Of a table: registered names.")] = DEFAULT_PREDICTOR,
    metric: Annotated[str | None, typer.Option("--metric", help="Of a table: which metric.")] = None,
    curve: Annotated[str | None, typer.Option("--curve", help="Of a table: which curve.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="Of a table: unit of the metric.")] = "nats",
    what: Annotated[str, typer.Option("--what", help="Of a table: the question in a sentence.")] = "",
    by_hand: Annotated[bool, typer.Option("--by-hand", help="Of a table: its rows were transcribed from a text.")] = False,
    book: Folder = None,
    as_json: Json = False,
) -> None:
    """Append forecasts to the chain: one from a JSON file, or one per predictor from a table."""
    from scalingbench.leaderboard.forecasts.book import read_draft
    from scalingbench.leaderboard.forecasts.book import register as append

    if file.suffix == ".json":
        added = append([read_draft(file)], book)
    else:
        if question is None or not target:
            raise InputError(f"{file}: a table needs --question and at least one --target")
        from scalingbench.forecasting.reading import Options, read_runs
        from scalingbench.forecasting.registering import Question, parse_targets

        targets = parse_targets(target)
        runs = read_runs(file, Options(metric=metric, curve=curve))
        described = Question(question, what or question, unit, runs, targets, by_hand=by_hand)
        added = append(_drafts(described, split_names(predictors) or ()), book)
    print_answer("forecasts register", [_registered(entry) for entry in added], "\n".join(map(_line, added)), as_json)


def _registered(entry: Registration) -> dict[str, Any]:
    points = {t.name: t.point for t in entry.targets}
    return {"number": entry.number, "question": entry.question, "forecaster": entry.forecaster, "forecasts": points, "hash": entry.hash}


def _line(entry: Registration) -> str:
    points = ", ".join(f"{t.name} {t.point:.5g}" for t in entry.targets)
    return f"{entry.number:04d} {entry.question} {entry.forecaster}: {points} ({entry.hash[:12]})"


def _drafts(question: Any, predictors: tuple[str, ...]) -> list[Draft]:
    from scalingbench.forecasting.registering import Failure, drafts

    found = []
    for draft in drafts(question, predictors):
        if isinstance(draft, Failure):
            raise InputError(f"{draft.predictor}: {draft.message}; nothing was registered")
        found.append(draft)
    return found


@app.command()
def resolve(
    question: Annotated[str, typer.Argument(help="Name of the question.")],
    source: Source,
    target: Annotated[str, typer.Option("--target", help="The target of the outcome.")],
    value: Values = None,
    date: Date = None,
    started: Annotated[str | None, typer.Option("--started", help="When the run started; later forecasts are marked late.")] = None,
    void: Annotated[bool, typer.Option("--void", help="The run will not exist as it was described.")] = False,
    note: Annotated[str, typer.Option("--note", help="Remark for readers.")] = "",
    book: Folder = None,
    as_json: Json = False,
) -> None:
    """Enter an outcome. Registrations do not change."""
    from pydantic import ValidationError

    from scalingbench.common.messages import first_problem
    from scalingbench.leaderboard.forecasts.book import resolve as enter
    from scalingbench.leaderboard.forecasts.records import Outcome

    try:
        outcome = Outcome(
            target=target,
            values=tuple(value or ()),
            date=date,
            started=started,
            source=source,
            status="void" if void else "resolved",
            note=note,
        )
    except ValidationError as error:
        raise InputError(f"outcome: {first_problem(error)}") from None
    path = str(enter(question, [outcome], book))
    print_answer("forecasts resolve", {"path": path}, path, as_json)


@app.command()
def score(
    question: QuestionName = None,
    value: Values = None,
    source: Source = "",
    date: Date = None,
    by_target: Annotated[bool, typer.Option("--by-target", help="One row per target.")] = False,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Largest number of forecasters per question.")] = None,
    book: Folder = None,
    as_json: Json = False,
) -> None:
    """Score the forecasts with a known outcome; --value first enters the outcome of --question, or of the only open question."""
    from scalingbench.leaderboard.forecasts.book import enter
    from scalingbench.leaderboard.forecasts.scores import score_forecasts, score_targets

    found = _existing(book)
    if value:
        question, by_target = enter(tuple(value), book, question=question, source=source, date=date), True
        found = _existing(book)
    chosen = [question] if question is not None else None
    table = score_targets(found, chosen) if by_target else score_forecasts(found, chosen)
    if top is not None and not by_target:
        table = table.groupby("question", sort=False).head(top)
    if table.empty:
        say("no forecast has an outcome yet")
    print_records("forecasts score", table.astype(object).where(table.notna(), None).to_dict("records"), as_json)


def score_forecast(
    book: Annotated[Path, typer.Argument(help="Book of forecasts.")],
    value: Annotated[list[float], typer.Option("--value", help="Outcome; repeat it for repeats of the run.")],
    question: QuestionName = None,
    source: Source = "",
    date: Date = None,
    as_json: Json = False,
) -> None:
    """Enter an outcome and score its forecasts: the old name of 'forecasts score --value'."""
    score(question=question, value=value, source=source, date=date, book=book, as_json=as_json)
