"""The questions of a book of forecasts, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from scalingbench.leaderboard.forecasts.book import Book

__all__ = ["ORIGINS", "Origin", "count_origins", "list_questions", "origin_of"]

Origin = Literal["designed", "replay", "published", "open"]
ORIGINS: dict[Origin, str] = {
    "designed": "runs that this project designed, forecast before they were trained",
    "replay": "runs of others, forecast after the outcome from what was known before it",
    "published": "forecasts that other authors published",
    "open": "runs of others, forecast by this project before the outcome",
}
"""Meaning of each origin of a question."""
_DESIGNED = "designed_"
_KINDS = ("registered", "recorded", "replay")


def origin_of(book: Book, question: str) -> Origin:
    """Return where a question comes from: see `ORIGINS`; one with a forecast of other authors is ``published``."""
    kinds = {entry.kind for entry in book.of(question)}
    if question.startswith(_DESIGNED):
        return "designed"
    if "recorded" in kinds:
        return "published"
    return "replay" if kinds == {"replay"} else "open"


def count_origins(book: Book) -> list[dict[str, Any]]:
    """Return one row per origin: questions, forecasts, targets, and how many questions have an outcome."""
    rows = list_questions(book, fold=False)
    found = []
    for origin, meaning in ORIGINS.items():
        own = [row for row in rows if row["origin"] == origin]
        states = [row["status"] for row in own]
        found.append(
            {
                "origin": origin,
                "questions": len(own),
                "forecasts": sum(row[kind] for row in own for kind in _KINDS),
                "targets": sum(row["targets"] for row in own),
                "resolved": states.count("resolved") + states.count("partly resolved"),
                "open": states.count("open"),
                "void": states.count("void"),
                "what": meaning,
            }
        )
    return found


def list_questions(book: Book, *, only_open: bool = False, fold: bool = True) -> list[dict[str, Any]]:
    """Return one row per question, in the order of the book.

    Parameters
    ----------
    book : Book
        Forecasts and outcomes.
    only_open : bool
        Only questions of which an outcome is not known.
    fold : bool
        Give each designed world one row; not with `only_open`.
    """
    rows = [_row(book, name) for name in book.questions]
    if only_open:
        return [row for row in rows if row["status"] in ("open", "partly resolved")]
    if not fold:
        return rows
    worlds: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        worlds.setdefault(row["question"].split("/")[0] if row["origin"] == "designed" else row["question"], []).append(row)
    return [_folded(name, parts) for name, parts in worlds.items()]


def _row(book: Book, name: str) -> dict[str, Any]:
    entries = book.of(name)
    kinds: list[str] = [entry.kind for entry in entries]
    moments = sorted(entry.registered_at[:10] for entry in entries if entry.registered_at and entry.kind != "replay")
    return {
        "question": name,
        "origin": origin_of(book, name),
        **{kind: kinds.count(kind) for kind in _KINDS},
        "targets": len({t.name for entry in entries for t in entry.targets}),
        "first": moments[0] if moments else None,
        "closes": next((entry.closes for entry in entries if entry.closes), None),
        "status": book.status(name),
        "what": entries[0].what,
    }


def _folded(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of a world; a question that is alone stays as it is."""
    if len(rows) == 1:
        return rows[0]
    states = [row["status"] for row in rows]
    counted = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return rows[0] | {
        "question": name,
        **{key: sum(row[key] for row in rows) for key in (*_KINDS, "targets")},
        "first": min(row["first"] for row in rows),
        "status": counted,
        "what": f"{len(rows)} questions of a designed world; --all lists them",
    }
