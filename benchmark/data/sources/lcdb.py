"""LCDB 1.1 (Yan et al. 2025): error against training-set size, 28 learners on the larger data sets."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "lcdb",
        "lcdb11_error_rate_curves.parquet",
        "fdee576375361bbeca2e608b818695d848146c11a20bca9b01b5c0ec66a895b2",
    ),
)

_LARGEST = 10_000
"""Data sets that have an anchor of at least this many samples are kept, 65 of 265."""
_EVERY = 4
"""Anchors grow by a factor 2^(1/8); every fourth is kept, and the last."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per learner, data set and training-set size: the mean test error over 25 splits."""
    raw = pd.read_parquet(paths["lcdb11_error_rate_curves.parquet"])
    largest = raw.groupby("openml_id")["n_train"].transform("max")
    raw = raw[largest >= _LARGEST].sort_values(["learner", "openml_id", "n_train"])
    from_end = raw.groupby(["learner", "openml_id"]).cumcount(ascending=False)
    raw = raw[from_end % _EVERY == 0]
    return pd.DataFrame(
        {
            "curve": raw["learner"].str.removeprefix("ens.").str.replace(" ", "") + "/" + raw["openml_id"].astype(str),
            "run": "n" + raw["n_train"].astype(str),
            "metric": "error_rate",
            "value": raw["test_err"].where(raw["test_err"] > 0),
            "tokens": raw["n_train"].astype(float),
            "flag": ["" if error > 0 else "missing" for error in raw["test_err"]],
        }
    )
