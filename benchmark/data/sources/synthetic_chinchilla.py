"""Synthetic: a world that obeys Chinchilla's law, under designs, noise and outliers that are known."""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.synthetic import World, noisy, rounded, runs_of

FILES: tuple[UpstreamFile, ...] = ()

_E, _A, _ALPHA, _B, _BETA = 1.7, 420.0, 0.34, 1600.0, 0.36
_WORLDS = {  # design, irreducible loss, noise, share of outliers
    "grid-clean": ("grid", _E, 0.0, 0.0),
    "grid-noise": ("grid", _E, 0.01, 0.0),
    "grid-outliers": ("grid", _E, 0.003, 0.15),
    "grid-no-floor": ("grid", 0.0, 0.003, 0.0),
    "isoflop-noise": ("isoflop", _E, 0.003, 0.0),
    "collinear-noise": ("collinear", _E, 0.003, 0.0),
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one curve per world, 2e17 to 2e22 FLOPs."""
    return pd.concat([_world(name, seed) for seed, name in enumerate(_WORLDS)], ignore_index=True)


def _world(name: str, seed: int) -> pd.DataFrame:
    design, floor, noise, outliers = _WORLDS[name]
    params, tokens = (rounded(a) for a in _design(design))
    loss = _loss(floor, params, tokens)
    values = noisy(loss, noise, seed, outliers=outliers)
    return runs_of(
        pd.DataFrame({"curve": name, "metric": "loss", "value": values, "params": params, "tokens": tokens, "flops": 6.0 * params * tokens})
    )


def _loss(floor: np.ndarray | float, params: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    loss: np.ndarray = floor + _A * params**-_ALPHA + _B * tokens**-_BETA
    return loss


def _noise_free(rows: pd.DataFrame) -> np.ndarray:
    floor = np.array([_WORLDS[curve][1] for curve in rows["curve"]])
    return _loss(floor, rows["params"].to_numpy(float), rows["tokens"].to_numpy(float))


WORLD = World(_noise_free, ("alpha", "beta"), ("chinchilla", "interaction"))


def _design(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return params and tokens: a grid, five sizes around the optimum of each budget, or 20 tokens per parameter throughout."""
    if name == "grid":
        params, tokens = np.meshgrid(10 ** np.linspace(7.5, 10.5, 10), 10 ** np.linspace(9.0, 11.5, 8))
        return params.ravel(), tokens.ravel()
    if name == "isoflop":
        budget = np.repeat(10 ** np.linspace(17.5, 22.0, 10), 7)
        params = np.sqrt(budget / 120.0) * np.tile(np.exp(np.linspace(-1.5, 1.5, 7)), 10)
        return params, budget / 6.0 / params
    params = 10 ** np.linspace(7.5, 10.2, 60)
    return params, 20.0 * params
