"""How often the order of two curves flips between a small and a large scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.collection import load_collection
from scalingbench.common.errors import InputError
from scalingbench.common.tables import Table, Tabular, interval, number

__all__ = ["OrderFlips", "order_flips"]

_SCALE = ["params", "tokens"]
_FACTOR = 4.0
"""Smallest factor of compute between the two scales."""
_FEWEST = 5
"""Fewest curves that are compared."""
_DRAWS = 1000
_PERCENTILES = (2.5, 97.5)
_DIGITS = {"curves": 0, "pairs": 0, "factor": 1, "flips": 1}


@dataclass(frozen=True, eq=False, repr=False)
class OrderFlips(Tabular):
    """The share of pairs of curves whose order differs between two scales, for each metric.

    Attributes
    ----------
    collection : str
        The collection.
    rows : DataFrame
        One row per metric: ``curves``, ``pairs``, ``factor`` of params x tokens between the scales, ``flips`` in % of the pairs, and
        ``low`` and ``high``, the ends of its 95 % interval.
    """

    collection: str
    rows: pd.DataFrame

    def table(self) -> Table:
        header = ("metric", "curves", "pairs", "factor of scale", "order flips, %", "95 % interval")
        cells = [
            [str(name), *(number(r[k], digits) for k, digits in _DIGITS.items()), interval(r["low"], r["high"], 1)]
            for name, r in self.rows.iterrows()
        ]
        note = f"{self.collection}: the two scales with the most curves in common, at least {_FACTOR:g}x apart; a coin flips 50 %."
        return Table(header, cells, note=note)

    def facts(self) -> dict[str, Any]:
        return {"collection": self.collection, "metrics": self.rows.to_dict("index")}


def order_flips(collection: str) -> OrderFlips:
    """Return how often the order of two curves at a small scale is another one at a large scale.

    A scale is a pair of params and tokens. Of those that are at least 4x apart, the two with the most curves in common are compared, of
    several the farthest. Flagged rows are left out, repeats averaged. The interval is a bootstrap over curves.

    Parameters
    ----------
    collection : str
        Name of a collection.

    Raises
    ------
    InputError
        If the collection has no metric with five curves at two such scales.

    Examples
    --------
    >>> order_flips("dclm_models").rows.loc["score_core", ["curves", "pairs"]].tolist()
    [17.0, 136.0]
    """
    table = load_collection(collection).table
    found = {}
    if set(_SCALE) <= set(table):
        for metric, own in table[table["flag"] == ""].groupby("metric", sort=True):
            if (scales := _two_scales(own)) is not None:
                found[str(metric)] = _flips(*scales)
    if not found:
        raise InputError(f"{collection}: no metric has {_FEWEST} curves at two scales that are {_FACTOR:g}x apart")
    return OrderFlips(collection, pd.DataFrame(found).T.rename_axis("metric"))


def _two_scales(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Return the values of the common curves at the smaller and the larger scale, and the factor between the scales."""
    values = rows.dropna(subset=_SCALE).pivot_table(index=_SCALE, columns="curve", values="value", aggfunc="mean")
    best = max(_candidates(values), default=None)
    if best is None:
        return None
    _, factor, small, large = best
    both = values.iloc[[small, large]].dropna(axis="columns").to_numpy(float)
    return both[0], both[1], factor


def _candidates(values: pd.DataFrame) -> Iterator[tuple[int, float, int, int]]:
    """Yield number of common curves, factor, and places of both scales."""
    cost = np.array([params * tokens for params, tokens in values.index])
    known = values.notna().to_numpy()
    for i, j in combinations(range(len(values)), 2):
        small, large = (i, j) if cost[i] < cost[j] else (j, i)
        common, factor = int((known[i] & known[j]).sum()), float(cost[large] / cost[small])
        if common >= _FEWEST and factor >= _FACTOR:
            yield common, factor, small, large


def _flips(small: np.ndarray, large: np.ndarray, factor: float) -> dict[str, float]:
    n = len(small)
    flipped = np.sign(small[:, None] - small) * np.sign(large[:, None] - large) < 0
    weight = np.random.default_rng(0).multinomial(n, np.full(n, 1.0 / n), size=_DRAWS).astype(float)
    pairs = weight.sum(axis=1) ** 2 - (weight**2).sum(axis=1)  # a curve is not compared with itself
    low, high = np.percentile(100.0 * np.einsum("ri,ij,rj->r", weight, flipped.astype(float), weight) / pairs, _PERCENTILES)
    share = 100.0 * flipped.sum() / (n * (n - 1))
    return {"curves": n, "pairs": n * (n - 1) // 2, "factor": factor, "flips": float(share), "low": float(low), "high": float(high)}
