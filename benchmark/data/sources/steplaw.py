"""Step Law (Li et al. 2025): grids of learning rate and batch size, dense and mixture-of-experts.

The upstream repository states no licence, so the table is built on demand and not distributed.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/step-law/steplaw/32a8f4cc50247695fb56cc6c9117abdf67c97763/data"

FILES = (
    UpstreamFile(
        "steplaw",
        "dense_lr_bs_loss.csv",
        "9e46181076c04d450294d75dfe6f72adc416e231e154a07b337e378f9410002c",
        f"{_URL}/dense_lr_bs_loss.csv",
    ),
    UpstreamFile(
        "steplaw",
        "moe_lr_bs_loss.csv",
        "653d585244a7b227423007e8b796bc16d76f6d24eb87b1919b8f048a91897b92",
        f"{_URL}/moe_lr_bs_loss.csv",
    ),
)

_DIVERGED_ABOVE = 4.0  # no run ends between 3.16 and 4.18
_COLUMNS = {"N": "params", "D": "tokens", "h": "width", "numl": "depth", "lr": "learning_rate", "bs": "batch_size", "ti": "steps"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the 2,619 runs twice, with the smoothed and with the last training loss."""
    dense = pd.read_csv(paths["dense_lr_bs_loss.csv"]).assign(curve="dense", experts=1, top_k=1)
    dense["params_active"] = dense["N"]
    routed = pd.read_csv(paths["moe_lr_bs_loss.csv"]).rename(columns={"Na": "params_active", "nume": "experts", "topk": "top_k"})
    routed["curve"] = "moe-" + routed["moe_name"]
    runs = pd.concat([dense, routed], ignore_index=True)
    table = runs.rename(columns={**_COLUMNS, "exp_name": "run"})
    table["flops"] = 6.0 * table["params_active"] * table["tokens"]
    table["flag"] = ["diverged" if loss > _DIVERGED_ABOVE else "" for loss in table["smooth loss"]]
    kept = ["curve", "run", "params_active", "flops", "experts", "top_k", "flag", *_COLUMNS.values()]
    smoothed = table[kept].assign(metric="loss", value=table["smooth loss"])
    last = table[kept].assign(metric="loss_last", value=table["loss"])
    return pd.concat([smoothed, last], ignore_index=True)
