"""A forecast as a registration: dated, in the form of the book of forecasts, to be scored when the run has ended."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scalingbench.benchmark.data.collection import table_digest
from scalingbench.common.errors import InputError
from scalingbench.common.messages import first_problem
from scalingbench.leaderboard.forecasts.book import load_book, register, resolve
from scalingbench.leaderboard.forecasts.making import QUANTILES, now
from scalingbench.leaderboard.forecasts.records import Draft, Outcome, Registration, Target, Training
from scalingbench.leaderboard.forecasts.scores import score_targets

if TYPE_CHECKING:
    import pandas as pd

    from scalingbench.forecasting.forecast import Forecast

__all__ = ["draft_of", "register_forecast", "score_forecast"]


def register_forecast(found: Forecast, book: Path, *, unit: str = "", question: str | None = None) -> Registration:
    """Append a forecast to a book.

    Parameters
    ----------
    found : Forecast
        What is registered: its value, and quantiles of its calibrated interval.
    book : Path
        Folder of the book; it is made where there is none.
    unit : str
        Of the metric.
    question : str, optional
        Name of the question, such as ``lab/loss/7b``; by default made from the table's name, the metric and the target.

    Raises
    ------
    InputError
        If the predictor has answered the question already, or the book is broken.
    """
    return register([draft_of(found, unit=unit, question=question)], book)[0]


def draft_of(found: Forecast, *, unit: str = "", question: str | None = None) -> Draft:
    """Return a forecast in the form of the book."""
    from pydantic import ValidationError

    problem = found.problem
    used = problem.X.assign(value=problem.y).reset_index(drop=True)
    dropped = ", ".join(f"{n} {why}" for why, n in problem.runs.dropped.items())
    dearest = float(problem.rows["flops"].max()) if "flops" in problem.rows and problem.rows["flops"].notna().any() else None
    at = ", ".join(f"{k} {v:.4g}" for k, v in found.target.items())
    try:
        return Draft(
            question=question or _question(found),
            what=f"{found.metric} at {at}",
            metric=found.metric,
            unit=unit or "as in the table",
            kind="registered",
            forecaster=found.predictor,
            method=f"{found.predictor} on {', '.join(problem.variables)}"
            + ("; interval calibrated on the board" if found.evidence is not None else ""),
            registered_at=now(),
            targets=(Target(name=_target(found), inputs=found.target, point=found.value, quantiles=_quantiles(found)),),
            training=Training(
                table=problem.runs.source,
                selection=f"{len(problem.y)} rows" + (f"; left out: {dropped}" if dropped else ""),
                rows=len(problem.y),
                fingerprint=table_digest(used),
                flops_max=dearest,
            ),
            software=_software(),
        )
    except ValidationError as error:
        raise InputError(f"--register: {first_problem(error)}") from None


def _question(found: Forecast) -> str:
    source = re.sub(r"[^a-z0-9_]+", "_", Path(found.data.source).stem.lower()).strip("_") or "runs"
    return "/".join((source, re.sub(r"[^a-z0-9_.-]+", "-", found.metric.lower()), _target(found)))


def _target(found: Forecast) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "", "-".join(f"{k}-{v:.4g}" for k, v in found.target.items()).lower())


def _quantiles(found: Forecast) -> dict[str, float]:
    """Return quantiles of a normal on the scale of the errors, on each side as wide as that side of the interval."""
    if found.low is None or found.high is None:
        return {}
    from scipy.stats import norm

    problem = found.problem
    low, at, high = problem.scaled(np.array([found.low, found.value, found.high]))
    z = norm.ppf(np.asarray(QUANTILES)) / norm.ppf(0.9)
    values = at + np.where(z < 0, z * (at - low), z * (high - at))
    return {str(level): float(v) for level, v in zip(QUANTILES, np.exp(values) if problem.log else values, strict=True)}


def _software() -> str:
    try:
        return f"scalingbench {version('scalingbench')}"
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "scalingbench"


def score_forecast(
    book: Path, values: tuple[float, ...], *, question: str | None = None, source: str = "", date: str | None = None
) -> pd.DataFrame:
    """Enter what a run gave, and score the forecasts of it.

    Parameters
    ----------
    book : Path
        Folder of the book.
    values : tuple of float
        What was measured, one per repeat of the run.
    question : str, optional
        Which; by default the only open one.
    source, date : str
        Where and when the outcome was read.

    Returns
    -------
    DataFrame
        One row per forecast: question, target, forecaster, forecast, outcome, error, crps, interval_score, coverage.

    Raises
    ------
    InputError
        If there is no such question, or several are open.
    """
    from pydantic import ValidationError

    if not book.is_dir():
        raise InputError(f"{book}: no such folder")
    found = load_book(book)
    open_ones = [q for q in found.questions if found.status(q) == "open"]
    if question is None and len(open_ones) != 1:
        named = f"are open: {', '.join(open_ones)}; choose one with --question" if open_ones else "is open"
        raise InputError(f"{book}: {len(open_ones) or 'no question'} {named}")
    question = question or open_ones[0]
    targets = sorted({t.name for r in found.of(question) for t in r.targets})
    if len(targets) > 1:
        raise InputError(f"{book}: {question} has several targets; enter them with 'scalingbench forecasts resolve'")
    try:
        outcome = Outcome(target=targets[0], values=values, date=date, source=source or "entered by hand")
    except ValidationError as error:
        raise InputError(f"--value: {first_problem(error)}") from None
    resolve(question, [outcome], book)
    return score_targets(load_book(book), [question])
