"""GPT-3: the published law of compute on the digitised ends of the curves."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("gpt3_curves").table


def test_the_published_frontier_passes_through_the_ends_of_2_7b_to_13b(table):
    """Figure 3.1: L = 2.57 C^-.048, C in PF-days. Smaller models lie above it, being trained too long; so does the 175B model."""
    ends = table[table["tokens"] >= 2.95e11].groupby("run")[["value", "flops"]].median()
    excess = ends["value"] / (2.57 * (ends["flops"] / 8.64e19) ** -0.048) - 1.0
    assert excess[["gpt3-2.7b", "gpt3-6.7b", "gpt3-13b"]].abs().max() < 0.005
    assert (excess.drop(["gpt3-2.7b", "gpt3-6.7b", "gpt3-13b"]) > 0.02).all()


def test_eight_sizes_end_in_the_order_of_their_parameters(table):
    last = table[table["tokens"] >= 2.9e11].groupby("params")["value"].median()
    assert len(last) == 8 and last.is_monotonic_decreasing and last.index[-1] == 1.75e11
    assert table.groupby("run").size().between(90, 100).all()


def test_points_of_one_column_of_the_figure_are_averaged(table, mirror):
    raw = pd.read_csv(mirror / "colpret" / "raw" / "gpt3_extracted.csv.gz")
    assert raw[["train_loss", "val_loss"]].notna().sum(axis=1).eq(1).all()
    column = raw[(raw["model"] == "small") & (raw["step"] == raw.loc[raw["model"] == "small", "step"].min())]["val_loss"].dropna()
    first = table[table["run"] == "gpt3-small"].nsmallest(1, "tokens")["value"].iloc[0]
    assert len(column) >= 1 and first == pytest.approx(np.mean(column))
