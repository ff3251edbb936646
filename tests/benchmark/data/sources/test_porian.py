"""Facts of the IsoFLOP grids."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("porian").table


def test_when_loaded_then_940_points_in_eight_curves(table: pd.DataFrame) -> None:
    assert table["curve"].value_counts().to_dict() == {
        "owt2/base/long/kaplan": 132,
        "owt2/base/short/chinchilla": 88,
        "owt2/base/short/kaplan": 132,
        "owt2/tuned/short/const": 116,
        "rw/base/long/kaplan": 131,
        "rw/base/short/chinchilla": 88,
        "rw/base/short/kaplan": 132,
        "rw/tuned/short/const": 121,
    }
    assert len(table) == 940
    assert set(table["metric"]) == {"loss_val"}
    assert (table["flag"] == "").all() and (table["split"] == "").all()


def test_when_the_cosine_ends_at_the_budget_then_each_point_is_a_run(table: pd.DataFrame) -> None:
    own = table[table["curve"].str.endswith("/chinchilla")]
    assert len(own[["curve", "run"]].drop_duplicates()) == len(own) == 176
    others = table[~table["curve"].str.endswith("/chinchilla")]
    assert (others.groupby("curve")["run"].nunique() == 16).all()


def test_when_counts_are_compared_then_they_differ_by_the_head_of_a_known_width(table: pd.DataFrame) -> None:
    sizes = table.drop_duplicates("params").sort_values("params")
    assert len(sizes) == 16
    np.testing.assert_array_equal(sizes["params"] - sizes["params_nonembedding"], 50_432 * sizes["width"])
    assert sizes["width"].iloc[0] == 96
    assert (sizes["width"] % 32 == 0).all()


def test_when_compute_is_rebuilt_then_it_is_six_n_d_in_doublings(table: pd.DataFrame) -> None:
    np.testing.assert_allclose(table["flops"], 6 * table["params"] * table["tokens"], rtol=1e-12)
    budgets = np.sort(table["flops"].unique())
    np.testing.assert_allclose(budgets, 1.25e16 * 2.0 ** np.arange(12), rtol=1e-12)


def test_when_the_lowest_point_of_each_budget_is_traced_then_the_optimal_size_grows_as_the_paper_says(table: pd.DataFrame) -> None:
    """The authors fit .701 and .497 from interpolated minima; the lowest grid points give .699 and .497."""
    assert _exponent_of_optimal_size(table, "rw/base/long/kaplan") == pytest.approx(0.701, abs=0.01)
    assert _exponent_of_optimal_size(table, "rw/tuned/short/const") == pytest.approx(0.497, abs=0.01)


def _exponent_of_optimal_size(table: pd.DataFrame, curve: str) -> float:
    points = table[table["curve"] == curve]
    best = points.loc[points.groupby("flops")["value"].idxmin()]
    inner = best[(best["params"] > points["params"].min()) & (best["params"] < points["params"].max())]
    return float(np.polyfit(np.log(inner["flops"]), np.log(inner["params"]), 1)[0])
