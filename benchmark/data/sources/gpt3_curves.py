"""GPT-3 (Brown et al. 2020): validation loss along training of eight sizes, read off figure 4.1 by Choshen et al.

Upstream holds one row per digitised point; its ``step`` counts tokens in 1e9.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import log_spaced

FILES = (
    UpstreamFile(
        "colpret",
        "gpt3_extracted.csv",
        "ea73b550de60d8b278523fa69385df0c2892546f8820aea12b4d1fe2d4f98962",
        "https://raw.githubusercontent.com/IBM/ColPret/16f23bbe054277ddc4afd07a972dd7cfbe3f48c3/raw_data/gpt3/extracted.csv",
    ),
)

PARAMS = {  # table 2.1 of the paper
    "small": 1.25e8,
    "medium": 3.5e8,
    "large": 7.6e8,
    "xl": 1.3e9,
    "2.7b": 2.7e9,
    "6.7b": 6.7e9,
    "13b": 1.3e10,
    "175b": 1.75e11,
}
_POINTS = 100


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most a hundred points a size, averaged where the figure's line is several pixels high."""
    raw = pd.read_csv(paths["gpt3_extracted.csv"])
    points = raw[raw["val_loss"].notna()].groupby(["model", "step"])[["val_loss"]].mean().reset_index()
    thin = log_spaced(points, "model", "step", _POINTS)
    table = pd.DataFrame({"curve": "GPT-3", "run": "gpt3-" + thin["model"], "metric": "loss_val", "value": thin["val_loss"]})
    table["params"] = thin["model"].map(PARAMS)
    table["tokens"] = thin["step"] * 1e9
    table["flops"] = 6.0 * table["params"] * table["tokens"]
    return table
