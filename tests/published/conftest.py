"""What the golden tests share."""

from collections.abc import Callable

import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


def clean_rows(name: str, metric: str = "loss", **equals: object) -> pd.DataFrame:
    """Return the unflagged rows of one metric; a condition of None keeps rows without that variable."""
    table = load_collection(name).table
    keep = (table["metric"] == metric) & table["value"].notna() & (table["flag"] == "")
    for column, value in equals.items():
        keep &= table[column].isna() if value is None else table[column] == value
    return table[keep]


@pytest.fixture(scope="session")
def rows() -> Callable[..., pd.DataFrame]:
    """Return `clean_rows`."""
    return clean_rows
