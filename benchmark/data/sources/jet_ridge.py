"""Ridge regression on particle jets: error against training samples, with a peak."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "jet_ridge",
        "jet_ridge_curves.csv",
        "08575f14245a00fe71e3a21b97c9cdc63fa957ef169930bbbba0c65053d1b6f9",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per training-set size: mean and standard error over 200 subsamples."""
    raw = pd.read_csv(paths["jet_ridge_curves.csv"])
    error = raw["std_mse"] / raw["n_repeats"] ** 0.5
    return pd.DataFrame(
        {
            "curve": raw["task"] + "/" + raw["n_particles"].astype(str) + "-particles",
            "run": "n" + raw["n_train"].astype(str),
            "metric": "mse",
            "value": raw["mean_mse"],
            "value_low": raw["mean_mse"] - error,
            "value_high": raw["mean_mse"] + error,
            "tokens": raw["n_train"],
        }
    )
