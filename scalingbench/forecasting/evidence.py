"""Evidence from the board: how far forecasts like this one were off, among rows that the benchmark held out."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

__all__ = ["REACH_LIMITS", "ROWS_LIMITS", "Evidence", "bin_of", "cell_key", "enough", "evidence_for", "track_of"]

REACH_LIMITS = (1.0 + 1e-9, 3.0, 10.0, 30.0, 100.0)
"""Bins of how far a row lies beyond the dearest training row, in compute (params x tokens, or what there is)."""
ROWS_LIMITS = (10, 20, 50)
"""Bins of the number of training rows."""
_REACH_NAMES = (
    "within the range of the runs",
    "up to 3x beyond",
    "3-10x beyond",
    "10-30x beyond",
    "30-100x beyond",
    "over 100x beyond",
)
_ROWS_NAMES = ("up to 10 runs", "11-20 runs", "21-50 runs", "over 50 runs")
_ENOUGH_COLLECTIONS, _ENOUGH_FITS = 3, 8


@dataclass(frozen=True)
class Evidence:
    """How a predictor did on held-out rows like the target.

    Attributes
    ----------
    predictor, suite : str
        Whose results, on which suite.
    like : str
        Which forecasts were taken to be like this one.
    n, fits, collections : int
        Held-out rows, fits and collections; collections count alike, and in each its fits.
    relative : bool
        Whether errors are relative (of logarithms), else in the metric's own unit.
    median, p90 : float
        Quantiles of the absolute error.
    coverage : float, optional
        Share that lay in the predicted 80 % interval.
    factor, extra : float, optional
        By what 80 % intervals would have had to be multiplied, or to what was to be added on each side, to hold 80 %.
    """

    predictor: str
    suite: str
    like: str
    n: int
    fits: int
    collections: int
    relative: bool
    median: float
    p90: float
    coverage: float | None
    factor: float | None
    extra: float | None

    def calibrated(self, half_width: float) -> float:
        """Return a half-width that would have held: too wide ones are scaled down, too narrow ones are added to.

        Of the two, each did better where it is used when one collection at a time was calibrated on the others.
        """
        if self.factor is None or self.extra is None:
            return half_width
        return half_width * self.factor if self.factor <= 1.0 else half_width + max(self.extra, 0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        def off(value: float) -> str:
            return f"{100 * value:.2g} %" if self.relative else f"{value:.2g}"

        text = f"among {self.n:,} held-out rows {self.like} ({self.fits} fits of {self.collections} collections), "
        text += f"{self.predictor}'s error was {off(self.median)} in the median, {off(self.p90)} at the 90th percentile"
        return text + (f", and {100 * self.coverage:.0f} % lay in its 80 % interval" if self.coverage is not None else "")


def bin_of(values: np.ndarray, limits: Sequence[float]) -> np.ndarray:
    """Return the number of the bin of each value; a value at a limit is below it."""
    return np.searchsorted(np.asarray(limits, float), np.asarray(values, float), side="left")


def cell_key(log: bool, track: str | None = None, reach: int | None = None, rows: int | None = None) -> str:
    """Return the name of a cell of the table; what it is pooled over is a star."""
    return "|".join(["log" if log else "linear", *("*" if v is None else str(v) for v in (track, reach, rows))])


def enough(facts: Sequence[float | None]) -> bool:
    """Return whether a cell rests on enough fits of enough collections."""
    return float(facts[2] or 0) >= _ENOUGH_COLLECTIONS and float(facts[1] or 0) >= _ENOUGH_FITS


def track_of(variables: Sequence[str]) -> str:
    """Return the track whose tasks read the same variables as a forecast."""
    names = set(variables)
    if any(n.startswith("mix_") for n in names):
        return "mixture"
    for track, tells in _TELLING.items():
        if names & tells:
            return track
    return "curve" if len(names) == 1 else "compute"


_TELLING = {
    "hyperparameters": {"learning_rate", "batch_size", "weight_decay", "momentum"},
    "data-constrained": {"unique_tokens", "epochs"},
    "architecture": {"experts", "width", "depth", "sparsity", "vocab_size", "top_k", "granularity", "bits", "streams", "params_active"},
    "transfer": {"source_loss", "teacher_loss", "teacher_params"},
    "inference": {"samples", "inference_tokens"},
}


@cache
def _table() -> dict[str, Any]:
    path = importlib.resources.files("scalingbench.forecasting") / "evidence.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def evidence_for(
    predictor: str, variables: Sequence[str], reach: float, rows: int, *, log: bool = True, table: dict[str, Any] | None = None
) -> Evidence | None:
    """Return the evidence nearest to a forecast, None where the board has none of the predictor.

    Parameters
    ----------
    predictor : str
        As the board calls it.
    variables : sequence of str
        What it reads; they say which track's tasks are like it.
    reach : float
        Compute of the target over that of the dearest run.
    rows : int
        Runs it was fitted on.
    log : bool
        Whether errors of the metric are taken of logarithms.
    table : dict, optional
        By default the one that comes with the package.
    """
    table = table if table is not None else _table()
    cells = table["predictors"].get(predictor)
    if cells is None:
        return None
    track = track_of(variables)
    far, many = int(bin_of(np.array([reach]), REACH_LIMITS)[0]), int(bin_of(np.array([rows]), ROWS_LIMITS)[0])
    for t, f, m in ((track, far, many), (track, far, None), (None, far, many), (None, far, None), (None, None, None)):
        facts = cells.get(cell_key(log, t, f, m))
        if facts is not None and enough(facts):
            like = " ".join(filter(None, (_REACH_NAMES[f] if f is not None else "", f"from {_ROWS_NAMES[m]}" if m is not None else "")))
            like = (like or "of any reach and number of runs") + (f", track {t}" if t is not None else "")
            return Evidence(predictor, str(table["suite"]), like, int(facts[0]), int(facts[1]), int(facts[2]), log, *facts[3:])
    return None
