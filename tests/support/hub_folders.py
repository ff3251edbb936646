"""Copies of a data-set folder in which one file is another and its checksum fits."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.hub import CHECKSUMS
from scalingbench.benchmark.hub.build import write_table
from scalingbench.common.files import sha256_of

COLLECTIONS = ("porian", "synthetic_coverage")
"""What the folder of the tests holds."""


def changed(folder: Path, place: Path, name: str, change: Callable[[Path], object]) -> Path:
    """Copy a folder to `place`, change one of its files and record the new checksum."""
    shutil.copytree(folder, place)
    before = sha256_of(place / name)
    change(place / name)
    sums = place / CHECKSUMS
    sums.write_text(sums.read_text().replace(before, sha256_of(place / name)))
    return place


def repacked(folder: Path, place: Path, change: Callable[[Path], object], *, name: str = "porian") -> Path:
    """Copy a folder and change the table of a collection."""
    return changed(folder, place, f"data/{name}/table.parquet", change)


def with_table(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    """Return a change of a Parquet file by a change of its table."""
    return lambda path: write_table(change(pd.read_parquet(path)), path)


def first_value(value: float) -> Callable[[Path], None]:
    """Return a change of the first value of a table."""
    return with_table(lambda t: t.assign(value=[value, *t["value"][1:]]))
