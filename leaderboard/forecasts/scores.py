"""Scores of forecasts with a known outcome, for comparison of the forecasters of a question.

For losses and rates the error is the log error, and CRPS and interval score are divided by the outcome (a quantile can be 0,
which has no logarithm). For accuracies and scores all three are in the metric's unit. CRPS and interval score average over the
repeats of a run; the error is relative to their (geometric) mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.scores.metrics import bias, coverage, crps
from scalingbench.leaderboard.forecasts.book import Book
from scalingbench.leaderboard.forecasts.records import Outcome, Registration, Target, first_second, last_second

__all__ = ["interval_score", "kind_of", "score_forecasts", "score_targets"]

_LOW, _HIGH = "0.1", "0.9"
_ALPHA = 0.2


def kind_of(entry: Registration, outcome: Outcome) -> str:
    """Return the kind of a forecast; ``late`` if it was registered when the run had started."""
    if entry.kind != "registered" or outcome.started is None or entry.registered_at is None:
        return entry.kind
    return "late" if first_second(outcome.started) <= last_second(entry.registered_at) else entry.kind


def interval_score(y: np.ndarray, low: float, high: float, alpha: float) -> float:
    r"""Return the interval score of a central interval of level 1 - alpha.

    .. math:: (u - l) + \tfrac{2}{\alpha}(l - y)_+ + \tfrac{2}{\alpha}(y - u)_+

    Gneiting & Raftery 2007, J. Am. Stat. Assoc. 102, eq. 43.

    Examples
    --------
    >>> interval_score(np.array([3.0]), 0.0, 2.0, 0.2)
    12.0
    """
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return float(high - low + 2 / alpha * np.mean(outside))


def score_targets(book: Book, questions: Iterable[str] | None = None) -> pd.DataFrame:
    """Return one row per forecast value with a known outcome, in the order of the book."""
    chosen = tuple(questions) if questions is not None else book.questions
    rows = [
        _score(entry, target, np.array(outcome.values)) | {"kind": kind_of(entry, outcome)}
        for question in chosen
        for entry in book.of(question)
        for target in entry.targets
        if (outcome := book.outcomes.get((question, target.name))) is not None and outcome.status == "resolved"
    ]
    columns = ["question", "target", "kind", "forecaster", "forecast", "outcome", "error", "crps", "interval_score", "coverage"]
    return pd.DataFrame(rows, columns=columns)


def score_forecasts(book: Book, questions: Iterable[str] | None = None) -> pd.DataFrame:
    """Return one row per forecast, best first within its question.

    ``error`` is the root mean square over targets, ``bias`` the mean; ``coverage`` is the coverage of the 80 % interval.
    """
    rows = score_targets(book, questions).astype(dict.fromkeys(("error", "crps", "interval_score", "coverage"), float))
    groups = rows.assign(square=rows["error"] ** 2).groupby(["question", "forecaster"], sort=False)
    table = groups.agg(
        kind=("kind", "first"),
        targets=("target", "size"),
        error=("square", "mean"),
        bias=("error", "mean"),
        crps=("crps", "mean"),
        interval_score=("interval_score", "mean"),
        coverage=("coverage", "mean"),
    ).reset_index()
    table["error"] = np.sqrt(table["error"])
    place = {question: i for i, question in enumerate(dict.fromkeys(table["question"]))}
    order = table.assign(place=table["question"].map(place)).sort_values(["place", "error"], kind="stable")
    return order.drop(columns="place").reset_index(drop=True)


def _score(entry: Registration, target: Target, values: np.ndarray) -> dict[str, Any]:
    log = metric_kind(entry.metric).log
    outcome = float(np.exp(np.mean(np.log(values)))) if log else float(np.mean(values))
    row = {
        "question": entry.question,
        "target": target.name,
        "kind": entry.kind,
        "forecaster": entry.forecaster,
        "forecast": target.point,
        "outcome": outcome,
        "error": bias([outcome], [target.point]) if log else target.point - outcome,
        "crps": np.nan,
        "interval_score": np.nan,
        "coverage": np.nan,
    }
    unit = outcome if log else 1.0
    if target.quantiles:
        row["crps"] = crps(values / unit, {float(level): quantile / unit for level, quantile in target.quantiles.items()})
    if _LOW in target.quantiles and _HIGH in target.quantiles:
        low, high = target.quantiles[_LOW], target.quantiles[_HIGH]
        row["interval_score"] = interval_score(values / unit, low / unit, high / unit, _ALPHA)
        row["coverage"] = coverage(values, np.full(len(values), low), np.full(len(values), high))
    return row
