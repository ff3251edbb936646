"""ConvNets match vision transformers at scale (Smith et al. 2023): NFNets on JFT-4B, read off figure 2 by Choshen et al."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "colpret",
        "2310.16764_ConvNets_match.csv",
        "d3ffbbe699c6dd7bebcc8924bd284e28c1a9373c4f1a982ce51780ab42372fba",
        "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3/aggregated_eval/graph_extracted/2310.16764_ConvNets_match.csv",
    ),
)

_COPIED = "F7_wide"
"""Its five points are those of F7; its hours are twice those of F3, as expected at twice the depth."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per model and epoch budget."""
    raw = pd.read_csv(paths["2310.16764_ConvNets_match.csv"], encoding="utf-8-sig")
    return pd.DataFrame(
        {
            "curve": raw["model"],
            "run": raw["model"] + "-" + (raw.groupby("model").cumcount() + 1).astype(str),
            "metric": "loss_jft",
            "value": raw["y"],
            "device_hours": raw["x"],
            "flag": (raw["model"] == _COPIED).map({True: "copy-error", False: ""}),
        }
    )
