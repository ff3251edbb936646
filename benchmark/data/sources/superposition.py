"""Toy autoencoders in superposition (Liu et al. 2025): loss against width."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "superposition",
        "toy_model_fig1.csv",
        "a856298550e2c014d34477126760f8b3549dfaaf1e8c9fc7230467da7b1e0064",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per autoencoder."""
    raw = pd.read_csv(paths["toy_model_fig1.csv"])
    regime = raw["superposition_regime"].str.split("(").str[0]
    return pd.DataFrame(
        {
            "curve": raw["feature_freq_dist"] + "/" + regime,
            "run": "m" + raw["m"].astype(str),
            "metric": "mse",
            "value": raw["loss"],
            "width": raw["m"],
            "features": raw["n_features"],
        }
    )
