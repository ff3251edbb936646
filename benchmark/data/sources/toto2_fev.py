"""Toto 2.0 on fev-bench (Shchur et al. 2025): forecast error of five time-series models on 100 tasks."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "toto2_fev",
        "toto2_fev_bench.csv",
        "17a919995f5d6cd53c9b122c0728a54d51c5e6bfdf558810220b61a37f2c48b4",
    ),
)

_PARAMS = {"4m": 4e6, "22m": 22e6, "313m": 313e6, "1B": 1e9, "2.5B": 2.5e9}
_METRICS = {name: f"loss_{name.lower()}" for name in ("SQL", "MASE", "WQL", "WAPE")} | {"inference_time_s": "cost_inference_seconds"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model, task and metric; the figure of the naive forecast is a column."""
    raw = pd.read_csv(paths["toto2_fev_bench.csv"])
    return pd.concat([_of_metric(raw, column, metric) for column, metric in _METRICS.items()], ignore_index=True)


def _of_metric(raw: pd.DataFrame, column: str, metric: str) -> pd.DataFrame:
    naive = raw[raw["model_name"] == "Seasonal Naive"].set_index("task_name")[column]
    models = raw[raw["model_name"] != "Seasonal Naive"]
    return pd.DataFrame(
        {
            "curve": models["task_name"],
            "run": models["model_name"],
            "metric": metric,
            "value": models[column],
            "params": models["model_name"].str.removeprefix("Toto-2.0-").map(_PARAMS),
            "x_naive": models["task_name"].map(naive),
            "x_horizon": models["horizon"],
            "x_forecasts": models["num_forecasts"],
        }
    )
