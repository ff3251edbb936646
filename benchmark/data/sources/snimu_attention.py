"""Attention experiments of snimu (2024): small language models by depth, width, norm and attention, many seeds each."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import log_spaced

FILES = (UpstreamFile("snimu_attention", "curves.csv", "911ecfb34fc62ae54980638819bf73d7087b912e0c75d3f8231968f4e9495635"),)

_POINTS = 8


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most eight validations of each run; runs that normalise everything, most of which stop early, are left out."""
    raw = pd.read_csv(paths["curves.csv"])
    raw = raw[raw["all_norm"].isna() | ~raw["all_norm"].fillna(False).astype(bool)]
    raw = log_spaced(raw, ["file", "run"], "tokens", _POINTS)
    table = pd.DataFrame(
        {
            "curve": raw["file"].str.removeprefix("v040_").str.removeprefix("v030_") + "/" + _variant(raw),
            "run": raw["file"] + "-" + raw["run"].astype(str),
            "metric": "loss",
            "value": raw["val_loss"],
            "params": raw["params"],
            "depth": raw["depth"],
            "width": raw["width"],
            "tokens": raw["tokens"],
            "seed": raw["seed"],
        }
    )
    again = table.duplicated(["curve", "depth", "width", "params", "seed", "tokens", "value"])
    return table.assign(flag=again.map({True: "duplicate", False: ""}))


def _variant(raw: pd.DataFrame) -> pd.Series:
    """Return the kind of attention, what is normalised, and the position embedding where the file varies it."""
    attention = raw["linear"].map({True: "linear", False: "softmax"})
    norms = raw["x_norm"].map({True: "-x", False: ""}) + raw["qk_norm"].map({True: "-qk", False: ""})
    return attention + norms + ("-" + raw["embedding"]).fillna("")
