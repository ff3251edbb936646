"""Panels of a plotted task: the path of the line, budgets of equal compute, ticks."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.leaderboard.law_panel import _on_budget, budgets_of, human, path_of
from scalingbench.leaderboard.plot_axis import PlotAxis

SIZES = [(7e9, "7B"), (1.4e12, "1.4T"), (3e8, "300M"), (2500.0, "2.5k"), (1e21, "1e21"), (0.25, "0.25")]
_OTHER = {"scored": np.ones(5, bool), "cost": np.ones(5)}


def _grid():
    """Five sizes on each of four budgets, the last of which is held out."""
    rows = [(N, C / N) for C in (1e16, 1e17, 1e18, 1e19) for N in np.geomspace(1e6, 1e8, 5)]
    X = pd.DataFrame(rows, columns=["params", "tokens"])
    return Fold(name="all", X_train=X.iloc[:15], y_train=np.ones(15), X_test=X.iloc[15:], y_test=np.ones(5), **_OTHER)


@pytest.mark.parametrize(("value", "text"), SIZES)
def test_a_tick_is_a_number_as_people_write_it(value, text):
    assert human(value) == text


def test_the_line_leads_through_both_medians():
    fold = _grid()
    path = path_of(fold, PlotAxis("tokens", True))
    for X in (fold.X_train, fold.X_test):
        middle = X.median()
        near = path.iloc[int(np.argmin(np.abs(np.log(path["tokens"] / middle["tokens"]))))]
        assert all(abs(np.log(near[name] / middle[name])) < 0.1 for name in ("params", "tokens"))
    assert path["tokens"].iloc[[0, -1]].tolist() == pytest.approx([1e8, 1e13])


def test_runs_on_budgets_are_found_and_a_curve_keeps_its_budget():
    fold = _grid()
    assert budgets_of(fold).nunique() == 4

    class Product:
        def predict(self, X):
            return (X["params"] * X["tokens"]).to_numpy()

    assert _on_budget(Product(), fold.X_train.iloc[:5])[1] == pytest.approx(1e16)


def test_runs_of_one_size_a_budget_have_no_budgets():
    X = pd.DataFrame({"params": [1e6, 1e7, 1e8, 1e9], "tokens": [1e9, 1e10, 1e11, 1e12]})
    fold = Fold(name="all", X_train=X.iloc[:3], y_train=np.ones(3), X_test=X.iloc[3:], y_test=np.ones(1), **_OTHER)
    assert budgets_of(fold) is None
