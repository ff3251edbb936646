"""Helpers of the synthetic collections: seeded noise, and machine-independent values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["World", "noisy", "rounded", "runs_of"]


@dataclass(frozen=True)
class World:
    """The truth of a synthetic collection, stated by its source module as ``WORLD``.

    Attributes
    ----------
    noise_free : callable
        Noise-free values of rows of the collection's table.
    exponents : tuple of str
        Constants of the card's ``truth`` that are exponents.
    families : tuple of str
        Laws with constants of the same names and meaning.
    """

    noise_free: Callable[[pd.DataFrame], np.ndarray]
    exponents: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


def rounded(values: np.ndarray, digits: int = 10) -> np.ndarray:
    """Round to significant digits: the last bits of exp, log and powers differ between processors."""
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
    places = np.where(np.isfinite(exponent), exponent - digits + 1, 0.0)
    unit = np.array([float(f"1e{place:.0f}") for place in places.ravel()]).reshape(places.shape)
    rounded_values: np.ndarray = np.round(values / unit) * unit
    return rounded_values


def noisy(values: np.ndarray, noise: float, seed: int, *, outliers: float = 0.0, size: float = 0.1) -> np.ndarray:
    """Multiply by log-normal noise, and by exp(size) at a share of the rows: failed runs have higher loss.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values of the law.
    noise : float
        Standard deviation of the log.
    seed : int
        Seed of the draws.
    outliers, size : float
        Share of rows that are outliers, and how far off they are on a log scale.
    """
    rng = np.random.default_rng(seed)
    factor = np.exp(noise * rng.standard_normal(len(values)))
    wrong = rng.random(len(values)) < outliers
    return rounded(values * np.where(wrong, factor * np.exp(size), factor))


def runs_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the rows of each curve numbered as runs of their own."""
    number = table.groupby("curve").cumcount() + 1
    return table.assign(run=number.map("{:04d}".format))
