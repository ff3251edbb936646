"""Synthetic: coverage under repeated sampling, where problems differ in difficulty with a beta distribution."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import betaln

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.synthetic import World, rounded

FILES: tuple[UpstreamFile, ...] = ()

_WORLDS = {  # alpha, beta of the rate at which a sample is right
    "heavy-tail": (0.15, 8.0),
    "middling": (0.4, 20.0),
    "easy": (0.8, 3.0),
    "hard": (0.3, 400.0),
}
_PROBLEMS = 400
_SAMPLES = np.unique(np.round(10 ** np.linspace(0.0, 4.0, 33)))


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the expected coverage, and that of 400 problems drawn once."""
    parts = [part for seed, (name, (alpha, beta)) in enumerate(_WORLDS.items()) for part in _world(name, alpha, beta, seed)]
    return pd.concat(parts, ignore_index=True)


def _world(name: str, alpha: float, beta: float, seed: int) -> list[pd.DataFrame]:
    expected = _expected(_SAMPLES, alpha, beta)
    rates = np.random.default_rng(seed).beta(alpha, beta, _PROBLEMS)
    drawn = (1.0 - (1.0 - rates[None, :]) ** _SAMPLES[:, None]).mean(axis=1)
    return [
        pd.DataFrame(
            {
                "curve": f"{name}/{kind}",
                "run": name,
                "metric": "accuracy_coverage",
                "value": np.clip(rounded(values, 8), 0.0, 1.0),
                "samples": _SAMPLES,
            }
        )
        for kind, values in (("expected", expected), ("drawn", drawn))
    ]


def _expected(samples: np.ndarray, alpha: np.ndarray | float, beta: np.ndarray | float) -> np.ndarray:
    coverage: np.ndarray = 1.0 - np.exp(betaln(alpha, beta + samples) - betaln(alpha, beta))
    return coverage


def _noise_free(rows: pd.DataFrame) -> np.ndarray:
    constants = np.array([_WORLDS[curve.split("/")[0]] for curve in rows["curve"]])
    return _expected(rows["samples"].to_numpy(float), *constants.T)


WORLD = World(_noise_free, ("alpha",), ("beta-binomial",))
