"""Extrapolation benchmark of Alabdulmohsin et al. (2022): 92 learning curves in vision and language.

Upstream holds two CSVs with a row per evaluation: domain, task, model, examples seen, loss, training part or not.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

_URL = (
    "https://raw.githubusercontent.com/google-research/google-research/9853680c781781bd8d3de20aa61c7373ce059913"
    "/revisiting_neural_scaling_laws/data"
)
_HASHES = {
    "benchmark.vision.csv": "23b00692d71e58aa5a2a941e831d57688e0977fdcf5f5125ff7b64283b5d9e83",
    "benchmark.lang.csv": "63c346db00a66b692e1ea9a0f71a2f2b267e55f74be5b863a92e199dffbf0983",
}

FILES = tuple(UpstreamFile("revisiting_nsl", name, sha256, f"{_URL}/{name}") for name, sha256 in _HASHES.items())

_METRICS = {"IC": "error_rate", "NMT": "loss", "LM": "loss_rescaled", "BB": "error_rate_bigbench"}
_PARAMS = {  # the README's table of models; the translation models share one rounded count
    "ViT/S/16": 32e6,
    "ViT/B/16": 110e6,
    "BiT/50/1": 61e6,
    "BiT/101/3": 494e6,
    "MiX/B/16": 73e6,
    "MiX/L/16": 226e6,
    "6 Enc, 6 Dec": 300e6,
    "6 Enc, 28 Dec": 300e6,
    "28 Enc, 6 Dec": 300e6,
    "Dec-only": 300e6,
    "TEnc-LSTM": 300e6,
    "1.68e+07": 1.68e7,
    "1.34e+08": 1.34e8,
    "2.62e+08": 2.62e8,
    "4.53e+08": 4.53e8,
    "1.07e+09": 1.07e9,
    "262M": 2.62e8,
}


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per evaluation with the published split; exact repetitions are flagged."""
    source = pd.concat([pd.read_csv(path) for path in paths.values()], ignore_index=True)
    table = source[["Seen Examples", "Loss"]].rename(columns={"Seen Examples": "tokens", "Loss": "value"})
    table["params"] = source["Model"].map(_PARAMS)
    table["metric"] = source["Domain"].map(_METRICS)
    table["curve"] = source.apply(_curve, axis=1)
    table["run"] = source.apply(_run, axis=1)
    table["split"] = source["Training"].map({1: "train", 0: "test"})
    table["flag"] = source.duplicated(keep="first").map({True: "duplicate", False: ""})
    return table


def _curve(row: pd.Series) -> str:
    """Name a curve ``IC/<task>/<model>``, ``NMT/<model>``, ``LM/<params>`` or ``BB/<task>``."""
    if row["Domain"] == "IC":
        return f"IC/{row['Task']}/{_model(row)}"
    if row["Domain"] == "BB":
        return "BB/" + "_".join(part.strip("()' ") for part in row["Task"].split(","))
    return f"{row['Domain']}/{_model(row)}"


def _run(row: pd.Series) -> str:
    """Name a trained model; a translation model is trained anew for every amount of data."""
    model = _model(row)
    return f"{model}-{row['Seen Examples'] / 1e6:g}M-pairs" if row["Domain"] == "NMT" else model


def _model(row: pd.Series) -> str:
    if row["Domain"] in ("LM", "BB"):
        return f"{_PARAMS[row['Model']] / 1e6:g}M"
    return str(row["Model"]).replace("/", "-").replace(", ", "-").replace(" ", "")
