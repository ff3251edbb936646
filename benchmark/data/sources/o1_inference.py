"""Accuracy against tokens generated at inference: o1-mini on AIME (Zhang & Chen) and s1 (Muennighoff et al. 2025)."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "o1_inference",
        "o1mini_aime24.csv",
        "a1d448f7687e467c5faf6830b9a8cc38c3df59fc7f616212b18bfba74a8af300",
    ),
    UpstreamFile(
        "o1_inference",
        "s1_budget_forcing_fig_extracted.csv",
        "d99d5e78a7bbcf02808c54ea67ecccbe3888581744e23c4965dd8dfe667592d4",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per token budget."""
    o1 = pd.read_csv(paths["o1mini_aime24.csv"])
    o1 = o1.rename(columns={"avg_tokens_used": "inference_tokens", "accuracy": "value"})
    o1 = o1.assign(curve="o1-mini/AIME24", run=o1["mode"] + "-" + o1["token_limit"].astype(str))
    s1 = pd.read_csv(paths["s1_budget_forcing_fig_extracted.csv"])
    s1 = s1.rename(columns={"avg_thinking_tokens": "inference_tokens"})
    s1 = s1.assign(curve="s1-32B/" + s1["benchmark"], value=s1["accuracy_pct"] / 100.0)
    s1["run"] = "budget-" + s1.groupby("curve").cumcount().add(1).astype(str)
    columns = ["curve", "run", "inference_tokens", "value"]
    return pd.concat([o1[columns], s1[columns]], ignore_index=True).assign(metric="accuracy")
