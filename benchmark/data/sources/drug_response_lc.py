"""Drug-response learning curves (Partin et al. 2021): error by training samples, twenty splits each."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "drug_response_lc",
        "lc_test_scores.csv.gz",
        "fc75fb8ac161b01c39451bb36b1901ae547854e9bcd66f9d48c7aab7d0c0fec6",
    ),
)

_METRIC = {"mean_absolute_error": "mae", "mse": "mse"}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per trained model and metric."""
    raw = pd.read_csv(paths["lc_test_scores.csv.gz"])
    raw = raw[raw["metric"].isin(_METRIC)]
    trial = raw["trial"].fillna(0).astype(int).astype(str)
    rows = pd.DataFrame(
        {
            "curve": raw["dataset"] + "/" + raw["model"],
            "run": "n" + raw["tr_size"].astype(str) + "-" + raw["split"] + "-" + trial,
            "metric": raw["metric"].map(_METRIC),
            "value": raw["score"],
            "tokens": raw["tr_size"],
            "seed": raw["split"].str.removeprefix("run_").astype(float),
        }
    )
    twice = rows.duplicated(["curve", "run", "metric"])
    return rows.assign(flag=["duplicate" if again else "" for again in twice])
