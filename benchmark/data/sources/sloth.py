"""Sloth (Maia Polo et al. 2024): twelve benchmarks of base and instruct models by family, with size and data."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "sloth",
        "data_v2.csv",
        "528d08d7bc04dc71a73d42ea0a1041396616505b53a140052828104afe0c6f39",
        "https://raw.githubusercontent.com/felipemaiapolo/sloth/6dc6bb3efeefc7c1db01d60cba1f4b73e5d260d1/data/data_v2.csv",
    ),
)

_BENCHMARKS = {
    "MMLU": "mmlu",
    "ARC": "arc_challenge",
    "HellaSwag": "hellaswag",
    "Winogrande": "winogrande",
    "TruthfulQA": "truthfulqa",
    "GSM8K": "gsm8k",
    "IFEval": "ifeval",
    "BBH": "bbh",
    "MATH Lvl 5": "math_hard",
    "GPQA": "gpqa",
    "MUSR": "musr",
    "MMLU-PRO": "mmlu_pro",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and benchmark."""
    raw = pd.read_csv(paths["data_v2.csv"])
    models = pd.DataFrame(
        {
            "curve": raw["Family"] + raw["Instruct"].map({True: "/instruct", False: "/base"}),
            "run": raw["Model"],
            "params": raw["#Params (B)"] * 1e9,
            "tokens": raw["Pretraining Data Size (T)"] * 1e12,
            "flops": raw["FLOPs (1E21)"] * 1e21,
        }
    )
    rows = pd.concat([models.assign(metric=f"accuracy_{name}", value=raw[column]) for column, name in _BENCHMARKS.items()])
    return rows[rows["value"].notna()].reset_index(drop=True)
