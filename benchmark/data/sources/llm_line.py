"""LLMs on the Line (Mayilvahanan et al. 2025): validation and downstream losses of public checkpoints."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "llm_line",
        "latest_pm_hf.csv",
        "fa044f137792b59d6cf0d95d3a1b63b5b10f48730d9decd29839382a942b5333",
        "https://raw.githubusercontent.com/brendel-group/llm-line/e57749dab976fbe2dc58596ad1c0f61518ac0644/data/latest_pm_hf.csv",
    ),
)

_VALIDATION = {
    "C4": "c4",
    "The Pile UC": "pile",
    "RefineWeb": "refinedweb",
    "Slimpajama": "slimpajama",
    "FineWeb-Edu": "fineweb_edu",
}
_TASKS = {
    "ARC-Challenge": "arc_challenge",
    "ARC-Easy": "arc_easy",
    "HellaSwag": "hellaswag",
    "MMLU": "mmlu",
    "Winogrande": "winogrande",
    "PIQA": "piqa",
    "Social IQa": "siqa",
    "CommonSenseQA": "csqa",
    "COPA": "copa",
    "OpenBookQA": "openbookqa",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per checkpoint and metric; the second line of the file repeats some headings."""
    raw = pd.read_csv(paths["latest_pm_hf.csv"], skiprows=[1])
    name = raw["Name"].str.split("/").str[-1]
    number = name.groupby(name).cumcount() + 1
    points = pd.DataFrame(
        {
            "curve": raw["Pretraining Data"].str.lower().str.replace(" ", "-"),
            "run": name.where(name.map(name.value_counts()) == 1, name + "#" + number.astype(str)),
            "params": raw["Size"],
            "tokens": raw["Tokens"],
            "steps": raw["Steps"],
        }
    )
    rows = pd.concat(list(_metrics(points, raw)), ignore_index=True)
    return rows[rows["value"].notna()]  # not every checkpoint was given every benchmark


def _metrics(points: pd.DataFrame, raw: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for column, name in _VALIDATION.items():
        yield points.assign(metric=f"loss_{name}", value=raw[f"{column} Validation Loss"])
    for column, name in _TASKS.items():
        yield points.assign(metric=f"loss_task_{name}", value=raw[f"{column} Loss"])
        yield points.assign(metric=f"accuracy_{name}", value=raw[f"{column} Accuracy"])
