"""Order flips: the share of pairs of curves whose order differs between two scales."""

import json

import numpy as np
import pandas as pd
import pytest
from command import scalingbench

from scalingbench.benchmark.data import orders
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.orders import order_flips
from scalingbench.common.errors import InputError


def rows(values, params, metric="loss", flag=""):
    """Return a row per curve at a scale."""
    curves = [{"curve": f"c{i}", "value": v} for i, v in enumerate(values)]
    return pd.DataFrame(curves).assign(params=params, tokens=10.0, metric=metric, flag=flag)


@pytest.fixture
def made(monkeypatch):
    def make(*parts):
        monkeypatch.setattr(orders, "load_collection", lambda name: Collection(name, pd.concat(parts), None))
        return order_flips("made").rows

    return make


def test_flips_are_counted_over_pairs(made):
    """Of 10 pairs of 5 curves, one exchanged pair of neighbours flips; a tie flips nothing."""
    found = made(rows([1, 2, 3, 4, 5], 1e6), rows([2, 1, 3, 4, 4], 1e7)).loc["loss"]
    assert found[["curves", "pairs", "factor", "flips"]].tolist() == [5, 10, 10, 10]
    assert found["low"] == 0 and 10 < found["high"] < 100


def test_a_reversed_order_flips_always(made):
    found = made(rows([1, 2, 3, 4, 5], 1e6), rows([5, 4, 3, 2, 1], 1e7)).loc["loss"]
    assert found[["flips", "low", "high"]].tolist() == [100, 100, 100]


def test_the_scales_have_the_most_curves_in_common_and_then_are_farthest_apart(made):
    few, near = rows([9, 8, 7, 6, 5], 1e9), rows(np.arange(6), 2e6)
    found = made(rows(np.arange(6), 1e6), near, rows(np.arange(6), 1e7), rows(-np.arange(6), 1e8), few).loc["loss"]
    assert found[["curves", "factor", "flips"]].tolist() == [6, 100, 100]


def test_flagged_rows_do_not_count_and_too_few_curves_are_an_error(made):
    with pytest.raises(InputError, match="no metric has 5 curves at two scales that are 4x apart"):
        made(rows([1, 2, 3, 4, 5], 1e6, flag="outlier"), rows([1, 2, 3, 4, 5], 1e7))


def test_the_command_prints_them():
    done = scalingbench("show", "dclm_models", "--orders")
    assert "| score_core         |     17 |   136 |" in done.stdout
    found = json.loads(scalingbench("show", "dclm_models", "--orders", "--json").stdout)["data"]["metrics"]["score_core"]
    assert found["pairs"] == 136 and 0 < found["low"] < found["flips"] < found["high"] < 50
