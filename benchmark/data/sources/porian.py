"""IsoFLOP grids of Porian et al. 2024: two data sets under four training recipes.

Upstream keeps the points in pickled summaries, once per way of counting parameters; the file read
here lists them all. Only the 'standard' count is curated, because the others describe the same runs.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.common.errors import SchemaError

FILES = (
    UpstreamFile(
        "porian",
        "porian_isoflop_points.csv",
        "e22cb15280e54d2ab670b6ffb66af079f76bf0efb2e1206a831200c75aff1b47",
    ),
)

_VOCABULARY = 50_432


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the 940 points of the standard count; a run is one model, or one point where decay fits the budget."""
    every = pd.read_csv(paths["porian_isoflop_points.csv"])
    points = every[(every["param_count"] == "standard") & (every["loss_split"] == "val")].copy()
    table = points.rename(columns={"n": "params", "t": "tokens", "loss": "value"})[["params", "tokens", "flops", "value"]]
    nonembedding = _nonembedding(every)
    table["params_nonembedding"] = points["n"].map(nonembedding)
    table["width"] = (table["params"] - table["params_nonembedding"]) / _VOCABULARY
    table["vocab_size"] = _VOCABULARY
    table["curve"] = points["dataset"] + "/" + points["hparams"] + "/" + points["warmup"] + "/" + points["decay"]
    size = points["n"].map(lambda n: f"{n / 1e6:.1f}M")
    own_run = points["decay"] == "chinchilla"  # the cosine ends at this budget, so each point was trained separately
    table["run"] = size.where(~own_run, size + "-" + points["flops"].map(lambda c: f"{c:.2e}"))
    table["metric"] = "loss_val"
    return table


def _nonembedding(points: pd.DataFrame) -> dict[float, float]:
    """Pair the 16 sizes of the 'standard' and the 'kaplan' count, which differ by the output head."""
    standard = np.sort(points.loc[points["param_count"] == "standard", "n"].unique())
    kaplan = np.sort(points.loc[points["param_count"] == "kaplan", "n"].unique())
    if len(standard) != len(kaplan) or np.any((standard - kaplan) % _VOCABULARY):
        raise SchemaError("porian_isoflop_points.csv, column 'n': the standard and kaplan counts do not differ by a head of 50,432 rows")
    return dict(zip(standard, kaplan, strict=True))
