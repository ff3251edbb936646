"""Which tables measure a share of a whole, such as an accuracy: no forecast of one lies outside [0, 1]."""

from __future__ import annotations

import re

from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.forecasting.runs import Runs

__all__ = ["is_share"]

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
