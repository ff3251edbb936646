"""TaskSet (Metz et al. 2020): optimiser learning curves of small recurrent networks that learn."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "taskset",
        "learned_subset.csv",
        "2774d23cbe4ec2fc4f04e33a871b0f219cb09fea47adcd31637079b6887dfede",
    ),
    UpstreamFile(
        "taskset",
        "taskset_curves.parquet",
        "0d719e1e92d6c07f00ea4f252006212f5e7c2da791eb8bc0fbecadad784a19d2",
    ),
    UpstreamFile(
        "taskset",
        "taskset_hparams.parquet",
        "bad4a1790149d77cad86a19fd186d93f3f7e87e900c06bfc28bf78a0139d94a5",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the validation loss of the configurations that learn: final loss below 0.6 and never above 1."""
    chosen = pd.read_csv(paths["learned_subset.csv"])
    curves = chosen.merge(pd.read_parquet(paths["taskset_curves.parquet"]), on=["task", "config"])
    curves = curves.merge(pd.read_parquet(paths["taskset_hparams.parquet"])[["task", "config", "learning_rate"]], on=["task", "config"])
    name = curves["config"].map("{:04d}".format)
    return pd.DataFrame(
        {
            "curve": curves["task"] + "/" + name,
            "run": curves["task"] + "-" + name,
            "metric": "loss",
            "value": curves["valid_loss"].astype(float),
            "steps": curves["step_idx"] + 1.0,
            "learning_rate": curves["learning_rate"].astype(float),
        }
    )
