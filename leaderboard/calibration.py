"""Calibration of the 80 % intervals: how coverage spreads over tasks and clusters, which its mean does not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.defaults import ENDS
from scalingbench.common.tables import Table, Tabular, number
from scalingbench.leaderboard.ranking import crps_skill
from scalingbench.leaderboard.scores import ScoreMatrix, mean_of_known

__all__ = ["BANDS", "CALIBRATED", "Calibration", "calibration_of"]

NOMINAL = ENDS[1] - ENDS[0]
BANDS = {"below .5": (0.0, 0.5), ".5 to .95": (0.5, 0.95), ".95 and more": (0.95, np.inf)}
"""Bands of coverage; a value on a limit is in the band above it."""
CALIBRATED = "(calibrated)"
"""The row of an interval that covers each held-out row with its nominal probability, independently."""
_DRAWS, _ROUNDING = 400, 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Tabular):
    """The spread of coverage over the tasks, and over the clusters, on which a predictor has intervals.

    Attributes
    ----------
    rows : DataFrame
        By predictor: ``coverage``, its weighted mean; ``crps_skill``, which is lower for intervals that are too narrow and for those that
        are too wide; number of ``tasks`` and ``clusters``; for both the share of the weight in each of `BANDS`, and
        ``distance``, the mean of abs(coverage - 0.8). The last row, `CALIBRATED`, is what chance gives.
    """

    rows: pd.DataFrame

    def of(self, predictors: Sequence[str], top: int | None = None) -> Calibration:
        """Return the rows of the first of the given predictors that have intervals, in their order, and the last row."""
        names = [name for name in predictors if name in self.rows.index][:top]
        return replace(self, rows=self.rows.loc[[*names, CALIBRATED]])

    def table(self) -> Table:
        per = [f"{unit}: {what}" for unit in ("tasks", "clusters") for what in (*BANDS, "distance")]
        header = ["predictor", "coverage", "CRPS", "tasks", "clusters", *per]
        return Table(header, [self._cells(str(name), row) for name, row in self.rows.iterrows()], note=_NOTE, compact=True)

    def _cells(self, name: str, row: pd.Series) -> list[str]:
        spread = [number(value, 2) for value in row.iloc[4:]]
        return [name, number(row["coverage"], 2), number(row["crps_skill"], 3), *(f"{row[c]:.0f}" for c in ("tasks", "clusters")), *spread]

    def facts(self) -> dict[str, Any]:
        return {"what": "coverage", "nominal": NOMINAL, "rows": self.rows.to_dict("index")}

    def __repr__(self) -> str:
        return f"Calibration({len(self.rows) - 1} predictors with intervals)"


_NOTE = (
    "Coverage of the 80 % intervals: share of the weight of the tasks, and of the clusters, with coverage in each band, and the mean "
    f"distance of coverage from .8. {CALIBRATED}: intervals that cover each held-out row with probability .8, independently, on all tasks. "
    "CRPS: as on the board."
)


def calibration_of(scores: ScoreMatrix, tasks: pd.DataFrame, reference: str, seed: int = 0) -> Calibration:
    """Return the spread of coverage of every predictor with intervals.

    Parameters
    ----------
    scores : ScoreMatrix
        Scores on the tasks that a board ranks on.
    tasks : DataFrame
        Descriptions of these tasks, with the number of held-out rows ``n_test``.
    reference : str
        Predictor whose score is the unit of ``crps_skill``.
    seed : int
        Of the draws of the calibrated interval.
    """
    has = ~np.isnan(scores["coverage"]).all(axis=1)
    rows = _spread(scores, scores["coverage"][has]).set_axis(scores.predictors[has])
    rows.insert(1, "crps_skill", crps_skill(scores, reference)[has])
    held_out = tasks.set_index("task").loc[scores.tasks, "n_test"].to_numpy(int)
    drawn = np.random.default_rng(seed).binomial(held_out, NOMINAL, size=(_DRAWS, len(held_out))) / held_out
    rows.loc[CALIBRATED] = _spread(scores, drawn).mean()
    return Calibration(rows.rename_axis("predictor"))


def _spread(scores: ScoreMatrix, coverage: np.ndarray) -> pd.DataFrame:
    """Return mean and spread of coverage, shape (n, n_tasks), over the tasks and the clusters with a value."""
    inside = (np.arange(scores.n_clusters)[:, None] == scores.cluster_of_task) * scores.weight
    known = ~np.isnan(coverage)
    weight = known @ inside.T
    by_cluster = np.where(weight > 0, np.nan_to_num(coverage) @ inside.T / np.where(weight > 0, weight, 1.0), np.nan)
    columns = {"coverage": mean_of_known(coverage, scores.weight), "tasks": known.sum(axis=1), "clusters": (weight > 0).sum(axis=1)}
    for unit, values, weights in (("task", coverage, known * scores.weight), ("cluster", by_cluster, weight)):
        columns |= {f"{unit}_{name}": share for name, share in _bands(values, weights).items()}
    return pd.DataFrame(columns).astype(float)


def _bands(coverage: np.ndarray, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Return the share of the weight in each band, and the mean distance from the nominal coverage."""
    total, known = weight.sum(axis=1), np.nan_to_num(coverage) + _ROUNDING
    shares = {name: (weight * ((low <= known) & (known < high))).sum(axis=1) / total for name, (low, high) in BANDS.items()}
    return {**shares, "distance": (weight * np.abs(np.nan_to_num(coverage) - NOMINAL)).sum(axis=1) / total}
