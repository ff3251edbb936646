"""The book of forecasts: a folder with a hash chain of registrations, and their outcomes."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import LeaderboardError, SchemaError
from scalingbench.common.files import replacing
from scalingbench.common.messages import first_problem
from scalingbench.common.names import slug, unknown_name
from scalingbench.common.variables import VARIABLES, is_variable
from scalingbench.leaderboard.forecasts.records import GENESIS, Draft, Outcome, OutcomeFile, Registration, first_second, last_second

__all__ = ["Book", "committed_book", "enter", "load_book", "read_draft", "register", "resolve"]

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Book:
    """Registrations in their order, and outcomes by question and target.

    Attributes
    ----------
    folder : Path
        Folder of the files.
    registrations : tuple of Registration
        The chain, verified on reading.
    outcomes : dict
        (Question, target) -> outcome.
    """

    folder: Path
    registrations: tuple[Registration, ...]
    outcomes: dict[tuple[str, str], Outcome]

    @property
    def head(self) -> str:
        """Hash of the last registration."""
        return self.registrations[-1].hash if self.registrations else GENESIS

    @property
    def questions(self) -> tuple[str, ...]:
        """Every question, in the order of its first registration."""
        return tuple(dict.fromkeys(r.question for r in self.registrations))

    def of(self, question: str) -> tuple[Registration, ...]:
        """Return the forecasts of a question.

        Raises
        ------
        LeaderboardError
            If there is no such question.
        """
        found = tuple(r for r in self.registrations if r.question == question)
        if not found:
            raise unknown_name("question", question, self.questions, LeaderboardError)
        return found

    def status(self, question: str) -> str:
        """Return ``open``, ``resolved``, ``partly resolved`` or ``void``."""
        names = {t.name for r in self.of(question) for t in r.targets}
        states = [self.outcomes[question, name].status if (question, name) in self.outcomes else "open" for name in sorted(names)]
        if len(set(states)) == 1:
            return states[0]
        return "partly resolved" if "open" in states else "resolved"


def committed_book() -> Path:
    """Return the folder of the project's own book."""
    return Path(str(importlib.resources.files("scalingbench.leaderboard") / "forecasts" / "book"))


def load_book(folder: Path | None = None) -> Book:
    """Read a book and verify its chain.

    Raises
    ------
    LeaderboardError
        If a file breaks the schema, was changed, or is missing; the message names the file and the rule.
    """
    folder = folder or committed_book()
    registrations = _verified(folder / "registered")
    outcomes: dict[tuple[str, str], Outcome] = {}
    forecast_targets = {(r.question, t.name) for r in registrations for t in r.targets}
    for path in sorted((folder / "outcomes").glob("*.json")):
        file = _read(path, OutcomeFile)
        for outcome in file.outcomes:
            if (file.question, outcome.target) not in forecast_targets:
                raise LeaderboardError(f"{path}: no registration forecasts {outcome.target!r} of {file.question!r}")
            outcomes[file.question, outcome.target] = outcome
    return Book(folder, registrations, outcomes)


def _verified(folder: Path) -> tuple[Registration, ...]:
    chain: list[Registration] = []
    for path in sorted(folder.glob("*.json")):
        entry = _read(path, Registration)
        before = chain[-1].hash if chain else GENESIS
        if entry.number != len(chain) + 1 or not path.name.startswith(f"{entry.number:04d}-"):
            raise LeaderboardError(f"{path}: the chain is broken: expected registration {len(chain) + 1} here; one was removed or renamed")
        if entry.computed_hash() != entry.hash:
            raise LeaderboardError(f"{path}: the chain is broken: the file was changed after it was registered (its hash differs)")
        if entry.previous != before:
            raise LeaderboardError(f"{path}: the chain is broken: 'previous' is not the hash of registration {len(chain)}")
        chain.append(entry)
    return tuple(chain)


