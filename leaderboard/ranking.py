"""From scores to a ranking that does not depend on who else entered; `scalingbench.benchmark.scores.table` states what a score table is.

Regret, size error and the skill of intervals are averaged over every task, like skill: means over each predictor's own tasks cannot be
compared between rows, because a predictor that enters only easy decisions would seem to decide best. A task that was not entered counts as
the reference's, and one on which every fit failed as the worst of the frozen pool, so that failing never beats trying.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.scores.table import CEILING, FLOOR
from scalingbench.benchmark.tasks.frozen import SuiteHead
from scalingbench.leaderboard import scores as aggregation
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.columns import row_keys
from scalingbench.leaderboard.pairwise import PERCENTILES, compared, not_compared
from scalingbench.leaderboard.scores import ScoreMatrix

__all__ = ["SYNTHETIC", "Ranking", "crps_skill", "rank"]

SYNTHETIC = "synthetic"
"""Worlds whose truth is known: chosen like a track, and counted on no other."""


@dataclass(frozen=True)
class Ranking:
    """What is ranked, and how.

    Attributes
    ----------
    suite : SuiteHead
        Its reference is the unit, its pool the opponents of pairwise comparisons, its rules say what counts.
    order : tuple of str
        Which entry heads its family: the first in this order, not the best. Others of the family are variants and get no rank of
        their own, because the best of many recipes would be picked by the scores it is ranked by.
    track : str, optional
        Whose tasks they are; `SYNTHETIC` adds the columns of known truth.
    n_resamples, seed : int
        Of the bootstrap over clusters.
    """

    suite: SuiteHead
    order: tuple[str, ...] = ()
    track: str | None = None
    n_resamples: int = 1000
    seed: int = 0


def rank(
    scores: ScoreMatrix,
    what: Ranking,
    *,
    entries: Literal["all", "general"] = "all",
    comparisons: Literal["pool", "none"] = "pool",
) -> Board:
    """Rank predictors by skill.

    A task that a predictor did not enter counts as the reference's, because the reference can enter every task. Intervals are
    percentiles over resampled clusters, because tasks of one cluster are not independent; with one cluster there is none.

    Parameters
    ----------
    scores : ScoreMatrix
        On the tasks ranked on.
    what : Ranking
        What is ranked.
    entries : {"all", "general"}
        All, or those that entered the share of the weight that the suite's rules ask of general-purpose entries.
    comparisons : {"pool", "none"}
        Whether to compare with the pool; if not, win rate, mean rank and Elo are missing.
    """
    suite = what.suite
    draws = _cluster_draws(scores.n_clusters, what)
    least = suite.rules.general if entries == "general" else 0.0
    shown = set(scores.predictors[scores.share_entered >= least])
    if len(shown) < len(scores.predictors):
        scores = scores.among([*shown, *suite.pool, suite.reference])
    columns = {"predictor": scores.predictors, **_facts(scores), **_skill(scores, draws), **_of_every_task(scores, suite)}
    columns |= compared(scores, suite.pool, suite.reference, draws) if comparisons == "pool" else not_compared(len(scores.predictors))
    if what.track == SYNTHETIC:
        columns |= {name: scores.weighted_mean(scores[name]) for name in ("bias", "exponent_error")}
    best = [i for i in _best_first(columns["skill"], scores.predictors) if scores.predictors[i] in shown]
    columns = {name: values[best] for name, values in columns.items()}
    columns["variant_of"] = _variant_of(columns["predictor"], columns["family"], what.order)
    columns["tasks_total"] = np.full(len(best), len(scores.tasks))
    rows = pd.DataFrame({**columns, "rank": _ranks(columns["skill"], columns["variant_of"] == "")})
    return Board(
        rows[row_keys(rows)],
        suite.name,
        what.track,
        len(scores.tasks),
        len(set(scores.collections)),
        suite.reference,
        tuple(suite.pool),
        what.n_resamples,
        what.seed,
        n_clusters=scores.n_clusters,
    )


def _facts(scores: ScoreMatrix) -> dict[str, np.ndarray]:
    failed = np.nan_to_num(scores["failed"])
    return {
        "family": scores.families,
        "tasks_entered": scores.entered.sum(axis=1),
        "weight_entered": scores.share_entered,
        "failed_tasks": (failed > 0).sum(axis=1),
        "failed_folds": failed.sum(axis=1).astype(int),
        "fit_seconds": scores.median("fit_seconds"),
        "mape": scores.median("mape"),
    }


def _cluster_draws(n: int, what: Ranking) -> np.ndarray | None:
    """Return how often each cluster is drawn, shape (n_resamples, n_clusters); None of one cluster."""
    if n < 2:
        return None
    return np.random.default_rng(what.seed).multinomial(n, np.full(n, 1.0 / n), size=what.n_resamples).astype(float)


def _skill(scores: ScoreMatrix, draws: np.ndarray | None) -> dict[str, np.ndarray]:
    low, high = np.full((2, len(scores.predictors)), np.nan)
    if draws is not None:
        weight = draws[:, scores.cluster_of_task] * scores.weight
        low, high = np.percentile(aggregation.skill(scores.log_ratio, weight), PERCENTILES, axis=1)
    return {"skill": scores.skill(), "skill_low": low, "skill_high": high, "skill_entered": scores.skill("entered")}


def _of_every_task(scores: ScoreMatrix, suite: SuiteHead) -> dict[str, np.ndarray]:
    """Return the columns that count every task, as the suite's rules say."""
    decided = (~np.isnan(scores["regret"][scores.place_of(suite.reference)])).sum()
    return {
        "crps_skill": crps_skill(scores, suite.reference),
        **{name: _decisions(scores, scores[name], suite) for name in ("regret", "log_params_error")},
        "tasks_decided": np.full(len(scores.predictors), int(decided)),
        "coverage": scores.weighted_mean(scores["coverage"]),
    }


