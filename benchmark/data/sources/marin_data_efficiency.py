"""Pre-training on 209M tokens (Kim et al. 2025): accuracy by passes, weight decay, size and members of an ensemble."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "marin_data_efficiency",
        "epochs_and_ensembles.csv",
        "c3e2124749c9d4fc2899480cfe793106e5952adc570404a64852e4d6c23cfa2d",
    ),
)

_BENCHMARKS = ("arc_easy", "piqa", "sciq")
_PARAMS = {"150m4k": 150e6, "300m4k": 300e6, "600m4k": 600e6, "1_4b4k": 1.4e9}
_ENSEMBLES = "ensemble"
_FLOPS = 6.0  # per parameter and token


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model or ensemble and metric."""
    raw = pd.read_csv(paths["epochs_and_ensembles.csv"])
    points = _points(raw)
    rows = [
        points.assign(metric=f"accuracy_{name}", value=raw[name], value_low=raw[name] - error, value_high=raw[name] + error)
        for name, error in ((name, raw[f"{name}_stderr"]) for name in _BENCHMARKS)
    ]
    mean = points.assign(metric="accuracy_mean", value=raw[list(_BENCHMARKS)].mean(axis=1))
    return pd.concat([*rows, mean], ignore_index=True)


def _points(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the settings; ensembles share a recipe, the other rows vary the passes or the size."""
    model = raw["model"].str.removesuffix("4k").str.replace("_", ".")
    decay, epochs = raw["weight_decay"].astype(str), raw["epochs"].astype(str)
    recipe = model + "/" + epochs + "-epochs-decay-" + decay
    many = raw.groupby(["file", "model", "epochs", "weight_decay"])["ensemble_members"].transform("max") > 1
    swept = raw["file"] == "wd_overfitting"
    curve = pd.Series("best-single", index=raw.index).mask(swept, model + "/decay-" + decay).mask(many, _ENSEMBLES + "/" + recipe)
    params, tokens = raw["model"].map(_PARAMS), raw["unique_tokens_M"] * 1e6
    return pd.DataFrame(
        {
            "curve": curve,
            "run": recipe + "-members-" + raw["ensemble_members"].astype(str),
            "params": params,
            "unique_tokens": tokens,
            "tokens": tokens * raw["epochs"],
            "flops": _FLOPS * params * tokens * raw["epochs"] * raw["ensemble_members"],
            "epochs": raw["epochs"],
            "learning_rate": raw["lr"],
            "weight_decay": raw["weight_decay"],
            "x_members": raw["ensemble_members"],
        }
    )
