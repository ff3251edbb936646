"""Designed, world B: character-level transformers on the glosses of a dictionary."""

from pathlib import Path

import pandas as pd

from benchmark.data.fetch import UpstreamFile
from benchmark.data.sources._designed import curated

FILES: tuple[UpstreamFile, ...] = ()

_SHA256 = "0"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return losses of every run of perf/designed, and along training."""
    return curated("text", "loss", _SHA256)
