"""DataComp-LM model database (Li et al. 2024): downstream scores of models on 275 data sets at three scales."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "dclm_models",
        "DCLM_model_database.csv.gz",
        "ca837159d3738257e8888206e950be8dc583e9cd4c55640f68a286ed906d1a8f",
    ),
)

_METRICS = {"Core": "score_core", "Extended": "score_extended", "mmlu_fewshot": "accuracy_mmlu", "hellaswag": "accuracy_hellaswag"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per evaluated model and metric; a curve is a training set."""
    raw = pd.read_csv(paths["DCLM_model_database.csv.gz"])
    rows = pd.DataFrame(
        {
            "curve": raw["Dataset"],
            "run": raw["model"] + "-" + raw["model_uuid"].fillna("none") + "-" + raw.groupby(["Dataset", "model"]).cumcount().astype(str),
            "params": raw["params"],
            "tokens": raw["tokens"],
            "flops": 6.0 * raw["params"] * raw["tokens"].astype(float),
        }
    )
    known = [rows.assign(metric=metric, value=raw[column]) for column, metric in _METRICS.items() if column in raw]
    table = pd.concat(known, ignore_index=True)
    return table[table["value"].notna()]
