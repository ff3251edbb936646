"""GRPO on GSM8K: learning curves of Qwen3 base models of 0.6B to 14B."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "rl_qwen3_gsm8k",
        "gsm8k_rl_curves.csv",
        "53826f42e9bbfc6bcef56042ff7daf49702508ddf51f170cfe95f21c3ab640be",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per evaluation."""
    raw = pd.read_csv(paths["gsm8k_rl_curves.csv"])
    return pd.DataFrame(
        {
            "curve": raw["size"],
            "run": raw["size"],
            "metric": "accuracy_gsm8k",
            "value": raw["gsm8k_acc"],
            "params_nonembedding": raw["n_params_nonemb"],
            "tokens": raw["pretrain_tokens"],
            "steps": raw["rl_step"],
        }
    )
