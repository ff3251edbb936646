"""Registering: predictions as drafts of the book of forecasts, by one rule for every command and script.

What is registered is what a user is shown: the predicted value and the calibrated 80 % interval. Calibrated are the two ends of the
interval and nothing else, so the other quantiles follow from them: those of a normal on the scale of the errors, on each
side as wide as that side of the interval.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import ValidationError
from scipy.special import ndtri

from scalingbench.benchmark.data.collection import table_digest
from scalingbench.benchmark.evaluation.predictor import unacquainted
from scalingbench.common.errors import InputError
from scalingbench.common.messages import described, first_problem
from scalingbench.forecasting.forecast import check_reads, predict
from scalingbench.forecasting.query import Query, make_query
from scalingbench.forecasting.reading import Options, Runs, read_runs
from scalingbench.forecasting.records import Forecast, Prediction
from scalingbench.forecasting.targets import TargetLike, parse_target
from scalingbench.leaderboard.forecasts.book import register
from scalingbench.leaderboard.forecasts.records import Draft, Registration, Target, Training, now
from scalingbench.predictors.contract import columns_read
from scalingbench.predictors.registry import list_predictors, make

__all__ = [
    "QUANTILES",
    "Failure",
    "Question",
    "draft_of",
    "drafts",
    "entrants",
    "parse_targets",
    "quantiles_of",
    "register_forecast",
    "runs_of",
]

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Levels of the registered quantiles, where the predictor gives an interval."""


def _software() -> str:
    try:
        return f"scalingbench {version('scalingbench')}"
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "scalingbench"


@dataclass(frozen=True)
class Question:
    """A question of the book: the targets, and the runs that they are predicted from.

    Attributes
    ----------
    name, what, unit : str
        Name, such as ``lab/loss/7b``, the question in a sentence, unit of the metric.
    runs : Runs
        The training runs.
    targets : mapping of str to mapping or str
        Name of each target -> its inputs.
    selection : str
        Which rows of the source `runs` are.
    kind : {"registered", "replay"}
        Whether the outcome is unknown, or known and not used.
    data_cutoff : str, optional
        Of a replay: no row that became known later is used.
    by_hand : bool
        Whether the rows were transcribed from a text.
    cluster : str, optional
        Cluster of collections that a predictor may not have learnt from. The intervals are then the predictor's own: the
        board's calibration has seen the cluster.
    page, void_if, closes : str, optional
        Public page of the outcome, when the question is void, and the time before which forecasts are registered.
    registered_at, software : str
        The time and the version of the forecast.
    """

    name: str
    what: str
    unit: str
    runs: Runs
    targets: Mapping[str, TargetLike]
    selection: str = ""
    kind: Literal["registered", "replay"] = "registered"
    data_cutoff: str | None = None
    by_hand: bool = False
    cluster: str | None = None
    page: str | None = None
    void_if: str | None = None
    closes: str | None = None
    registered_at: str = field(default_factory=now)
    software: str = field(default_factory=_software)

    def queries(self) -> dict[str, Query]:
        """Return the query of each target.

        Raises
        ------
        InputError
            If the runs lack a column that a target names.
        """
        return {name: make_query(self.runs, target) for name, target in self.targets.items()}


def runs_of(rows: pd.DataFrame, metric: str, source: str) -> Runs:
    """Return all rows of a table in the schema's names and units as runs."""
    return replace(read_runs(rows, Options(metric=metric, checkpoints=True)), source=source)


@dataclass(frozen=True)
class Failure:
    """A predictor that could not forecast a question, and why."""

    question: str
    predictor: str
    message: str


