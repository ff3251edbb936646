"""The book of forecasts: a folder of registrations in a hash chain, and of outcomes beside it."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scalingbench.benchmark.data.variables import VARIABLES, is_variable, metric_kind
from scalingbench.common.errors import LeaderboardError, SchemaError
from scalingbench.common.files import replacing
from scalingbench.common.messages import first_problem
from scalingbench.common.names import slug, unknown_name
from scalingbench.leaderboard.forecasts.records import GENESIS, Draft, Outcome, OutcomeFile, Registration

__all__ = ["Book", "committed_book", "load_book", "read_draft", "register", "resolve"]

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Book:
    """Every registration in its order, and the outcomes by question and target.

    Attributes
    ----------
    folder : Path
        Where the files lie.
    registrations : tuple of Registration
        The chain, verified when it was read.
    outcomes : dict
        (Question, target) to outcome.
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
        """Every question, in the order in which it was first asked."""
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
        If a file breaks the schema, was altered, or is missing; names the file and the rule.
    """
    folder = folder or committed_book()
    registrations = _verified(folder / "registered")
    outcomes: dict[tuple[str, str], Outcome] = {}
    asked = {(r.question, t.name) for r in registrations for t in r.targets}
    for path in sorted((folder / "outcomes").glob("*.json")):
        file = _read(path, OutcomeFile)
        for outcome in file.outcomes:
            if (file.question, outcome.target) not in asked:
                raise LeaderboardError(f"{path}: nothing registered asks for {outcome.target!r} of {file.question!r}")
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
            raise LeaderboardError(f"{path}: the chain is broken: the file was changed after it was registered (its hash does not fit)")
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
        raise LeaderboardError(f"{path}: is not a text in UTF-8") from None
    except ValidationError as error:
        raise LeaderboardError(f"{path}: {first_problem(error)}") from None


def read_draft(path: Path) -> Draft:
    """Read a forecast to be registered: the schema of a registration without number, previous and hash.

    Raises
    ------
    LeaderboardError
        If the file breaks the schema; names the field.
    """
    return _read(path, Draft)


def register(drafts: Iterable[Draft], folder: Path | None = None) -> tuple[Registration, ...]:
    """Append forecasts to a book's chain; every draft is checked before the first file is written.

    Raises
    ------
    LeaderboardError
        If the book is broken, a forecaster has answered the question already, or a registered forecast comes after
        the outcome.
    """
    book = load_book(folder)
    answered = {(r.question, r.forecaster) for r in book.registrations}
    added: list[Registration] = []
    for draft in drafts:
        _check_names(draft)
        if (draft.question, draft.forecaster) in answered:
            raise LeaderboardError(f"{draft.question}: {draft.forecaster} has forecast it already; a registration is never replaced")
        late = [t.name for t in draft.targets if (draft.question, t.name) in book.outcomes]
        if draft.kind == "registered" and late:
            raise LeaderboardError(f"{draft.question}: the outcome of {late[0]!r} is known already; only a replay can be added")
        answered.add((draft.question, draft.forecaster))
        before = added[-1].hash if added else book.head
        entry = Registration(**draft.model_dump(), number=len(book.registrations) + len(added) + 1, previous=before, hash=GENESIS)
        added.append(entry.model_copy(update={"hash": entry.computed_hash()}))
    for entry in added:
        name = f"{entry.number:04d}-{slug(entry.question)}-{slug(entry.forecaster)}.json"
        _write(book.folder / "registered" / name, entry)
    return tuple(added)


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
    """Write outcomes of a question beside the chain; those that are there already are kept, or replaced by target.

    Raises
    ------
    LeaderboardError
        If the question or a target was never asked, or an outcome is older than a forecast registered here for it.
    """
    book = load_book(folder)
    forecasts = book.of(question)
    known = {target: outcome for (asked, target), outcome in book.outcomes.items() if asked == question}
    for outcome in outcomes:
        asking = [r for r in forecasts if outcome.target in {t.name for t in r.targets}]
        if not asking:
            raise unknown_name("target", outcome.target, {t.name for r in forecasts for t in r.targets}, LeaderboardError)
        for entry in (r for r in asking if r.kind == "registered"):
            assert entry.registered_at is not None
            if outcome.date is not None and outcome.date[:10] < entry.registered_at[:10]:
                raise LeaderboardError(
                    f"{question}: the outcome is of {outcome.date}, {entry.forecaster} registered on {entry.registered_at}"
                )
        known[outcome.target] = outcome
    path = book.folder / "outcomes" / f"{slug(question)}.json"
    _write(path, OutcomeFile(question=question, outcomes=tuple(known[name] for name in sorted(known))))
    return path


def _write(path: Path, record: BaseModel) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
