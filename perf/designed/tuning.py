"""Learning rates of all later runs, from the tuning runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["TUNED", "RatePlane", "fit_plane", "load_plane"]

TUNED = Path(__file__).parent / "tuned.json"
LIMITS = (5e-4, 0.3)


@dataclass(frozen=True)
class RatePlane:
    """log rate = a + b log N + c log D."""

    a: float
    b: float
    c: float

    def rate(self, params: int, tokens: int) -> float:
        value = np.exp(self.a + self.b * np.log(params) + self.c * np.log(tokens))
        return float(f"{np.clip(value, *LIMITS):.3g}")


def best_rate(rates: np.ndarray, losses: np.ndarray) -> float:
    """Return the vertex of the parabola through the best rate and its neighbours; at an end of the range, that end."""
    order = np.argsort(rates)
    x, y = np.log(rates[order]), np.log(losses[order])
    k = int(np.argmin(y))
    if k in (0, len(x) - 1):
        return float(np.exp(x[k]))
    second, first, _ = np.polyfit(x[k - 1 : k + 2] - x[k], y[k - 1 : k + 2], 2)
    return float(np.exp(x[k] - first / (2 * second)))


def fit_plane(table: pd.DataFrame) -> RatePlane:
    """Fit the plane by least squares over the cells of the tuning stage."""
    cells = table[(table["stage"] == "tuning") & table["loss"].notna()].groupby(["params", "tokens"])
    found = pd.DataFrame(
        [(*cell, best_rate(rows["learning_rate"].to_numpy(), rows["loss"].to_numpy(float))) for cell, rows in cells],
        columns=["params", "tokens", "rate"],
    )
    logs = np.log(found.to_numpy(float))
    design = np.column_stack([np.ones(len(logs)), logs[:, :2]])
    return RatePlane(*(float(f"{v:.6g}") for v in np.linalg.lstsq(design, logs[:, 2], rcond=None)[0]))


def load_plane(world: str) -> RatePlane:
    if not TUNED.exists() or world not in (planes := json.loads(TUNED.read_text())):
        raise SystemExit(f"no tuned rates for {world}: run the stage 'tuning', then 'tune'")
    return RatePlane(**planes[world])
