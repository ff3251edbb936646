"""NFNets: hours grow as the paper's depths do, which tells the copied network from the true one."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("nfnet_jft").table


def test_twice_the_depth_costs_twice_the_hours(table):
    """The paper: F3 has twice the depth of F1, and F7 twice that of F3 at its width."""
    hours = {name: rows["device_hours"].to_numpy() for name, rows in table.sort_values("device_hours").groupby("curve")}
    np.testing.assert_allclose(hours["F7"] / hours["F3"], 2.0, rtol=0.04)
    np.testing.assert_allclose(hours["F3"] / hours["F1"][1:], 1.83, rtol=0.03)
    assert len(hours["F1"]) == 6 and hours["F1"][0] > 400 and hours["F7"][-1] < 1.1e5


def test_the_points_of_the_widest_network_are_copies(table):
    copied = table[table["flag"] == "copy-error"]
    assert set(copied["curve"]) == {"F7_wide"} and len(copied) == 5
    true = table[table["curve"] == "F7"]
    assert sorted(copied["value"]) == sorted(true["value"]) and sorted(copied["device_hours"]) == sorted(true["device_hours"])


def test_the_loss_of_each_network_falls_with_its_epochs(table):
    falls = table.sort_values("device_hours").groupby("curve")["value"].apply(lambda v: v.is_monotonic_decreasing)
    assert falls.all()
