"""Depth scaling in contrastive reinforcement learning (Wang et al. 2025): evaluation curves by depth and batch size."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "crl_depth",
        "crl_curves.csv.gz",
        "f9a85bae34fd7da5f98deaaa48f22c601fa9b9bc5db943ba47972ee7643d2624",
    ),
)

_UNNAMED = "unnamed"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per evaluation; a run is one depth and batch size, averaged over seeds upstream."""
    raw = pd.read_csv(paths["crl_curves.csv.gz"])
    env = raw["env"].fillna(_UNNAMED).replace("?", _UNNAMED)
    rows = pd.DataFrame(
        {
            "curve": raw["figure"].str.split("_").str[0] + "/" + env,
            "run": "depth" + raw["depth"].astype(str) + "-batch" + raw["batch_size"].astype(str),
            "metric": "score_goal_time",
            "value": raw["mean"],
            "value_low": raw["mean"] - raw["std_error"],
            "value_high": raw["mean"] + raw["std_error"],
            "depth": raw["depth"],
            "batch_size": raw["batch_size"],
            "epochs": raw["epoch"],
        }
    )
    return rows