def _read(path: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LeaderboardError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise LeaderboardError(f"{path}: not UTF-8 text") from None
    except ValidationError as error:
        raise LeaderboardError(f"{path}: {first_problem(error)}") from None


def read_draft(path: Path) -> Draft:
    """Read a forecast to be registered: a registration without number, previous and hash.

    Raises
    ------
    LeaderboardError
        If the file breaks the schema; the message names the field.
    """
    return _read(path, Draft)


def register(drafts: Iterable[Draft], folder: Path | None = None) -> tuple[Registration, ...]:
    """Append forecasts to a book's chain; all drafts are checked before the first file is written.

    Raises
    ------
    LeaderboardError
        If the book is broken, a forecaster has already answered the question, or, of a registered forecast, the outcome is
        known or the question has closed.
    """
    book = load_book(folder)
    answered = {(r.question, r.forecaster) for r in book.registrations}
    added: list[Registration] = []
    for draft in drafts:
        _check_names(draft)
        if (draft.question, draft.forecaster) in answered:
            raise LeaderboardError(f"{draft.question}: {draft.forecaster} already has a forecast of it; registrations are never replaced")
        late = [t.name for t in draft.targets if (draft.question, t.name) in book.outcomes]
        if draft.kind == "registered" and late:
            raise LeaderboardError(f"{draft.question}: the outcome of {late[0]!r} is already known; only a replay can be added")
        _check_open(draft, [r for r in (*book.registrations, *added) if r.question == draft.question])
        answered.add((draft.question, draft.forecaster))
        before = added[-1].hash if added else book.head
        entry = Registration(**draft.model_dump(), number=len(book.registrations) + len(added) + 1, previous=before, hash=GENESIS)
        added.append(entry.model_copy(update={"hash": entry.computed_hash()}))
    for entry in added:
        name = f"{entry.number:04d}-{slug(entry.question)}-{slug(entry.forecaster)}.json"
        _write(book.folder / "registered" / name, entry)
    return tuple(added)


def _check_open(draft: Draft, earlier: Sequence[Registration]) -> None:
    """Refuse a registered forecast at or after the closing time that an earlier one states, and another closing time."""
    stated = next((r for r in earlier if r.closes), None)
    if stated is None or stated.closes is None:
        return
    if draft.closes not in (None, stated.closes):
        raise LeaderboardError(f"{draft.question}: closes at {stated.closes} by registration {stated.number}, not at {draft.closes}")
    if draft.kind == "registered" and last_second(draft.registered_at or "") >= first_second(stated.closes):
        raise LeaderboardError(f"{draft.question}: closed at {stated.closes}; this forecast is of {draft.registered_at}")


def _check_names(draft: Draft) -> None:
    try:
        metric_kind(draft.metric)
    except SchemaError as error:
        raise LeaderboardError(f"{draft.question}: {error}") from None
    for target in draft.targets:
        for name in target.inputs:
            if not is_variable(name):
                raise LeaderboardError(f"{draft.question}: target {target.name!r}: {unknown_name('variable', name, VARIABLES)}")


def resolve(question: str, outcomes: Iterable[Outcome], folder: Path | None = None) -> Path:
    """Write outcomes of a question; keep known outcomes of other targets.

    Raises
    ------
    LeaderboardError
        If the question or a target is unknown, or an outcome is earlier than its registered forecast.
    """
    book = load_book(folder)
    forecasts = book.of(question)
    known = {target: outcome for (name, target), outcome in book.outcomes.items() if name == question}
    for outcome in outcomes:
        asking = [r for r in forecasts if outcome.target in {t.name for t in r.targets}]
        if not asking:
            raise unknown_name("target", outcome.target, {t.name for r in forecasts for t in r.targets}, LeaderboardError)
        for entry in (r for r in asking if r.kind == "registered"):
            assert entry.registered_at is not None
            if outcome.date is not None and first_second(outcome.date) <= last_second(entry.registered_at):
                a_day = "" if outcome.date != entry.registered_at[:10] else " (a day counts from its first second: give the time)"
                raise LeaderboardError(
                    f"{question}: the outcome is of {outcome.date}{a_day}, {entry.forecaster} registered on {entry.registered_at}"
                )
        known[outcome.target] = outcome
    path = book.folder / "outcomes" / f"{slug(question)}.json"
    _write(path, OutcomeFile(question=question, outcomes=tuple(known[name] for name in sorted(known))))
    return path


def enter(
    values: tuple[float, ...], folder: Path | None = None, *, question: str | None = None, source: str = "", date: str | None = None
) -> str:
    """Write the outcome of a question with one target, and return the question.

    Parameters
    ----------
    values : tuple of float
        Measured values, one per repeat of the run.
    folder : Path, optional
        The book; by default the project's own.
    question : str, optional
        The question; by default the only open one.
    source, date : str
        Source and date of the outcome.

    Raises
    ------
    LeaderboardError
        If no question or several are open, or the question has several targets.
    """
    book = load_book(folder)
    open_ones = [q for q in book.questions if book.status(q) == "open"]
    if question is None and len(open_ones) != 1:
        named = f"are open: {', '.join(open_ones)}; choose one with --question" if open_ones else "is open"
        raise LeaderboardError(f"{book.folder}: {len(open_ones) or 'no question'} {named}")
    question = question or open_ones[0]
    targets = sorted({t.name for r in book.of(question) for t in r.targets})
    if len(targets) > 1:
        raise LeaderboardError(f"{book.folder}: {question} has several targets; enter them with 'scalingbench forecasts resolve'")
    try:
        outcome = Outcome(target=targets[0], values=values, date=date, source=source or "entered by hand")
    except ValidationError as error:
        raise LeaderboardError(f"--value: {first_problem(error)}") from None
    resolve(question, [outcome], folder)
    return question


def _write(path: Path, record: BaseModel) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
