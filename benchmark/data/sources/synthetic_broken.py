"""Synthetic: learning curves with one or two smooth breaks, and U-shaped ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.synthetic import World, noisy, rounded, runs_of

FILES: tuple[UpstreamFile, ...] = ()

_BROKEN: dict[str, tuple[Any, ...]] = {  # a, b, c0, then c, d, f of each break
    "steepens": (0.2, 2.0, 0.05, (0.35, 3e6, 0.3)),
    "flattens": (0.1, 30.0, 0.35, (-0.25, 1e6, 0.2)),
    "steepens-then-flattens": (0.05, 2.0, 0.03, (0.4, 3e5, 0.2), (-0.3, 3e7, 0.3)),
}
_U = {  # lowest value, where, and curvature in natural logarithms
    "u-early": (0.5, 1e6, 0.02),
    "u-late": (0.8, 1e8, 0.01),
}
_NOISES = (0.0, 0.01)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return each curve without and with noise of 1 %."""
    x = rounded(10 ** np.linspace(4.0, 9.0, 41))
    clean = {name: _clean(name, x) for name in (*_BROKEN, *_U)}
    parts = [
        pd.DataFrame({"curve": f"{name}/noise{noise:g}", "metric": "loss", "value": noisy(y, noise, 10 * i + j), "tokens": x})
        for i, (name, y) in enumerate(clean.items())
        for j, noise in enumerate(_NOISES)
    ]
    return runs_of(pd.concat(parts, ignore_index=True))


def _clean(name: str, x: np.ndarray) -> np.ndarray:
    if name in _BROKEN:
        return _broken(x, *_BROKEN[name])
    low, at, curvature = _U[name]
    y: np.ndarray = low + curvature * np.log(x / at) ** 2
    return y


def _noise_free(rows: pd.DataFrame) -> np.ndarray:
    x, names = rows["tokens"].to_numpy(float), rows["curve"].str.split("/").str[0].to_numpy()
    y = np.empty(len(rows))
    for name in set(names):
        y[names == name] = _clean(name, x[names == name])
    return y


WORLD = World(_noise_free, ("c0", "c1", "c2"), ("bnsl",))


def _broken(x: np.ndarray, a: float, b: float, c0: float, *breaks: tuple[float, float, float]) -> np.ndarray:
    """Return Caballero et al. 2023, eq. 1."""
    y = b * x**-c0
    for c, d, f in breaks:
        y = y * (1.0 + (x / d) ** (1.0 / f)) ** (-c * f)
    return a + y
