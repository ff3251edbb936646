"""Designed, world A: networks of two hidden layers learn a random teacher with known label noise."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._designed import curated

FILES: tuple[UpstreamFile, ...] = ()

_SHA256 = "fa90868e4c762dbff548f16740c39c7ab8a711d3fa84234ec52f22a3056e7246"


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return mean squared errors of every run of perf/designed, and along training."""
    return curated("mlp", "mse", _SHA256)
