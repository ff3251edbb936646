"""The rows that are fitted: in an order that depends on the rows alone, and no more than the candidates can take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["MOST_ROWS", "THINNED_TO", "Chosen", "canonical", "thin"]

MOST_ROWS = 4_000
"""Most rows that are fitted as they are."""
THINNED_TO = 1_000
_FEWEST_OF_RUN = 4
_CLOCKS = ("steps", "tokens", "flops")


@dataclass(frozen=True)
class Chosen:
    """The rows that are fitted.

    Attributes
    ----------
    rows, rest : DataFrame
        Used and unused columns.
    notes : tuple of str
        What was done to them.
    order : ndarray, optional
        Position of each row in the table; None where rows were averaged or thinned.
    """

    rows: pd.DataFrame
    rest: pd.DataFrame
    notes: tuple[str, ...] = ()
    order: np.ndarray | None = None


def canonical(rows: pd.DataFrame, rest: pd.DataFrame, varied: Sequence[str], *, log: bool) -> Chosen:
    """Return rows in an order that depends on the set of rows alone, thinned where they are many.

    Parameters
    ----------
    rows : DataFrame, shape (n, ...)
        With ``value``; numbered from 0.
    rest : DataFrame
        Unused columns of the same rows.
    varied : sequence of str
        The columns that are fitted.
    log : bool
        Whether replicates are averaged on a logarithmic scale.
    """
    order = _order(rows, varied)
    rows, rest = rows.iloc[order].reset_index(drop=True), rest.iloc[order].reset_index(drop=True)
    if len(rows) <= MOST_ROWS:
        return Chosen(rows, rest, order=order)
    return Chosen(*thin(rows, rest, varied, log=log))


def _order(rows: pd.DataFrame, varied: Sequence[str]) -> np.ndarray:
    """Sort rows by all their numbers, then shuffle them with a fixed seed: folds of neighbours in a grid would be one level of it."""
    numbers = [c for c in rows.columns if pd.api.types.is_numeric_dtype(rows[c]) and c not in (*varied, "value")]
    keys = [rows[c].to_numpy(float, na_value=np.nan) for c in (*varied, "value", *sorted(numbers))]
    return np.lexsort(keys[::-1])[np.random.default_rng(0).permutation(len(rows))]


def thin(rows: pd.DataFrame, rest: pd.DataFrame, varied: Sequence[str], *, log: bool) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Average replicates, then keep of every run rows at even distances in the logarithm of its steps."""
    n = len(rows)
    rows, rest, spread = _averaged(rows, rest, varied, log=log)
    notes = [spread] if spread else []
    if len(rows) > MOST_ROWS:
        kept, how = _spaced(rows, varied)
        rows, rest = rows.iloc[kept].reset_index(drop=True), rest.iloc[kept].reset_index(drop=True)
        notes.append(f"{len(rows):,} of {n:,} rows are fitted: {how}")
    return rows, rest, tuple(notes)


def _averaged(rows: pd.DataFrame, rest: pd.DataFrame, varied: Sequence[str], *, log: bool) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return the mean of the rows with the same inputs, the first of each for all else, and how far they spread."""
    groups = rows.groupby(list(varied), sort=False).ngroup().to_numpy()
    first = np.unique(groups, return_index=True)[1]
    if len(first) == len(rows):
        return rows, rest, ""
    y = rows["value"].to_numpy(float)
    on_log = log and bool((y > 0).all())
    values = pd.Series(np.log(y) if on_log else y).groupby(groups)
    means = values.mean().to_numpy()
    sd = float(np.sqrt((values.var(ddof=1) * (values.size() - 1)).sum() / max(1, len(rows) - len(first))))
    kept = rows.iloc[first].assign(value=np.exp(means) if on_log else means).reset_index(drop=True)
    text = f"{len(rows):,} rows have {len(first):,} different inputs: replicates are averaged, their standard deviation is "
    return kept, rest.iloc[first].reset_index(drop=True), text + (f"{100 * sd:.2g} %" if on_log else f"{sd:.2g}")


def _spaced(rows: pd.DataFrame, varied: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return the positions of the rows that are kept, and the rule."""
    clock = next((c for c in _CLOCKS if c in rows and rows[c].notna().all()), varied[0])
    runs = rows["run"].astype(str).to_numpy() if "run" in rows else np.full(len(rows), "")
    names = np.unique(runs)
    if len(names) > THINNED_TO // _FEWEST_OF_RUN:  # rows are runs, or nearly so
        runs, names, clock = np.full(len(rows), ""), np.array([""]), "cost"
    x = np.log(np.maximum(np.prod(rows[list(varied)].to_numpy(float), axis=1) if clock == "cost" else rows[clock].to_numpy(float), 1e-300))
    kept = [_evenly(np.flatnonzero(runs == name), x, THINNED_TO // len(names)) for name in names]
    each = f"of each of {len(names)} runs, " if len(names) > 1 else ""
    at = "the product of the inputs" if clock == "cost" else clock
    return np.sort(np.concatenate(kept)), f"{each}those at even distances in the logarithm of {at}"


def _evenly(rows: np.ndarray, x: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of the rows, the nearest to even marks from the least x to the largest."""
    order = rows[np.argsort(x[rows], kind="stable")]
    if len(order) <= most:
        return order
    marks = np.linspace(x[order[0]], x[order[-1]], most)
    after = np.clip(np.searchsorted(x[order], marks), 1, len(order) - 1)
    nearer = np.where(marks - x[order[after - 1]] < x[order[after]] - marks, after - 1, after)
    return np.asarray(order[np.unique(nearer)])
