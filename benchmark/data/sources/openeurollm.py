"""OpenEuroLLM dense English scaling runs: tuned learning rate and batch size, annealed."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "openeurollm",
        "oellm_best_batch_per_lr.csv",
        "31fae1c393dd4b76058c0d2d0c4da4a9565dbbd1bda0dc7f2f3b51f41baef1f7",
    ),
)

_SEQUENCE = 4096


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per size, tokens and learning rate (at its best batch), and the best of each size and tokens again."""
    raw = pd.read_csv(paths["oellm_best_batch_per_lr.csv"])
    cell = (raw["N"] / 1e6).round().astype(int).astype(str) + "M-" + (raw["D"] / 1e9).round().astype(int).astype(str) + "B"
    rows = pd.DataFrame(
        {
            "curve": "dense-english",
            "run": cell + "-lr" + raw["lr"].astype(str),
            "metric": "loss",
            "value": raw["loss"],
            "params": raw["N"],
            "tokens": raw["D"],
            "flops": raw["C_6ND"],
            "learning_rate": raw["lr"],
            "batch_size": raw["gbsz"] * float(_SEQUENCE),
        }
    )
    best = rows.loc[rows.groupby(["params", "tokens"])["value"].idxmin()].assign(metric="loss_tuned")
    return pd.concat([rows, best], ignore_index=True)
