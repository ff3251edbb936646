"""Matbench Discovery (Riebesell et al. 2025): models of crystals by size, training structures and date."""

from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._derived import years_since_2020
from scalingbench.common.documents import parse_yaml, read_text
from scalingbench.common.errors import SchemaError

FILES = (
    UpstreamFile("matbench_discovery", "models.csv", "bba19709a7bd47e3f854981c7c08c9075146937c04d7d357e41423639c1918f8"),
    UpstreamFile(
        "matbench_discovery",
        "datasets.yml",
        "55b6a763241ffe9b6ac4264fac8c9490d9536216f04a0336e99aa66bd0557c10",
        "https://raw.githubusercontent.com/janosh/matbench-discovery/2c7f9fc42d018711dc2f5df573d225ea6d2d17b2/data/datasets.yml",
    ),
)

_METRICS = {
    "full_test_set.F1": "score_f1",
    "unique_prototypes.F1": "score_f1_unique",
    "full_test_set.MAE": "mae_energy",
    "full_test_set.R2": "score_r2",
    "kappa_SRME": "loss_kappa",
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and metric; a curve is what the models were trained on."""
    raw = pd.read_csv(paths["models.csv"], encoding="utf-8")
    sets: Any = parse_yaml(read_text(paths["datasets.yml"], SchemaError))
    sizes = {name: facts["n_structures"] for name, facts in sets.items()}
    models = pd.DataFrame(
        {
            "curve": raw["training_sets"],
            "run": raw["model"],
            "params": raw["model_params"].where(raw["model_params"] > 0),
            "tokens": [float(sum(sizes[name] for name in names.split("+"))) for names in raw["training_sets"]],
            "date": years_since_2020(raw["paper_published"]),
        }
    )
    return pd.concat([_of_metric(models, raw[column], metric) for column, metric in _METRICS.items()], ignore_index=True)


def _of_metric(models: pd.DataFrame, values: pd.Series, metric: str) -> pd.DataFrame:
    return models.assign(metric=metric, value=values, flag=values.isna().map({True: "missing", False: ""}))
