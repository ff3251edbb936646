"""Forecasts of registered predictors from a table of runs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.collection import table_digest
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import PredictorError
from scalingbench.common.messages import described
from scalingbench.leaderboard.forecasts.records import Draft, Kind, Target, Training
from scalingbench.predictors.catalogue import Entry
from scalingbench.predictors.contract import columns_read
from scalingbench.predictors.registry import list_predictors

__all__ = ["QUANTILES", "Failure", "Question", "draft_of", "drafts", "entrants", "now"]

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Levels that a forecast holds where its predictor gives quantiles."""


@dataclass(frozen=True)
class Question:
    """What is forecast from what.

    Attributes
    ----------
    id, what, metric, unit : str
        As in a `Draft`.
    inputs : tuple of str
        The columns that predictors read.
    rows : DataFrame
        Training rows: the inputs, ``value``, and ``flops`` where it is known.
    targets : mapping of str to mapping
        Name of each target to its inputs.
    table, selection : str
        Where the rows come from.
    by_hand : bool
        Whether they were typed in.
    """

    id: str
    what: str
    metric: str
    unit: str
    inputs: tuple[str, ...]
    rows: pd.DataFrame
    targets: Mapping[str, Mapping[str, float]]
    table: str
    selection: str
    by_hand: bool = False

    def training(self) -> Training:
        """Return what is recorded of the training rows."""
        used = self.rows[[*self.inputs, "value"]].astype(float).reset_index(drop=True)
        dearest = float(self.rows["flops"].max()) if "flops" in self.rows else None
        return Training(
            table=self.table,
            selection=self.selection,
            rows=len(used),
            fingerprint=table_digest(used),
            flops_max=dearest,
            by_hand=self.by_hand,
        )


@dataclass(frozen=True)
class Failure:
    """A predictor that could not forecast, and why."""

    question: str
    predictor: str
    message: str


def now() -> str:
    """Return the second of now, in universal time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def entrants(inputs: Iterable[str], predictors: Iterable[str] | None = None) -> tuple[Entry, ...]:
    """Return the predictors that can read the inputs: those that read any columns, and every law whose variables are there."""
    columns = list(inputs)
    chosen = None if predictors is None else set(predictors)
    found = (e for e in list_predictors() if chosen is None or e.name in chosen)
    return tuple(e for e in found if columns_read(getattr(e.make(), "variables", None), columns, columns) is not None)


def drafts(
    question: Question, entries: Iterable[Entry], *, kind: Kind, registered_at: str, software: str, data_cutoff: str | None = None
) -> Iterator[Draft | Failure]:
    """Yield the forecast of each predictor, or why there is none."""
    for entry in entries:
        try:
            yield draft_of(question, entry, kind=kind, registered_at=registered_at, software=software, data_cutoff=data_cutoff)
        except Exception as error:  # a predictor's fault is listed, whatever it is, and the others go on
            yield Failure(question.id, entry.name, described(error))


def draft_of(question: Question, entry: Entry, *, kind: Kind, registered_at: str, software: str, data_cutoff: str | None = None) -> Draft:
    """Fit a predictor to a question's rows and return its forecast.

    Raises
    ------
    PredictorError
        If a prediction is not a finite number.
    """
    model, inputs = entry.make(), list(question.inputs)
    X = question.rows[inputs].astype(float).reset_index(drop=True)
    asked = pd.DataFrame([dict(target) for target in question.targets.values()])[inputs].astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, question.rows["value"].to_numpy(float))
        points = np.ravel(model.predict(asked))
        has_quantiles = hasattr(model, "predict_quantiles")
        spread = np.asarray(model.predict_quantiles(asked, list(QUANTILES))) if has_quantiles else None
    if not np.isfinite(points).all():
        raise PredictorError(f"{entry.name}: a prediction is not a finite number")
    targets = tuple(
        Target(name=name, inputs=dict(at), point=_rounded(points[i]), quantiles=_quantiles(question.metric, spread, i))
        for i, (name, at) in enumerate(question.targets.items())
    )
    return Draft(
        question=question.id,
        what=question.what,
        metric=question.metric,
        unit=question.unit,
        kind=kind,
        forecaster=entry.name,
        method=f"{entry.name} with its default recipe on {', '.join(inputs)}",
        registered_at=registered_at,
        data_cutoff=data_cutoff,
        targets=targets,
        training=question.training(),
        software=software,
    )


def _quantiles(metric: str, spread: np.ndarray | None, i: int) -> dict[str, float]:
    """Return one target's quantiles in order, within the values that the metric can take; none where they are not finite."""
    if spread is None or not np.isfinite(spread[i]).all():
        return {}
    kind = metric_kind(metric)
    values = np.sort(np.clip(spread[i], kind.low, kind.high))
    return {f"{level:g}": _rounded(value) for level, value in zip(QUANTILES, values, strict=True)}


def _rounded(value: float) -> float:
    return float(f"{value:.8g}")
