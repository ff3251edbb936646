"""Budget forcing (SCB 10X 2026): accuracy of ten models against the tokens that they must think."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "budget_forcing",
        "results.csv",
        "f8a0902f95497c313e42a8717c4ac8bede135fa96286fa7c5470fd3d614be6ad",
        "https://raw.githubusercontent.com/scb-10x/test-time-scaling-debunk/1d5668878f15114b55e51a017686721b346e0c43/data/results.csv",
    ),
)

_BENCHMARKS = ("AIME 2025", "MATH500", "MMLU Pro-1K", "SuperGPQA-1K")
_UNFORCED = "no budget"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model, prompt, budget and benchmark; rows without a budget are a curve of their own."""
    raw = pd.read_csv(paths["results.csv"])
    model = raw["Model"].str.rpartition("/")[2].str.replace(" ", "-")
    prompt = raw["Prompting"] + "-" + raw["Keyword"].fillna(_UNFORCED)
    points = pd.DataFrame({"run": model, "inference_tokens": raw["Budget"]})
    rows = [points.assign(curve=model + "/" + prompt + "/" + name, value=raw[name] / 100.0) for name in _BENCHMARKS]
    return pd.concat(rows, ignore_index=True).assign(metric="accuracy")
