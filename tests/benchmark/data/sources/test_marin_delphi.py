"""Marin: each registered forecast that can be replayed comes out of our rows as its authors had it."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table(mirror) -> pd.DataFrame:
    return load_collection("marin_delphi").table


def forecast(rows: pd.DataFrame, floor: float, flops: float) -> float:
    slope, level = np.polyfit(np.log(rows["flops"]), np.log(rows["value"] - floor), 1)
    return float(floor + np.exp(level + slope * np.log(flops)))


def replay(table: pd.DataFrame, curve: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = table[(table["curve"] == curve) & table["value"].notna()]
    return rows[rows["split"] == "train"], rows[rows["split"] == "test"]


def test_the_forecast_of_the_1e23_run(table):
    """Registered 2.252 from the optima of up to 3e20 FLOP with a floor of 1.6; came out 2.2333."""
    train, test = replay(table, "moe-optima/v16")
    assert sorted(train["flops"]) == [1e18, 3e18, 1e19, 3e19, 1e20, 3e20]
    assert forecast(train, 1.6, 1e23) == pytest.approx(2.252, abs=5e-4)
    assert test["value"].tolist() == pytest.approx([2.2333], abs=5e-5) and test["flops"].tolist() == [1e23]


@pytest.mark.parametrize(("floor", "published"), [(1.3, 2.258), (1.4, 2.269), (1.6, 2.295)])
def test_the_forecast_of_the_67b_run(table, floor, published):
    train, test = replay(table, "moe-ladder/67b")
    assert forecast(train, floor, 1.19e23) == pytest.approx(published, abs=5e-4)
    assert test["value"].tolist() == [2.256]


def test_the_forecasts_of_the_535b_run_at_matched_progress(table):
    """Published 2.3921, 2.3261 and 2.2872 for 5, 10 and 15 % of training, with a floor of 1.5."""
    train, test = replay(table, "hero")
    planned = (test["flops"] / test["progress"]).iloc[0]
    for share, published in ((0.05, 2.3921), (0.10, 2.3261), (0.15, 2.2872)):
        at = train[(train["progress"] - share).abs() < 0.001].assign(flops=lambda rows: rows["flops"] / rows["progress"])
        assert len(at) == 4 and forecast(at, 1.5, planned) == pytest.approx(published, abs=1e-4)


def test_known_rows_precede_the_outcome(table):
    for curve in ("moe-optima/v16", "moe-ladder/67b", "hero"):
        train, test = replay(table, curve)
        assert train["date"].max() < test["date"].min()


def test_cells_without_a_final_loss_are_flagged(table):
    flags = table[table["flag"] != ""].groupby("flag")["value"].agg(["size", "min"])
    assert flags["size"].to_dict() == {"diverged": 2, "interrupted": 4, "missing": 3}
    assert flags.loc["diverged", "min"] == pytest.approx(np.log(128_256), abs=0.01)


def test_the_1e21_cell_was_no_part_of_the_fit(table):
    optima = table[table["curve"] == "moe-optima/v16"]
    assert optima.loc[optima["flops"] == 1e21, "split"].tolist() == [""]
