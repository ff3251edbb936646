"""``scalingbench forecasts``: what was forecast before its outcome was known, and how it came out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scalingbench.cli.console import say, split_names
from scalingbench.cli.options import Json
from scalingbench.common.errors import InputError

if TYPE_CHECKING:
    from scalingbench.leaderboard.forecasts.book import Book
    from scalingbench.leaderboard.forecasts.making import Question

__all__ = ["app"]

app = typer.Typer(help="Forecasts registered before their outcome: list, register, resolve, score.")

Folder = Annotated[Path | None, typer.Option("--book", help="Folder of the book; by default the project's own.")]
Question_ = Annotated[str | None, typer.Option("--question", help="Only this question.")]


@app.callback(invoke_without_command=True)
def forecasts(
    context: typer.Context,
    only_open: Annotated[bool, typer.Option("--open", help="Only questions without an outcome.")] = False,
    question: Question_ = None,
    book: Folder = None,
    as_json: Json = False,
) -> None:
    """List the questions, who forecast them and when; every hash of the chain is checked."""
    if context.invoked_subcommand is not None:
        return
    from scalingbench.cli.listings import print_rows

    found = _existing(book)
    rows = _questions(found, only_open) if question is None else _forecasters(found, question)
    chain = {"registrations": len(found.registrations), "head": found.head, "unbroken": True}
    if as_json:
        print(json.dumps({"forecasts": rows, "chain": chain}, indent=2))
        return
    print_rows(rows, as_json)
    print(f"\nchain of {chain['registrations']} registrations, unbroken, head {found.head[:12]}")


def _existing(folder: Path | None) -> Book:
    from scalingbench.leaderboard.forecasts.book import load_book

    if folder is not None and not folder.is_dir():
        raise InputError(f"--book: {folder}: no such folder")
    return load_book(folder)


def _questions(book: Book, only_open: bool) -> list[dict[str, Any]]:
    rows = []
    for name in book.questions:
        entries, status = book.of(name), book.status(name)
        if only_open and status not in ("open", "partly resolved"):
            continue
        kinds = [entry.kind for entry in entries]
        moments = sorted(entry.registered_at[:10] for entry in entries if entry.registered_at and entry.kind != "replay")
        rows.append(
            {
                "question": name,
                **{kind: kinds.count(kind) for kind in ("registered", "recorded", "replay")},
                "targets": len({t.name for entry in entries for t in entry.targets}),
                "first": moments[0] if moments else None,
                "status": status,
                "what": entries[0].what,
            }
        )
    return rows


def _forecasters(book: Book, question: str) -> list[dict[str, Any]]:
    """Return every value forecast for a question, target by target."""
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
    file: Annotated[Path, typer.Argument(help="A forecast as JSON, or a table of runs (.csv, .parquet) for predictors to forecast from.")],
    question: Annotated[str | None, typer.Option("--question", help="Of a table: name of the question, e.g. lab/loss/7b.")] = None,
    target: Annotated[list[str] | None, typer.Option("--target", help="Of a table: NAME:params=7e9,tokens=2e12; may be repeated.")] = None,
    predictors: Annotated[str, typer.Option("--predictors", help="Of a table: registered names.")] = "autolaw",
    metric: Annotated[str | None, typer.Option("--metric", help="Of a table: which metric.")] = None,
    curve: Annotated[str | None, typer.Option("--curve", help="Of a table: which curve.")] = None,
    unit: Annotated[str, typer.Option("--unit", help="Of a table: unit of the metric.")] = "nats",
    what: Annotated[str, typer.Option("--what", help="Of a table: the question in a sentence.")] = "",
    by_hand: Annotated[bool, typer.Option("--by-hand", help="Of a table: its rows were typed in from a text.")] = False,
    book: Folder = None,
) -> None:
    """Append forecasts to the chain: one from a JSON file, or one per predictor from a table."""
    from scalingbench.leaderboard.forecasts.book import read_draft
    from scalingbench.leaderboard.forecasts.book import register as append

    if file.suffix == ".json":
        added = append([read_draft(file)], book)
    else:
        if question is None or not target:
            raise InputError(f"{file}: a table needs --question and at least one --target")
        from scalingbench.leaderboard.forecasts.tables import question_of

        asked = question_of(file, question, target, metric=metric, curve=curve, unit=unit, what=what, by_hand=by_hand)
        added = append(_made(asked, split_names(predictors) or ()), book)
    for entry in added:
        points = ", ".join(f"{t.name} {t.point:.5g}" for t in entry.targets)
        print(f"{entry.number:04d} {entry.question} {entry.forecaster}: {points} ({entry.hash[:12]})")


def _made(question: Question, names: tuple[str, ...]) -> list[Any]:
    from importlib.metadata import version

    from scalingbench.leaderboard.forecasts.making import Failure, drafts, now
    from scalingbench.predictors.registry import get

    entries, software = [get(name) for name in names], f"scalingbench {version('scalingbench')}"
    made = list(drafts(question, entries, kind="registered", registered_at=now(), software=software))
    for failure in (m for m in made if isinstance(m, Failure)):
        raise InputError(f"{failure.predictor}: {failure.message}; nothing was registered")
    return made


@app.command()
def resolve(
    question: Annotated[str, typer.Argument(help="Name of the question.")],
    source: Annotated[str, typer.Option("--source", help="Where the outcome was read.")],
    target: Annotated[str, typer.Option("--target", help="Which target came out.")],
    value: Annotated[list[float] | None, typer.Option("--value", help="Outcome; repeat it for repeats of the run.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="When it was known, YYYY-MM-DD.")] = None,
    void: Annotated[bool, typer.Option("--void", help="The run will not exist as it was described.")] = False,
    note: Annotated[str, typer.Option("--note", help="Anything a reader must know.")] = "",
    book: Folder = None,
) -> None:
    """Enter an outcome beside the chain; no registration changes."""
    from pydantic import ValidationError

    from scalingbench.common.messages import first_problem
    from scalingbench.leaderboard.forecasts.book import resolve as enter
    from scalingbench.leaderboard.forecasts.records import Outcome

    try:
        outcome = Outcome(
            target=target, values=tuple(value or ()), date=date, source=source, status="void" if void else "resolved", note=note
        )
    except ValidationError as error:
        raise InputError(f"outcome: {first_problem(error)}") from None
    print(enter(question, [outcome], book))


@app.command()
def score(
    question: Question_ = None,
    by_target: Annotated[bool, typer.Option("--by-target", help="One row per target.")] = False,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only so many forecasters of each question.")] = None,
    book: Folder = None,
    as_json: Json = False,
) -> None:
    """Score the forecasts whose outcome is known, forecasters of one question side by side."""
    from scalingbench.cli.listings import print_rows
    from scalingbench.leaderboard.forecasts.scores import score_forecasts, score_targets

    found = _existing(book)
    chosen = [question] if question is not None else None
    table = score_targets(found, chosen) if by_target else score_forecasts(found, chosen)
    if top is not None and not by_target:
        table = table.groupby("question", sort=False).head(top)
    if table.empty:
        say("no forecast has an outcome yet")
    print_rows(table.astype(object).where(table.notna(), None).to_dict("records"), as_json)
