"""Data-constrained runs on C4 (Muennighoff et al. 2023): final losses by N, tokens and unique tokens.

The losses and parameter counts are literals of the authors' notebook ``utils/parametric_fit.ipynb``;
tokens and unique tokens are spelled out in each run's name.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "datablations",
        "datablations_runs.csv",
        "17aa9f0538579abe0d51d2c8a13437063f6f1d47c4486dbff80acfe12cf1bda8",
    ),
)

_PARAMS_OF_RESHAPED = {"4b284b12bc4opt2": 3.089856e9}  # a comment of the notebook; the name's prefix is 4.2465e9


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the 317 listed runs; those the authors left out of their fit as outliers are flagged."""
    runs = pd.read_csv(paths["datablations_runs.csv"])
    reshaped = runs["tags"].fillna("").str.contains("opt")
    table = runs[["run", "tokens", "unique_tokens", "epochs", "seed"]].copy()
    table["params"] = runs["run"].map(_PARAMS_OF_RESHAPED).fillna(runs["params"])
    table["flops"] = 6.0 * table["params"] * table["tokens"]
    table["value"] = runs["val_loss"]
    table["metric"] = "loss"
    table["curve"] = "C4"
    table.loc[runs["dedup"], "curve"] = "C4-dedup"
    table.loc[reshaped, "curve"] = "C4-reshaped"
    table["flag"] = ""
    candidates = (table["curve"] == "C4") & table["seed"].isna()
    table.loc[candidates & ~runs["in_authors_182_fit"], "flag"] = "outlier"
    table.loc[table["value"].isna(), "flag"] = "missing"
    return table
