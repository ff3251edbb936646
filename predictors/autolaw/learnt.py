"""Coefficients that AutoLaw learns from tuning cases, and their file: one table from all cases, and one without each cluster.

``python -m perf.tuning FILE FILE --write`` writes the file. No tuning case has a row that a board counts (`perf.tuning.cases`). Users
get the table from all cases. A task is evaluated with the table learnt without its cluster; for a compilation of other collections'
runs, without any of their clusters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

__all__ = ["FILE", "ErrorSizes", "LearntTable", "LearntWeights", "interval_features", "load_table", "terms"]


@dataclass(frozen=True)
class ErrorSizes:
    """The distribution of errors.

    Attributes
    ----------
    scale : ndarray, shape (5,)
        Coefficients of the logarithm of an error's size; see `interval_features`.
    edges : ndarray, shape (b - 1,)
        Distances at which the quantiles change.
    shares, quantiles : ndarray, shapes (q,) and (b, q)
        Quantiles of |error| / size at these probabilities.
    """

    scale: np.ndarray
    edges: np.ndarray
    shares: np.ndarray
    quantiles: np.ndarray

    def size(self, features: np.ndarray) -> np.ndarray:
        """Return the size of an error from `interval_features`, shape (n,)."""
        found: np.ndarray = np.exp(np.clip(features @ self.scale, -60.0, 60.0))
        return found

    def deviations(self, size: np.ndarray, beyond: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return quantiles of a measurement less its mean, shape (n, len(levels))."""
        part = np.searchsorted(self.edges, beyond, side="right")
        inside = np.abs(2.0 * levels - 1.0)
        within = np.stack([np.interp(inside, np.append(0.0, self.shares), np.append(0.0, row)) for row in self.quantiles])
        # beyond the largest measured probability, the tail of a normal distribution
        last = self.shares[-1]
        out = inside > last
        if out.any():
            more = ndtri(0.5 + 0.5 * np.minimum(inside[out], 1 - 1e-12)) / ndtri(0.5 + 0.5 * last)
            within[:, out] = self.quantiles[:, -1:] * more[None, :]
        found: np.ndarray = size[:, None] * within[part] * np.sign(levels - 0.5)[None, :]
        return found


def interval_features(
    weight: np.ndarray, values: np.ndarray, recent: np.ndarray, floor: float, beyond: np.ndarray, rows: int
) -> np.ndarray:
    """Return the features of an error's size, shape (n, 5).

    Parameters
    ----------
    weight, values : ndarray, shape (k, n)
        Weights and predictions of the candidates.
    recent : ndarray, shape (k,)
        Their back-test errors.
    floor : float
        The error below which candidates are not distinguished.
    beyond : ndarray, shape (n,)
        Distance of the rows from the training rows, in training ranges.
    rows : int
        Number of training rows.
    """
    mean = (weight * values).sum(axis=0)
    # without weight, a prediction that overflows when squared would leave no spread
    spread = np.sqrt((weight * np.where(weight > 0, values - mean, 0.0) ** 2).sum(axis=0))
    tested = np.isfinite(recent)
    share = weight[tested].sum(axis=0)
    error = (weight[tested] * recent[tested, None]).sum(axis=0) / np.maximum(share, 1e-12)
    error = np.where(share > 1e-6, error, spread)
    n = len(mean)
    return np.stack([np.ones(n), np.log(spread + floor), np.log(error + floor), np.log1p(beyond), np.full(n, 1.0 / rows)], axis=1)


FILE = Path(__file__).with_name("tables.json")


@dataclass(frozen=True)
class LearntWeights:
    """Coefficients of the back-test errors, and an offset for each candidate.

    Attributes
    ----------
    errors : ndarray, shape (3, 3)
        Coefficients of the three kinds of error (`weights.BacktestErrors.kinds`), for each of the `terms`.
    candidates : mapping of str to ndarray, each of shape (2,)
        Offset of a candidate, constant and per e-fold of distance; 0 for names that are absent.
    """

    errors: np.ndarray
    candidates: Mapping[str, np.ndarray]

    def logits(self, names: Sequence[str], kinds: np.ndarray, beyond: np.ndarray, rows: int) -> np.ndarray:
        """Return logarithms of the weights up to a constant, shape (k, n).

        Parameters
        ----------
        names : sequence of str
            Candidates, k of them.
        kinds : ndarray, shape (3, k)
            Their errors.
        beyond : ndarray, shape (n,)
            Distance of the rows from the training rows, in training ranges.
        rows : int
            Number of training rows.
        """
        own = np.stack([self.candidates.get(name, np.zeros(2)) for name in names])
        tested = kinds.T @ self.errors @ terms(beyond, rows).T
        found: np.ndarray = tested + own @ np.stack([np.ones(len(beyond)), np.log1p(beyond)])
        return found


def terms(beyond: np.ndarray, rows: int | np.ndarray) -> np.ndarray:
    """Return the factors of an error's coefficients: 1, the logarithm of distance, and rows^(-1/2); shape (n, 3)."""
    few = 3.0 / np.sqrt(np.broadcast_to(rows, np.shape(beyond)))
    return np.stack([np.ones(len(beyond)), np.log1p(beyond), few], axis=1)


@dataclass(frozen=True)
class LearntTable:
    """The coefficients learnt from one set of collections.

    Attributes
    ----------
    collections : tuple of str
        Collections, clusters and kinds of synthetic world.
    weights : LearntWeights
        Of the candidates.
    sizes : ErrorSizes
        Of the errors.
    """

    collections: tuple[str, ...]
    weights: LearntWeights
    sizes: ErrorSizes

    def as_json(self) -> dict[str, Any]:
        """Return the table in the file's format."""
        return {
            "learnt from": list(self.collections),
            "errors": _short(self.weights.errors),
            "candidates": {name: _short(own) for name, own in sorted(self.weights.candidates.items()) if np.abs(own).max() > 0},
            "size": _short(self.sizes.scale),
            "edges": _short(self.sizes.edges),
            "shares": _short(self.sizes.shares),
            "quantiles": _short(self.sizes.quantiles),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> LearntTable:
        """Return a table from the file's format."""
        weights = LearntWeights(np.array(raw["errors"]), {name: np.array(own) for name, own in raw["candidates"].items()})
        sizes = ErrorSizes(*(np.array(raw[key]) for key in ("size", "edges", "shares", "quantiles")))
        return cls(tuple(raw["learnt from"]), weights, sizes)


def _short(values: np.ndarray) -> Any:
    return [_short(v) if np.ndim(v) else float(f"{v:.4g}") for v in values]


@cache
def _tables() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def load_table(left_out: str | None = None) -> LearntTable:
    """Return the shipped table learnt without a cluster; the table from all cases for None or a cluster that has no cases."""
    tables = _tables()
    return LearntTable.from_json(tables["without"].get(left_out, tables["all"]))
