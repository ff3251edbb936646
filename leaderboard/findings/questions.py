"""The questions that findings answer, and the numbers that answer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.orders import order_flips
from scalingbench.common.errors import InputError
from scalingbench.common.tables import plain
from scalingbench.leaderboard.findings import wording
from scalingbench.leaderboard.ratios import ErrorRatio
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.slices import SkillBySlice

__all__ = ["Finding", "Material", "answers"]

_NEXT = 5


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    name : str
        Identifier.
    question : str
        What it answers.
    sentence : str
        The answer, in Markdown.
    command : str
        The command that prints its numbers, without ``scalingbench``.
    numbers : dict of str to object
        The numbers by name.
    """

    name: str
    question: str
    sentence: str
    command: str
    numbers: dict[str, Any]


class Material:
    """Committed results, selected once for each track."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._tracks: dict[str | None, Results] = {None: results}

    def on(self, track: str | None) -> Results:
        """Return the results of a track, or of all tasks that extrapolate."""
        if track not in self._tracks:
            self._tracks[track] = self.results.select(track=track)
        return self._tracks[track]

    def has(self, *names: str) -> bool:
        """Return whether there are results of all these predictors."""
        return all(self.results.entry(name) in self.results.predictors for name in names)

    @cached_property
    def regret(self) -> pd.Series:
        """Regret of the general-purpose entries."""
        rows = self.results.board().heads.set_index("predictor")["regret"]
        return rows.dropna()


@dataclass(frozen=True)
class _Pair:
    """Two predictors on the tasks of a track that both entered."""

    name: str
    question: str
    one: str
    other: str
    track: str | None

    def answer(self, material: Material) -> Finding | None:
        if not material.has(self.one, self.other):
            return None
        ratio = material.on(self.track).ratio_by("kind", self.one, self.other).ratios["all"]
        first, second = (material.results.entry(name) for name in (self.one, self.other))
        if ratio.value < 1.0:  # the ratio of the worse to the better, as `compare` prints it
            ratio = replace(ratio, value=1.0 / ratio.value, low=1.0 / ratio.high, high=1.0 / ratio.low)
            first, second = second, first
        sentence = wording.pair(second, first, self.track, ratio)
        where = "" if self.track is None else f" --track {self.track}"
        command = f"compare --predictors {self.one},{self.other}{where} --common"
        return Finding(self.name, self.question, sentence, command, _numbers(ratio, better=second, worse=first))


def _numbers(ratio: ErrorRatio, **names: str) -> dict[str, Any]:
    sizes = {"tasks": ratio.n_tasks, "clusters": ratio.n_clusters}
    return {**names, **plain({"error_ratio": ratio.value, "low": ratio.low, "high": ratio.high, "p": ratio.p}), **sizes}


def _leader(material: Material) -> Finding:
    chosen = material.results.select(track="compute", kind="published")
    found = chosen.compare(top=_NEXT)
    first, *others = map(str, found.skill.index)
    adjusted = dict(zip(map(str, found.p), found.p.loc[first].to_numpy(float).tolist(), strict=True))
    ratios = {name: replace(found.ratios[name], p=adjusted[name]) for name in others}
    sentence = wording.leader("compute", float(found.skill[first]), first, ratios)
    numbers = {"leader": first, "skill": float(found.skill[first]), "others": {name: _numbers(r) for name, r in ratios.items()}}
    command = f"compare --kind published --track compute --top {_NEXT}"
    return Finding("published-law", "Which published law for (params, tokens)?", sentence, command, numbers)


def _error(material: Material) -> Finding:
    found = material.on("compute").by("reach", what="mape")
    errors = _of_some(material, found)
    sentence = wording.by_reach(errors, list(map(str, found.rows)))
    command = "leaderboard --track compute --by reach --what mape"
    return Finding("error", "How large is the error, in %?", sentence, command, plain(errors))


def _until(name: str, question: str, by: str, unit: str) -> Callable[[Material], Finding]:
    def answer(material: Material) -> Finding:
        found = material.on("compute").by(by, what="mape")
        errors = _of_some(material, found)
        sentence = wording.until(errors, list(map(str, found.rows)), unit)
        return Finding(name, question, sentence, f"leaderboard --track compute --by {by} --what mape", plain(errors))

    return answer


def _repeats(material: Material) -> Finding:
    found = material.results.by("reach", what="noise")
    times = _of_some(material, found)
    command = "leaderboard --by reach --what noise"
    return Finding("repeats", "What is a seed worth?", wording.repeats(times, list(map(str, found.rows))), command, plain(times))


def _flips(material: Material) -> Finding | None:
    if _RECIPES not in set(material.results.statements["collection"]):
        return None
    rows: dict[str, dict[str, float]] = {
        str(name): {str(key): value for key, value in row.items()} for name, row in order_flips(_RECIPES).rows.to_dict("index").items()
    }
    question, command = "How often does the order of recipes flip with scale?", f"show {_RECIPES} --orders"
    return Finding("order-flips", question, wording.flips(_RECIPES, rows), command, plain(rows))


def _of_some(material: Material, found: SkillBySlice) -> dict[str, list[float]]:
    """Return the rows of a law, a regressor and the ensemble that have a value in every slice; an error without any."""
    known = _by_predictor(found)
    names = [material.results.entry(name) for name in ("chinchilla", "gaussian-process", "autolaw")]
    chosen = {name: known[name] for name in names if name in known and not np.isnan(known[name]).any()}
    if not chosen:
        raise InputError("none of them has a value in every slice")
    return chosen


def _by_predictor(found: SkillBySlice) -> dict[str, list[float]]:
    return {str(name): row for name, row in zip(found.rows.index, found.rows.to_numpy(float).tolist(), strict=True)}


def _coverage(material: Material) -> Finding:
    found = material.results.by("reach", what="coverage")
    covered = _of_some(material, found)
    sentence = wording.coverage(covered, list(map(str, found.rows)))
    return Finding("coverage", "Do 80 % intervals cover 80 %?", sentence, "leaderboard --by reach --what coverage", plain(covered))


def _slices(material: Material) -> Finding:
    one, other = "bnsl-1[pooled]", "m4[pooled]"
    found = material.on("curve").ratio_by("reach", one, other)
    of = {name: ratio for name, ratio in found.ratios.items() if name != "all"}
    command = f"compare --predictors {one},{other} --track curve --by reach"
    numbers = {name: _numbers(ratio) for name, ratio in of.items()}
    return Finding("break", "When does the break of a broken power law help?", wording.slices(one, other, of), command, numbers)


def _choice(material: Material) -> Finding | None:
    regret = {str(name): float(value) for name, value in material.regret.items()}
    if len(regret) < _FEWEST:
        return None
    return Finding("regret", "Whose predictions choose the best configuration?", wording.choice(regret), "leaderboard", regret)


_RECIPES = "dclm_models"
"""The collection of many recipes at several scales whose table is bundled."""
_FEWEST = 2
"""Entries with a regret, of which a choice is told."""
_HEAD: tuple[Callable[[Material], Finding | None], ...] = (
    _leader,
    _Pair("gaussian-process", "Does the law beat a Gaussian process?", "chinchilla", "gaussian-process", "compute").answer,
    _Pair("published-constants", "Are published constants enough?", "chinchilla", "chinchilla[hoffmann2022]", "compute").answer,
    _error,
    _coverage,
)
_TAIL: tuple[Callable[[Material], Finding | None], ...] = (
    _until("rows", "How many runs until an error of 5 %?", "rows", "training rows per fit"),
    _until(
        "compute-share",
        "What share of the compute until an error of 5 %?",
        "compute-share",
        "the cost of the training runs over that of all runs",
    ),
    _repeats,
    _flips,
)
_PAIRS = (
    _Pair("kaplan", "Kaplan's form or Chinchilla's?", "chinchilla", "kaplan", "compute"),
    _Pair("gamma", "Is an outer exponent worth a constant more?", "chinchilla-gamma", "chinchilla", "compute"),
    _Pair("over-training", "Is the over-training form better?", "over-training", "chinchilla", "compute"),
    _Pair("farseer", "Are nine constants better than five?", "farseer", "chinchilla", "compute"),
    _Pair("prior", "What is a prior on the constants worth?", "chinchilla[prior]", "chinchilla[huber-log]", "compute"),
    _Pair("pooled", "What is pooling over collections worth?", "chinchilla[pooled]", "chinchilla[l2-log]", "compute"),
    _Pair("huber", "Huber loss or squares?", "chinchilla[huber-log]", "chinchilla[l2-log]", "compute"),
    _Pair("log", "Squares of the logarithm or of the loss?", "chinchilla[l2-log]", "chinchilla[l2]", "compute"),
    _Pair("ensemble", "Does the median of laws beat the best one?", "median-of-laws", "chinchilla", "compute"),
    _Pair("data-constrained", "Is a term for repeated data worth it?", "data-constrained", "chinchilla", "data-constrained"),
    _Pair("curve", "Which form for one curve: with a break, or a Gaussian process?", "bnsl", "gaussian-process", "curve"),
    _Pair("second-break", "Is a second break worth it?", "bnsl-2", "bnsl-1", "curve"),
    _Pair("pooled-curve", "What is pooling worth for one curve?", "bnsl-1[pooled]", "bnsl-1", "curve"),
    _Pair("two-stage", "Downstream: through the loss, or directly?", "two-stage[bounded]", "logit-linear", "downstream"),
    _Pair("downstream", "Downstream: does a law of families beat a Gaussian process?", "sloth", "gaussian-process", "downstream"),
    _Pair("step-law", "Hyperparameters: does a law beat a Gaussian process?", "step-law", "gaussian-process", "hyperparameters"),
    _Pair("autolaw", "Does weighting laws by back-tests help?", "autolaw", "median-of-laws", None),
    _Pair("law-gp", "What do laws add to a Gaussian process?", "law-gp", "gaussian-process", None),
)


def answers(results: Results) -> Iterator[Finding]:
    """Yield the findings of results; a question that they cannot answer is left out."""
    material = Material(results)
    for answer in (*_HEAD, *(pair.answer for pair in _PAIRS), _slices, _choice, *_TAIL):
        finding = None
        with suppress(InputError):
            finding = answer(material)
        if finding is not None:
            yield finding