def entrants(inputs: Iterable[str], predictors: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the predictors, all or of some, that can read the inputs."""
    columns = list(inputs)
    chosen = None if predictors is None else set(predictors)
    found = (e for e in list_predictors() if chosen is None or e.name in chosen)
    return tuple(e.name for e in found if columns_read(getattr(e.make(), "variables", None), columns, columns) is not None)


def drafts(question: Question, predictors: Iterable[str]) -> Iterator[Draft | Failure]:
    """Yield the forecast of each predictor, or why there is none."""
    queries = question.queries()
    for predictor in predictors:
        try:
            yield draft_of(question, _predictions(queries, predictor, question.cluster))
        except Exception as error:  # any fault of a predictor is reported, and the others go on
            yield Failure(question.name, predictor, described(error))


_NO_BOARD: dict[str, Any] = {"suite": "", "predictors": {}}


def _predictions(queries: Mapping[str, Query], predictor: str, cluster: str | None) -> dict[str, Prediction]:
    """Return the predictions of all targets by one fit, of a predictor that has not learnt from the cluster."""
    found: dict[str, Prediction] = {}
    model, board = None, None if cluster is None else _NO_BOARD
    for name, query in queries.items():
        check_reads(predictor, query)
        if model is None and cluster is not None:
            model = _fitted(query, predictor, cluster)
        found[name] = predict(query, predictor, model, board)
        model = found[name].model
    return found


def _fitted(query: Query, predictor: str, cluster: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return unacquainted(make(predictor), cluster).fit(query.X, query.y)


def draft_of(question: Question, predictions: Mapping[str, Prediction]) -> Draft:
    """Return the predictions of one predictor in the form of the book.

    Raises
    ------
    InputError
        If the name of the question breaks the book's rules.
    """
    first = next(iter(predictions.values()))
    calibrated = "; interval calibrated on the board" if first.evidence is not None else ""
    limited = "; limited to [0, 1]: the metric is a share" if any(p.value != p.given for p in predictions.values()) else ""
    unseen = f"; learnt without the cluster {question.cluster}" if question.cluster else ""
    try:
        return Draft(
            question=question.name,
            what=question.what,
            metric=first.metric,
            unit=question.unit,
            kind=question.kind,
            forecaster=first.predictor,
            method=f"{first.predictor} on {', '.join(first.query.variables)}{calibrated}{limited}{unseen}",
            registered_at=question.registered_at,
            data_cutoff=question.data_cutoff,
            targets=tuple(
                Target(name=name, inputs=dict(p.target), point=p.value, quantiles=quantiles_of(p)) for name, p in predictions.items()
            ),
            training=_training(question, first.query),
            software=question.software,
            page=question.page,
            void_if=question.void_if,
            closes=question.closes,
        )
    except ValidationError as error:
        raise InputError(f"--register: {first_problem(error)}") from None


def _in_table_order(query: Query) -> pd.DataFrame:
    """Return the fitted rows in the order of the table, which fingerprints are of; as fitted where they were averaged or thinned."""
    fitted = query.X.assign(value=query.y)
    return fitted if query.order is None else fitted.iloc[np.argsort(query.order)]


def _training(question: Question, query: Query) -> Training:
    dropped = ", ".join(f"{n} {why}" for why, n in question.runs.dropped.items())
    flops = query.rows["flops"].max() if "flops" in query.rows else np.nan
    return Training(
        table=question.runs.source,
        selection=question.selection or f"{len(query.y)} rows" + (f"; left out: {dropped}" if dropped else ""),
        rows=len(query.y),
        fingerprint=table_digest(_in_table_order(query).astype(float).reset_index(drop=True)),
        flops_max=float(flops) if np.isfinite(flops) else None,
        by_hand=question.by_hand,
    )


def quantiles_of(found: Prediction) -> dict[str, float]:
    """Return the quantiles that are registered of a prediction, none where it has no interval.

    Those at .1 and .9 are the ends of the calibrated interval.
    """
    if found.low is None or found.high is None:
        return {}
    low, value, high = found.query.scaled(np.array([found.low, found.value, found.high]))
    middle = min(max(value, low), high)
    z = ndtri(np.asarray(QUANTILES)) / ndtri(0.9)
    values = found.query.within(found.query.unscaled(middle + np.where(z < 0, z * (middle - low), z * (high - middle))))
    return {f"{level:g}": float(v) for level, v in zip(QUANTILES, values, strict=True)}


def parse_targets(texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the inputs of each target by its name.

    Raises
    ------
    InputError
        If a text is not ``NAME:variable=number,...``, or targets name different variables.

    Examples
    --------
    >>> parse_targets(["7b:params=7e9,tokens=2e12"])
    {'7b': {'params': 7000000000.0, 'tokens': 2000000000000.0}}
    """
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        name, colon, inputs = text.partition(":")
        if not colon or not name.strip():
            raise InputError(f"--target: expected NAME:variable=number, got {text!r}")
        found[name.strip()] = parse_target(inputs)
    if len({tuple(sorted(inputs)) for inputs in found.values()}) != 1:
        raise InputError("--target: every target of a question names the same variables")
    return found


def register_forecast(found: Forecast, book: Path, *, unit: str = "", question: str | None = None) -> Registration:
    """Append a forecast to a book.

    Parameters
    ----------
    found : Forecast
        The forecast.
    book : Path
        Folder of the book; it is made where there is none.
    unit : str
        Of the metric.
    question : str, optional
        Name of the question; by default the table's name, the metric and the target.

    Raises
    ------
    InputError
        If the predictor has answered the question already, or the book is broken.
    """
    target = re.sub(r"[^a-z0-9_.-]+", "", "-".join(f"{k}-{v:.4g}" for k, v in found.target.items()).lower())
    source = re.sub(r"[^a-z0-9_]+", "_", Path(found.data.source).stem.lower()).strip("_") or "runs"
    name = question or "/".join((source, re.sub(r"[^a-z0-9_.-]+", "-", found.metric.lower()), target))
    at = ", ".join(f"{k} {v:.4g}" for k, v in found.target.items())
    stated = Question(name, f"{found.metric} at {at}", unit or "as in the table", found.data, {target: found.target})
    return register([draft_of(stated, {target: found})], book)[0]
