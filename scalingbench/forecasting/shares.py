"""Which tables measure a share of a whole, such as an accuracy: no forecast of one lies outside [0, 1], or below chance."""

from __future__ import annotations

import re

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.common.errors import InputError
from scalingbench.forecasting.runs import Runs

__all__ = ["chance_level", "is_share"]

_SHARES = frozenset({"accuracy", "acc", "pass", "rate", "share", "percent", "pct", "%"})
_NEVER = frozenset({"loss", "nll", "ce", "entropy", "ppl", "perplexity", "bpb", "bpc", "learning", "lr"})
_OPEN = ("loss", "score")
"""Kinds that a header of no known kind gets; its words may still say that it is a share."""


def is_share(runs: Runs) -> bool:
    """Return whether the values are shares: by their kind, or because all lie in [0, 1] and the header says so.

    Parameters
    ----------
    runs : Runs
        A table as it was read.
    """
    kind = metric_kind(runs.metric)
    if kind.name not in _OPEN:
        return (kind.low, kind.high) == (0.0, 1.0)
    words = {w for c in runs.columns if c.name == "value" for w in re.findall(r"[a-z]+|%", c.header.lower())}
    return bool(words & _SHARES) and not words & _NEVER and bool(runs.table["value"].between(0.0, 1.0).all())


_CARD = "gadre_overtraining"
"""The collection whose card states the chance level of each benchmark."""


def chance_level(runs: Runs, given: float | None, notes: list[str]) -> float:
    """Return the accuracy of guessing: as given, or as a data card states it for the benchmark, else 0.

    Raises
    ------
    InputError
        If it is no share, or the values are none.
    """
    if given is None:
        known = _known_chance(runs.metric) if runs.metric.startswith("accuracy_") else 0.0
        if known:
            notes.append(f"{runs.metric}: chance level {known:g}, as the card of {_CARD} states; --chance sets another")
        return known
    if not 0.0 <= given < 1.0:
        raise InputError(f"--chance: expected a share from 0 to below 1, got {given:g}")
    if not is_share(runs):
        raise InputError(f"--chance: {runs.metric} is no share of right answers: leave it out, or choose one with --metric")
    return given


def _known_chance(metric: str) -> float:
    facts = load_card(_CARD).scalingbench.metrics.get(metric)
    stated = re.search(r"chance ([0-9.]+)$", facts.meaning) if facts is not None else None
    return float(stated[1]) if stated else 0.0
