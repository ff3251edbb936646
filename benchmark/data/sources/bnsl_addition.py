"""Broken neural scaling laws (Caballero et al. 2023): loss on four-digit addition against training examples."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "bnsl",
        "four_digit_addition.csv",
        "b0052128e2355fb661491c993c1d302d563b8f77a9280f46ed4061114b046bbf",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per data-set size; the split is the paper's."""
    raw = pd.read_csv(paths["four_digit_addition.csv"])
    return pd.DataFrame(
        {
            "curve": "four-digit-addition",
            "run": "n" + raw["dataset_size"].astype(str),
            "metric": "loss",
            "value": raw["test_cross_entropy"],
            "tokens": raw["dataset_size"],
            "split": raw["training"].map({1: "train", 0: "test"}),
        }
    )
