"""Fantastic Pretraining Optimizers (Wen et al. 2025): best loss by optimiser, size and data ratio."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "fantastic_optimizers",
        "fantastic_optimizers_best_loss.csv",
        "b675b3bb0883b01344eb0fe0514004440d9316ae1c48057d8b31fdf75bfa425c",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per optimiser, size and ratio: the best of a hyper-parameter sweep."""
    raw = pd.read_csv(paths["fantastic_optimizers_best_loss.csv"])
    return pd.DataFrame(
        {
            "curve": raw["optimizer"],
            "run": raw["size"] + "-" + raw["chinchilla_ratio"].astype(str) + "x",
            "metric": "loss",
            "value": raw["loss_min"],
            "params": raw["N_nominal"],
            "tokens": raw["D_nominal"],
            "flops": 6.0 * raw["N_nominal"] * raw["D_nominal"],
        }
    )
