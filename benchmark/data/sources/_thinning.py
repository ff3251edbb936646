"""Thinning of densely logged training curves."""

from functools import cache

import numpy as np
import pandas as pd

__all__ = ["evenly_placed", "log_spaced"]


def log_spaced(table: pd.DataFrame, by: str | list[str], along: str, points: int) -> pd.DataFrame:
    """Return at most `points` rows of each group: those nearest to values evenly spaced in the logarithm of `along`.

    The first and the last row of a group are always among them.
    """
    ordered = table.sort_values(along, kind="stable")
    keep = [rows.index[_nearest(rows[along].to_numpy(float), points)] for _, rows in ordered.groupby(by, sort=True)]
    return table.loc[np.concatenate(keep)].reset_index(drop=True)


def _nearest(x: np.ndarray, points: int) -> np.ndarray:
    if len(x) <= points:
        return np.arange(len(x))
    scale = np.log(x)
    wanted = np.linspace(scale[0], scale[-1], points)
    above = np.searchsorted(scale, wanted).clip(1, len(x) - 1)
    nearer_below = wanted - scale[above - 1] <= scale[above] - wanted
    return np.unique(np.append(above - nearer_below, [0, len(x) - 1]))


def evenly_placed(table: pd.DataFrame, by: str | list[str], points: int) -> pd.Series:
    """Return which rows are among at most `points` of their group, evenly spaced in its order, first and last included."""
    groups = table.groupby(by)
    place, length = groups.cumcount(), groups[table.columns[0]].transform("size")
    return pd.Series([p in _places(n, points) for p, n in zip(place, length, strict=True)], index=table.index)


@cache
def _places(length: int, points: int) -> frozenset[int]:
    if length <= points:
        return frozenset(range(length))
    return frozenset(round((length - 1) * k / (points - 1)) for k in range(points))
