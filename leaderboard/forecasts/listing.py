"""The questions of a book of forecasts, one row each."""

from __future__ import annotations

from typing import Any

from scalingbench.leaderboard.forecasts.book import Book

__all__ = ["list_questions"]


def list_questions(book: Book, *, only_open: bool = False) -> list[dict[str, Any]]:
    """Return one row per question, in the order of the book.

    Parameters
    ----------
    book : Book
        Forecasts and outcomes.
    only_open : bool
        Only questions of which an outcome is not known.
    """
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
