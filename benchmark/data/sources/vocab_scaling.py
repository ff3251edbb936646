"""Scaling laws with vocabulary (Tao et al. 2024): unigram-normalised loss by size, vocabulary and data."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._derived import natural_log

FILES = (
    UpstreamFile(
        "vocab_scaling",
        "exp_data.csv",
        "6571e877469a44cb50b2d05e1fa485587369ee1c47941a4b3b2bfef80496f1b2",
        "https://raw.githubusercontent.com/sail-sg/scaling-with-vocab/6701cc202af8b075a46eef8e9d263b3f2ebe012c/exp_data.csv",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per checkpoint; the tokens follow from the characters by the authors' compression law."""
    raw = pd.read_csv(paths["exp_data.csv"])
    run = (raw["Non_vocab_parameters"] / 1e6).round().astype(int).astype(str) + "M-V" + raw["vocab_size"].astype(int).astype(str)
    return pd.DataFrame(
        {
            "curve": "slimpajama",
            "run": run,
            "metric": "relative_loss_unigram",
            "value": raw["Lossu"],
            "params": raw["Non_vocab_parameters"] + raw["vocab_size"] * raw["embed_dim"],
            "params_nonembedding": raw["Non_vocab_parameters"],
            "vocab_size": raw["vocab_size"],
            "width": raw["embed_dim"],
            "characters": raw["num_characters"],
            "tokens": raw["num_characters"] * _tokens_per_character(raw["vocab_size"]),
            "flops": raw["FLOPs"],
        }
    )


def _tokens_per_character(vocabulary: pd.Series) -> pd.Series:
    log_v = natural_log(vocabulary)
    ratio: pd.Series = 0.00639222 * log_v**2 - 0.15811069 * log_v + 1.20470122
    return ratio
