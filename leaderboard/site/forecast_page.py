"""The page of forecasts that were registered before their outcome."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scalingbench.leaderboard.forecasts.book import load_book
from scalingbench.leaderboard.forecasts.listing import count_origins, list_questions
from scalingbench.leaderboard.forecasts.scores import score_forecasts
from scalingbench.leaderboard.site.content import Page
from scalingbench.leaderboard.site.material import records

__all__ = ["forecast_page"]


def forecast_page() -> Page:
    """Return the page with every question, and of those with an outcome the forecasts with the smallest error.

    It has errors and no outcomes: some of those are of collections whose values are not redistributable.
    """
    book = load_book()
    scores = {str(name): own for name, own in score_forecasts(book).groupby("question", sort=False)}
    rows = [row | _best(scores.get(row["question"])) for row in list_questions(book, fold=False)]
    values = {
        "rows": rows,
        "origins": count_origins(book),
        "n_forecasts": len(book.registrations),
        "n_open": sum(row["status"] in ("open", "partly resolved") for row in rows),
        "head": book.head,
        "here": "forecasts",
    }
    return Page("forecasts.html", "forecasts.html.j2", values)


def _best(scores: pd.DataFrame | None) -> dict[str, Any]:
    """Return the best forecast made before the outcome, or of the replays if there is none, and how many it was among."""
    if scores is None:
        return {"best": None}
    before = scores[~scores["kind"].isin(("replay", "late"))]
    chosen = before if len(before) else scores
    return {"best": records(chosen.head(1), ("forecaster", "kind", "error"))[0], "among": len(chosen)}
