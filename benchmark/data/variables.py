"""Names in a table beside the scale variables of `common.variables`: kinds of metrics, flags, and its own variables."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scalingbench.common.errors import SchemaError
from scalingbench.common.variables import VARIABLES, is_variable

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FLAGS",
    "METRIC_KINDS",
    "OWN_PREFIX",
    "MetricKind",
    "is_own",
    "may_be_variable",
    "metric_kind",
    "variables_of",
]


@dataclass(frozen=True)
class MetricKind:
    """A family of metrics: a metric is named ``<kind>`` or ``<kind>_<what>``."""

    name: str
    meaning: str
    lower_is_better: bool
    low: float
    high: float
    zero: bool = False
    """Whether the lower limit itself is a legal value."""
    log: bool = True
    """Whether errors are on a log scale; else in the metric's unit."""


OWN_PREFIX = "x_"
"""Prefix of variables that a collection's card declares, with unit and meaning."""
_OWN_NAME = re.compile(rf"{OWN_PREFIX}[a-z0-9_]+")


METRIC_KINDS: dict[str, MetricKind] = {
    m.name: m
    for m in (
        MetricKind("loss", "cross-entropy, in the unit that the card states", True, 0.0, math.inf),
        MetricKind("error_rate", "share of wrong answers", True, 0.0, 1.0),
        MetricKind("accuracy", "share of right answers", False, 0.0, 1.0, zero=True, log=False),
        MetricKind("perplexity", "exponentiated cross-entropy", True, 1.0, math.inf, zero=True),
        MetricKind("mse", "mean squared error", True, 0.0, math.inf),
        MetricKind("mae", "mean absolute error", True, 0.0, math.inf),
        MetricKind("cost", "what reaching a stated goal takes, such as steps to a target loss", True, 0.0, math.inf),
        MetricKind("share", "a share of a whole without a better direction, such as active units", True, 0.0, 1.0, zero=True, log=False),
        MetricKind("relative_loss", "a loss relative to a baseline, of any sign", True, -math.inf, math.inf, log=False),
        MetricKind("score", "any other measure of quality, higher is better", False, -math.inf, math.inf, log=False),
    )
}


FLAGS: dict[str, str] = {
    "diverged": "training diverged; the value is that of a failed run",
    "duplicate": "repeats another row of the same collection",
    "outlier": "left out by the source's authors or contradicted by its neighbours",
    "copy-error": "the value was copied from a neighbouring cell upstream",
    "interrupted": "the run stopped before its planned end",
    "missing": "the source lists the run without a usable value",
}
"""Legal annotations; a row carries none, or several joined by ``|``."""


def metric_kind(metric: str) -> MetricKind:
    """Return the kind of a metric from its name.

    Raises
    ------
    SchemaError
        If the name starts with no known kind.
    """
    for name, kind in METRIC_KINDS.items():
        if metric == name or metric.startswith(name + "_"):
            return kind
    raise SchemaError(f"metric {metric!r} is of no known kind; a metric is <kind> or <kind>_<what>, kind one of {', '.join(METRIC_KINDS)}")


def is_own(column: str) -> bool:
    """Return whether a name has the form of a collection's own variable: ``x_`` and lower-case letters, digits, ``_``."""
    return _OWN_NAME.fullmatch(column) is not None


def may_be_variable(name: str) -> bool:
    """Return whether a task may use the name: a scale variable, or one that a card may declare."""
    return is_variable(name) or is_own(name)


def variables_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the scale variables of a table, in registry order, then mixture weights and its own variables."""
    registered = [name for name in VARIABLES if name in table.columns]
    return (*registered, *sorted(c for c in map(str, table.columns) if c not in VARIABLES and may_be_variable(c)))
