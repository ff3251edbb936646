"""One independent fit of a task: its training rows and its held-out rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["Fold"]


def _none() -> np.ndarray:
    return np.empty(0)


def _nowhere() -> np.ndarray:
    return np.empty(0, dtype=np.intp)


@dataclass(frozen=True)
class Fold:
    """One independent fit: rows of one group.

    Attributes
    ----------
    name : str
        The curve, or the held-out group.
    X_train, X_test : DataFrame
        Input variables.
    y_train, y_test : ndarray
        Measured values.
    scored : ndarray of bool, shape (n_test,)
        Held-out rows that count; the others are context only.
    cost : ndarray, shape (n_test,)
        Training cost of each held-out row, in the task's cost basis; for decision scores.
    train_cost : ndarray, shape (n_train,)
        The same of the training rows.
    train_rows, test_rows : ndarray of int
        Positions in the collection's table; not in the fingerprint.
    train_runs, test_runs : ndarray of int
        Run of each row, as in `Collection.run_numbers`; not in the fingerprint.
    """

    name: str
    X_train: pd.DataFrame
    y_train: np.ndarray
    X_test: pd.DataFrame
    y_test: np.ndarray
    scored: np.ndarray
    cost: np.ndarray
    train_cost: np.ndarray = field(default_factory=_none)
    train_rows: np.ndarray = field(default_factory=_nowhere)
    test_rows: np.ndarray = field(default_factory=_nowhere)
    train_runs: np.ndarray = field(default_factory=_nowhere)
    test_runs: np.ndarray = field(default_factory=_nowhere)

    @property
    def n_scored(self) -> int:
        """Number of held-out rows that count."""
        return int(self.scored.sum())

    def __repr__(self) -> str:
        return f"Fold({self.name}: {len(self.y_train)} rows to train on, {self.n_scored} held out)"
