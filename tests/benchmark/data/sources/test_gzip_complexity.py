"""Data complexity: sizes and grammars as the paper names them, and losses that are no sum of powers."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table(mirror) -> pd.DataFrame:
    return load_collection("gzip_complexity").table


def test_the_grid_is_complete(table):
    """Six sizes from 4.2M to 1.4B, five amounts of data, five grammars named after what gzip makes of their text."""
    final = table[table["metric"] == "loss_valid"]
    assert len(final) == 150 and final.groupby("curve").size().eq(30).all()
    sizes = np.sort(final["params"].unique())
    np.testing.assert_allclose(sizes[[0, -1]], [4.2e6, 1.4e9], rtol=0.01)
    named = final["curve"].str.removeprefix("gzip-").astype(float)
    assert (final["compressibility"] - named).abs().max() < 0.005


def test_the_embeddings_are_two_matrices_of_the_vocabulary(table):
    sizes = table[table["metric"] == "loss_valid"].drop_duplicates("params").sort_values("params")
    np.testing.assert_array_equal(sizes["params"] - sizes["params_nonembedding"], 64_002 * sizes["width"])
    assert sizes["params_nonembedding"].tolist() == [82_240, 656_512, 3_935_488, 26_225_152, 209_757_184, 1_258_416_128]


def test_the_final_loss_is_the_last_and_not_the_lowest(table):
    """Grammar .12: 10.0259 of the smallest run and .5763 of the largest; .61: .9120 and, with half the data, 4.8969."""
    final = table[table["metric"] == "loss_valid"].set_index(["curve", "run"])["value"]
    assert final[("gzip-0.12", "gzip-0.12/4.2M-1e+05")] == pytest.approx(10.0259, abs=5e-5)
    assert final[("gzip-0.12", "gzip-0.12/1389.5M-9e+06")] == pytest.approx(0.5763, abs=5e-5)
    assert final[("gzip-0.61", "gzip-0.61/1389.5M-9e+06")] == pytest.approx(0.9120, abs=5e-5)
    assert final[("gzip-0.61", "gzip-0.61/1389.5M-5e+06")] == pytest.approx(4.8969, abs=5e-5)


def test_more_data_lowers_the_loss_by_leaps(table):
    """Of the largest size the loss falls by more than two thirds between 2e6 and 9.5e6 tokens on some grammar, by a tenth before."""
    final = table[(table["metric"] == "loss_valid") & (table["params"] > 1e9)]
    by_tokens = final.assign(D=final["tokens"].round(-5)).pivot(index="curve", columns="D", values="value")
    assert (by_tokens[9.5e6] / by_tokens[2.0e6]).min() < 1 / 3
    assert (by_tokens[2.0e6] / by_tokens[1.0e6]).median() > 0.9


def test_a_curve_of_batches_ends_with_its_last_batch(table):
    batches = table[table["metric"] == "loss_train"].groupby("run")["steps"].max()
    assert sorted(batches.unique()) == [13, 123, 245, 611, 1160] and len(batches) == 150
