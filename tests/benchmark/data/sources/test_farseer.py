"""Facts of the Farseer grid."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table(mirror: Path) -> pd.DataFrame:
    return load_collection("farseer").table


def test_when_loaded_then_404_training_and_7_test_runs(table: pd.DataFrame) -> None:
    assert table["split"].value_counts().to_dict() == {"train": 404, "test": 7}
    assert set(table["curve"]) == {"Farseer"}
    assert set(table["metric"]) == {"loss"}


def test_when_a_run_is_listed_twice_then_the_second_copy_is_flagged(table: pd.DataFrame) -> None:
    copies = table[table["flag"] == "duplicate"]
    assert len(copies) == 4
    assert not table[table["flag"] == ""].duplicated(["params", "tokens"]).any()
    for _, copy in copies.iterrows():
        same = table[(table["params"] == copy["params"]) & (table["tokens"] == copy["tokens"])]
        assert len(same) == 2
        assert same["value"].nunique() == 1


def test_when_ordered_by_compute_then_the_test_runs_come_last(table: pd.DataFrame) -> None:
    by_split = table.groupby("split")["flops"]
    assert by_split.min()["test"] > 1.6 * by_split.max()["train"]
    assert table.loc[table["params"].idxmax(), "split"] == "test"


def test_when_sizes_are_counted_then_26_in_a_grid_of_fourth_roots_of_two(table: pd.DataFrame) -> None:
    sizes = np.sort(table["params"].unique())
    assert len(sizes) == 26
    assert np.median(sizes[1:] / sizes[:-1]) == pytest.approx(2**0.25, abs=0.005)
    tokens = table[table["params"] == sizes[4]]["tokens"].sort_values()
    assert np.median(tokens.to_numpy()[1:] / tokens.to_numpy()[:-1]) == pytest.approx(2**0.5, abs=0.005)


def test_when_one_size_sees_more_tokens_then_its_loss_falls(table: pd.DataFrame) -> None:
    distinct = table[table["flag"] == ""].sort_values("tokens")
    assert (distinct.groupby("params")["value"].diff().dropna() < 0).all()
    assert distinct["value"].between(0.43, 0.71).all()
