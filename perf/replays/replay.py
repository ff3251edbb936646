"""A replay: a dated question, the table that it is asked of, and the outcome in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from perf.public_forecasts import DatedQuestion
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.forecasting.registering import Failure, Question, drafts, entrants
from scalingbench.leaderboard.forecasts.book import load_book, register, resolve
from scalingbench.leaderboard.forecasts.records import Draft, Outcome

__all__ = ["BASELINES", "LOSS", "SHARE", "Replay", "append", "usual"]

BASELINES = ("log-linear", "nearest-observation")
LOSS = ("autolaw", "chinchilla[huber-log]", "shifted-power-law", *BASELINES)
"""The two laws read other inputs: params and tokens, or one variable. No predictor with published constants: they may be later."""
SHARE = ("autolaw", "logit-linear", *BASELINES)
"""Of shares and scores, which rise: the two laws fall to a floor."""


@dataclass(frozen=True)
class Replay:
    """A question about runs that a later source reported.

    Attributes
    ----------
    asked : DatedQuestion
        Question, cut-off, inputs and targets.
    table : DataFrame
        Rows of a bundled collection with the column ``date``; it also has the rows that are forecast.
    outcomes : tuple of Outcome
        Of each target.
    family : str
        What the runs are one family of.
    """

    asked: DatedQuestion
    table: pd.DataFrame
    outcomes: tuple[Outcome, ...]
    family: str

    def question(self) -> Question:
        """Return the question with the rows known at the cut-off; predictors may not have learnt from its cluster."""
        return replace(self.asked.question(self.table), cluster=cluster_of(self.asked.collection))

    def forecasts(self, forecasters: Iterable[str] | None = None) -> Iterator[Draft | Failure]:
        """Yield the forecast of each forecaster, by default of those for the metric, that reads the inputs."""
        return drafts(self.question(), entrants(self.asked.inputs, usual(self.asked.metric) if forecasters is None else forecasters))


def usual(metric: str) -> tuple[str, ...]:
    """Return the forecasters for a metric."""
    return LOSS if metric_kind(metric).log else SHARE


def append(replays: Iterable[Replay], folder: Path | None = None) -> Iterator[str]:
    """Append the replays that a book does not have, with their outcomes, and yield a line for each."""
    known = load_book(folder).questions
    for replay in replays:
        if replay.asked.id in known:
            continue
        made = list(replay.forecasts())
        added = register((m for m in made if isinstance(m, Draft)), folder)
        resolve(replay.asked.id, replay.outcomes, folder)
        failed = "; ".join(f"{m.predictor}: {m.message}" for m in made if isinstance(m, Failure))
        yield f"{replay.asked.id}: {len(added)} forecasts" + (f"; none of {failed}" if failed else "")
