"""Synthetic: a world with limited unique data, in which repeated tokens decay in value."""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.synthetic import World, noisy, rounded, runs_of

FILES: tuple[UpstreamFile, ...] = ()

_E, _A, _ALPHA, _B, _BETA, _R_D, _R_N = 1.9, 520.0, 0.35, 1500.0, 0.36, 15.0, 5.0
_NOISES = {"clean": 0.0, "noise": 0.004}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return sizes, unique tokens and epochs on a grid, without and with noise."""
    grid = np.meshgrid(10 ** np.linspace(7.5, 9.8, 6), 10 ** np.linspace(8.0, 10.5, 5), 2.0 ** np.arange(0, 7, 1.5))
    params, unique, epochs = (rounded(axis.ravel()) for axis in grid)
    tokens = rounded(unique * epochs)
    loss = _loss(params, tokens, unique)
    parts = [
        pd.DataFrame(
            {
                "curve": name,
                "metric": "loss",
                "value": noisy(loss, noise, seed),
                "params": params,
                "tokens": tokens,
                "unique_tokens": unique,
                "flops": 6.0 * params * tokens,
            }
        )
        for seed, (name, noise) in enumerate(_NOISES.items())
    ]
    return runs_of(pd.concat(parts, ignore_index=True))


def _loss(params: np.ndarray, tokens: np.ndarray, unique: np.ndarray) -> np.ndarray:
    """Return Muennighoff et al. 2023, eqs. 5, 6 and 12."""
    optimal = (_ALPHA * _A / (_BETA * _B)) ** (1.0 / _ALPHA) * unique ** (_BETA / _ALPHA)
    base = np.minimum(params, optimal)
    data = unique * (1.0 + _R_D * (1.0 - np.exp(-(tokens / unique - 1.0) / _R_D)))
    size = base * (1.0 + _R_N * (1.0 - np.exp(-(params / base - 1.0) / _R_N)))
    loss: np.ndarray = _E + _A * size**-_ALPHA + _B * data**-_BETA
    return loss


def _noise_free(rows: pd.DataFrame) -> np.ndarray:
    return _loss(*(rows[name].to_numpy(float) for name in ("params", "tokens", "unique_tokens")))


WORLD = World(_noise_free, ("alpha", "beta"), ("chinchilla", "data-constrained", "interaction"))
