"""Pilot of the Inverse Scaling Prize: task loss and accuracy against model size."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "inverse_scaling",
        "task_by_model.csv",
        "f908cf73049c64656e2eab562cb9a617cab220423b072e5938ae8b753ae944f5",
    ),
)

_TWICE = ("lambada_gpt3",)
"""Experiments that hold the same results as another one under a second name."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per task, model and metric."""
    raw = pd.read_csv(paths["task_by_model.csv"])
    raw["curve"] = raw["exp"] + "/" + raw["family"]
    rows = pd.concat([_metric(raw, "loss", "loss"), _metric(raw, "correct", "accuracy")], ignore_index=True)
    rows["flag"] = ["duplicate" if curve.split("/")[0] in _TWICE else "" for curve in rows["curve"]]
    return rows


def _metric(raw: pd.DataFrame, column: str, metric: str) -> pd.DataFrame:
    known = raw[raw[column].notna()]
    value, error = known[column], known[f"{column}_se"]
    return pd.DataFrame(
        {
            "curve": known["curve"],
            "run": known["model"],
            "metric": metric,
            "value": value,
            "value_low": value - error,
            "value_high": value + error,
            "params": known["n_params"],
        }
    )
