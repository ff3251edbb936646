"""Designed, world B: character-level transformers on the glosses of a dictionary."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._designed import curated

FILES: tuple[UpstreamFile, ...] = ()

_SHA256 = "eed5e81da5d4598c111208d68f6af25d5c9b86c09d7f9a7aae1626efc46cee03"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return losses of every run of perf/designed, and along training."""
    return curated("text", "loss", _SHA256)
