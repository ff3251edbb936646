"""Training curves of public models (the part of the Hitchhiker's guide data that a third party released)."""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "hitchhiker",
        "curves.csv.gz",
        "4711bd736d48959c7c43173809c942cb4f087f3f5644740ce3d756d6d255972c",
    ),
)

_POINTS = 60
_ELSEWHERE = ("GPT2-", "c4_original", "rw_original", "rpj", "lambda", "chin")
"""Runs that other collections hold: datablations, gadre_overtraining, revisiting_nsl, chinchilla."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most sixty points a curve, evenly spaced in the order of tokens."""
    raw = pd.read_csv(paths["curves.csv.gz"]).drop_duplicates().sort_values(["model", "tokens_seen"], kind="stable")
    same = raw.groupby("model")["loss"].agg(lambda loss: hash(tuple(loss))).duplicated()
    thin = raw.groupby("model", group_keys=False)[list(raw)].apply(_thin)
    repeated = set(same.index[same])
    return pd.DataFrame(
        {
            "curve": thin["model"],
            "run": thin["model"],
            "metric": thin["model"].map(_metric),
            "value": thin["loss"],
            "tokens": thin["tokens_seen"],
            "flag": ["duplicate" if m in repeated or m.startswith(_ELSEWHERE) else "" for m in thin["model"]],
        }
    )


def _metric(model: str) -> str:
    if model.startswith("OPT"):
        return "perplexity"
    if model.startswith("lambda"):
        return "loss_rescaled"
    return "loss_5shot" if "shot" in model else "loss"


def _thin(curve: pd.DataFrame) -> pd.DataFrame:
    curve = curve.drop_duplicates("tokens_seen")
    return curve.iloc[sorted({round(i) for i in np.linspace(0, len(curve) - 1, min(_POINTS, len(curve)))})]
