"""The budget identity of a table: flops = factor x size x tokens, as its own rows state it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scalingbench.forecasting.formats import as_times
from scalingbench.forecasting.numbers import as_size

__all__ = ["FLOPS_PER_TOKEN", "SIZES", "Identity", "identity_of", "mixed_sizes", "with_size"]

FLOPS_PER_TOKEN = 6.0
"""Training FLOPs per parameter and token, where a table does not say."""
SIZES = ("params", "params_active", "params_nonembedding")
"""Columns of sizes, in the order in which they are tried."""
_CONSTANT = 0.05  # relative: rows closer than this to the median obey it
_NEARLY_SIX = 0.02
_MOST_ROWS = 0.9
_SENSIBLE = 100.0
_FAR_OFF = 2.0


@dataclass(frozen=True)
class Identity:
    """What a run costs: flops = factor x size x tokens.

    Attributes
    ----------
    size : str
        The column of sizes.
    factor : float
        FLOPs per parameter of that column and token.
    source : str
        ``table`` where the flops of the rows obey it, ``assumed`` where there are none, ``not constant`` where they do not.
    equal : str
        The same cost by another column, such as ``6 x params_active x tokens``.
    low, high : float
        Range of flops / (size x tokens) over the rows, where it is not constant.
    odd : tuple of str
        Rows that are off by more than a factor of two, and by how much.
    """

    size: str = "params"
    factor: float = FLOPS_PER_TOKEN
    source: str = "assumed"
    equal: str = ""
    low: float = FLOPS_PER_TOKEN
    high: float = FLOPS_PER_TOKEN
    odd: tuple[str, ...] = ()

    @property
    def usual(self) -> bool:
        """Whether it is flops = 6 x params x tokens."""
        return self.factor == FLOPS_PER_TOKEN and self.size == "params"

    def __str__(self) -> str:
        text = f"flops = {self.factor:.3g} x {self.size} x tokens" + (f" = {self.equal}" if self.equal else "")
        return f"{text} ({'by the table' if self.source == 'table' else 'assumed'})"

    @property
    def stated(self) -> bool:
        """Whether the rows obey it."""
        return self.source == "table"


def identity_of(table: pd.DataFrame, size: str | None = None) -> Identity:
    """Return the identity that the rows of a table obey.

    Parameters
    ----------
    table : DataFrame
        Rows with the schema's variables.
    size : str, optional
        The column of sizes; by default the first of `SIZES` for which flops / (size x tokens) is constant.
    """
    ratios = dict(_ratios(table))
    constant = {name: factor for name, ratio in ratios.items() if (factor := _constant(ratio)) is not None}
    chosen = size if size is not None else next(iter(constant), next(iter(ratios), "params"))
    source = "table" if _filled(table, "flops") else "assumed"
    if chosen in constant:
        others = [f"{f:.3g} x {name} x tokens" for name, f in constant.items() if name != chosen]
        return Identity(chosen, constant[chosen], source, " = ".join(others), odd=_odd(table, chosen, ratios[chosen], constant[chosen]))
    if chosen not in ratios or source == "assumed":
        return Identity(chosen)
    low, high = float(ratios[chosen].min()), float(ratios[chosen].max())
    return Identity(chosen, source="not constant", low=low, high=high, odd=_odd(table, chosen, ratios[chosen], FLOPS_PER_TOKEN))


def _filled(table: pd.DataFrame, name: str) -> bool:
    return name in table and bool(table[name].notna().any())


def _ratios(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield the FLOPs per parameter and token of the rows, by column of sizes; without flops those of the active parameters count."""
    if not _filled(table, "tokens"):
        return
    flops = table["flops"] if _filled(table, "flops") else None
    if flops is None and _filled(table, "params_active"):
        flops = FLOPS_PER_TOKEN * table["params_active"] * table["tokens"]
    if flops is None:
        return
    for name in SIZES:
        if _filled(table, name):
            ratio = (flops / (table[name] * table["tokens"])).astype(float)
            known = ratio[np.isfinite(ratio) & (ratio > 0)]
            if len(known):
                yield name, known


def _constant(ratio: pd.Series) -> float | None:
    """Return the factor that nearly all rows obey, None where there is none or it is no number of FLOPs."""
    middle = float(ratio.median())
    obeyed = float((np.abs(np.log(ratio / middle)) < _CONSTANT).mean())
    if obeyed < _MOST_ROWS or not 1 / _SENSIBLE < middle / FLOPS_PER_TOKEN < _SENSIBLE:
        return None
    return FLOPS_PER_TOKEN if abs(middle / FLOPS_PER_TOKEN - 1.0) < _NEARLY_SIX else middle


def _odd(table: pd.DataFrame, size: str, ratio: pd.Series, factor: float) -> tuple[str, ...]:
    """Return the rows whose flops are off by more than a factor of two, the worst first."""
    off = (ratio / factor)[np.abs(np.log(ratio / factor)) > np.log(_FAR_OFF)].sort_values(key=lambda o: -np.abs(np.log(o)))
    rows = table.loc[off.index]
    return tuple(
        f"{size}={as_size(n)}, tokens={as_size(d)} ({as_times(o)} times)" for n, d, o in zip(rows[size], rows["tokens"], off, strict=True)
    )


_OTHER = {"params": "params_nonembedding", "params_nonembedding": "params"}
_SIGN = {"params": 1.0, "params_nonembedding": -1.0}


def with_size(table: pd.DataFrame, name: str) -> tuple[pd.DataFrame, str]:
    """Return the table with total (``params``) or non-embedding parameters from the other kind, and what was derived.

    They differ by vocab_size x width, one matrix, as with tied embeddings. Rows without these, or of which nothing would be left, keep
    no value.
    """
    if name not in _OTHER or not all(_filled(table, n) for n in (_OTHER[name], "vocab_size", "width")):
        return table, ""
    own = table[name] if name in table else pd.Series(np.nan, table.index)
    derived = table[_OTHER[name]] + _SIGN[name] * table["vocab_size"] * table["width"]
    made = own.isna() & (derived > 0)
    sign = "+" if _SIGN[name] > 0 else "-"
    told = f"{name} of {int(made.sum())} rows is {_OTHER[name]} {sign} vocab_size x width (tied embeddings)" if made.any() else ""
    return table.assign(**{name: own.where(~made, derived)}), told


def mixed_sizes(table: pd.DataFrame, name: str) -> str:
    """Return what is asked where some rows have the other kind of parameters alone, empty where none has."""
    if name not in _OTHER or not all(_filled(table, n) for n in (name, _OTHER[name])):
        return ""
    alone = table[name].isna() & table[_OTHER[name]].notna()
    if not alone.any():
        return ""
    place = f"row {int(np.flatnonzero(alone)[0]) + 1}, column {name!r}"
    remedy = f"add columns vocab_size and width, or name {_OTHER[name]} in --target"
    return f"{place}: {int(alone.sum())} rows have {_OTHER[name]} alone, and kinds of parameters do not mix: {remedy}"
