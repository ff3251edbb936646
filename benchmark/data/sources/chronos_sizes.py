"""Chronos (Ansari et al. 2024): forecast error of time-series models of two architectures on 42 data sets."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "chronos_sizes",
        "chronos_results.csv",
        "b6705bbd50693ee2b4e4c029987810c866a41a1c768b898ab90ff0d9bb77cd9d",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model, data set and metric; the error of the naive forecast is a column."""
    raw = pd.read_csv(paths["chronos_results.csv"])
    return pd.concat([_of_metric(raw, name) for name in ("WQL", "MASE")], ignore_index=True)


def _of_metric(raw: pd.DataFrame, name: str) -> pd.DataFrame:
    naive = raw[raw["model"] == "seasonal-naive"].set_index("dataset")[name]
    models = raw[raw["model"] != "seasonal-naive"]
    run = models["model"].str.removeprefix("amazon/chronos-")
    return pd.DataFrame(
        {
            "curve": run.str.split("-").str[0] + "/" + models["split"] + "/" + models["dataset"],
            "run": run,
            "metric": f"loss_{name.lower()}",
            "value": models[name],
            "params": models["params_nominal"],
            "x_naive": models["dataset"].map(naive),
        }
    )
