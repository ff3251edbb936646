"""ParScale (Chen et al. 2025): loss by parameters and parallel streams."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "parscale",
        "parscale_loss.csv",
        "afe89d63937cc9ae2ae20ffa05a0e68cba674e0a05e5661baa813f6577f15d56",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model."""
    raw = pd.read_csv(paths["parscale_loss.csv"])
    return pd.DataFrame(
        {
            "curve": raw["dataset"],
            "run": (raw["params_base_P1"] / 1e6).round().astype(int).astype(str) + "M-P" + raw["parallel_streams"].astype(str),
            "metric": "loss",
            "value": raw["loss"],
            "params": raw["params_non_embedding"],
            "streams": raw["parallel_streams"],
        }
    )