def _decisions(scores: ScoreMatrix, values: np.ndarray, suite: SuiteHead) -> np.ndarray:
    return scores.weighted_mean(values) if suite.rules.decisions == "entered" else _imputed_mean(scores, values, suite)


def crps_skill(scores: ScoreMatrix, reference: str) -> np.ndarray:
    """Return skill by the continuous ranked probability score, with the limits of the error's ratio."""
    unit = scores["crps"][scores.place_of(reference)]
    ratio = np.clip(scores["crps"] / np.maximum(unit, 1e-12), FLOOR, CEILING)
    return aggregation.skill(np.where(scores.entered, np.log(np.where(scores.failed, CEILING, ratio)), np.nan), scores.weight)


def _imputed_mean(scores: ScoreMatrix, values: np.ndarray, suite: SuiteHead) -> np.ndarray:
    """Return weighted means over the tasks of which the reference has a value; missing where there is none."""
    reference = values[scores.place_of(suite.reference)]
    stated = ~np.isnan(reference)
    if not stated.any():
        return np.full(len(values), np.nan)
    pool = np.isin(scores.predictors.astype(str), [*suite.pool, suite.reference])
    worst = np.nanmax(values[pool][:, stated], axis=0)
    instead = np.where(scores.entered[:, stated], worst, reference[stated])
    filled = np.where(np.isnan(values[:, stated]), instead, values[:, stated])
    mean: np.ndarray = filled @ scores.weight[stated] / scores.weight[stated].sum()
    return mean


def _best_first(skill: np.ndarray, names: np.ndarray) -> list[int]:
    return sorted(range(len(skill)), key=lambda i: (-skill[i], names[i]))


def _variant_of(names: np.ndarray, families: np.ndarray, order: Sequence[str]) -> np.ndarray:
    """Return the head of each entry's family, empty for the head itself: the first in the order, others by name."""
    place = {name: i for i, name in enumerate(order)}
    head: dict[str, str] = {}
    for name, family in sorted(zip(names, families, strict=True), key=lambda entry: (place.get(entry[0], len(place)), entry[0])):
        head.setdefault(family, name)
    return np.array(["" if head[f] == name else head[f] for name, f in zip(names, families, strict=True)], dtype=object)


def _ranks(skill: np.ndarray, heads: np.ndarray) -> pd.arrays.IntegerArray:
    """Return ranks from 1, shared by equal skills, and none for variants; `skill` is sorted, best first."""
    at = np.flatnonzero(heads)
    ranks = np.ones(len(skill), dtype=np.int64)
    for place, i in enumerate(at):
        tied = place > 0 and skill[at[place - 1]] - skill[i] <= 1e-12
        ranks[i] = ranks[at[place - 1]] if tied else place + 1
    return pd.arrays.IntegerArray(ranks, ~heads)
