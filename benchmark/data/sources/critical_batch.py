"""Critical batch size (Zhang et al. 2024): steps to a target loss against batch size and model size."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "critical_batch",
        "cbs_steps_to_target.csv",
        "6d3ab29a86268403242e02c1ec490b398663737c734f3f48216e05b706bfac07",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per size and batch: the steps measured, and those that the authors fit after small edits."""
    raw = pd.read_csv(paths["cbs_steps_to_target.csv"])
    rows = pd.DataFrame(
        {
            "curve": raw["model"],
            "run": raw["model"] + "-batch" + raw["batch_size_seqs"].astype(str),
            "params": raw["n_params"],
            "batch_size": raw["batch_size_tokens"],
        }
    )
    measured = rows.assign(metric="cost_steps", value=raw["steps_to_target"])
    edited = rows.assign(metric="cost_steps_edited", value=raw["steps_to_target_used_in_fit"])
    return pd.concat([measured, edited], ignore_index=True)
