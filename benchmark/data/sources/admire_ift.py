"""Instruction-tuning mixtures (Chen et al. 2025): benchmark scores of Qwen2.5 models by shares of 19 sources."""

import re
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = "https://raw.githubusercontent.com/xo28/ADMIRE-BayesOpt/dc177953300b89676695552a0f5f10dc0ae6f82d/admire_ift_runs"
FILES = (
    UpstreamFile(
        "admire_ift",
        "admire_ift_runs.csv",
        "703b061d36203c297b311c1d03adcb46a9497a2fc1b3e86f81a55b047a205686",
        f"{_URL}/admire_ift_runs.csv",
    ),
)

_PARAMS = {"Qwen2.5-0.5B": 0.5e9, "Qwen2.5-3B": 3e9, "Qwen2.5-7B": 7e9}
_RATIO = "ratio_"
_FILE_DETAILS = re.compile(r"(_converted|(_heval)?_decontaminated|_\d+k|_\d{5,})+$")
_ROUNDING = 1e-4
_METRICS = {
    "accuracy_mean": "metric_avg_id+ood",
    "accuracy_mean_in_distribution": "metric_avg_id",
    "accuracy_mean_out_of_distribution": "metric_avg_ood",
    "accuracy_gsm8k": "metric_gsm8k::tulu",
    "accuracy_minerva_math": "metric_minerva_math::tulu",
    "accuracy_ifeval": "metric_ifeval::tulu",
    "accuracy_humaneval": "metric_codex_humaneval::tulu",
    "accuracy_mmlu": "metric_mmlu:cot::summarize",
    "accuracy_triviaqa": "metric_triviaqa::tulu",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per run and metric; the column ``curve`` is the base model, and a mixture has one run in each curve."""
    raw = pd.read_csv(paths["admire_ift_runs.csv"])
    shares = raw.filter(like=_RATIO)
    mixture = shares.astype(str).agg("/".join, axis=1)
    points = pd.DataFrame(
        {
            "curve": raw["model"],
            "run": "mixture-" + (pd.factorize(mixture)[0] + 1).astype(str).astype(object),
            "params": raw["model"].map(_PARAMS),
            **{f"mix_{_short(str(name))}": values for name, values in shares.items()},
        }
    )
    rows = [points.assign(metric=metric, value=raw[column], flag="") for metric, column in _METRICS.items()]
    rows[0].loc[_of_fewer(raw), "flag"] = "outlier"
    return pd.concat(rows, ignore_index=True)


def _of_fewer(raw: pd.DataFrame) -> pd.Series:
    """Return which overall means are not those of all benchmarks."""
    benchmarks = [name for name in map(str, raw.columns) if name.startswith("metric_") and "_avg_" not in name]
    return (raw[_METRICS["accuracy_mean"]] - raw[benchmarks].mean(axis=1)).abs() > _ROUNDING


def _short(name: str) -> str:
    """Return the source of a column: without the prefix and the sizes and versions of files."""
    name = name.removeprefix(_RATIO).removeprefix("tulu_v3.9_").removeprefix("tulu-3-sft-")
    return _FILE_DETAILS.sub("", name).replace("-", "_")
