"""How training rows are divided into back-tests, and which of them count for held-out rows."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.predictors.autolaw.backtest import make_backtests
from scalingbench.predictors.axes import ALL, INTERPOLATION, axes_of, direction
from scalingbench.predictors.laws.compute import Chinchilla

GRID = pd.DataFrame({"params": np.repeat(10 ** np.linspace(7.5, 9.5, 8), 6), "tokens": np.tile(10 ** np.linspace(9, 11, 6), 8)})
LOSS = Chinchilla.formula(GRID["params"].to_numpy(), GRID["tokens"].to_numpy(), 1.7, 400.0, 0.34, 1500.0, 0.37)
DOUBLING = pd.DataFrame({"x": 2.0 ** np.arange(8)})


def parts(X, axis):
    return [(list(t.train), list(t.test)) for t in make_backtests(X) if t.axis == axis]


def test_an_axis_is_cut_at_a_half_two_thirds_and_four_fifths_of_its_values_from_below():
    """Of eight values 4, round(5.2) and round(6.4) are trained on; the rows above are predicted."""
    assert parts(DOUBLING, "x") == [(list(range(k)), list(range(k, 8))) for k in (4, 5, 6)]
    twenty = pd.DataFrame({"x": 2.0 ** np.arange(20)})
    assert [len(train) for train, _ in parts(twenty, "x")] == [10, 13, 16]
    shuffled = DOUBLING.iloc[[3, 7, 0, 5, 1, 6, 2, 4]].reset_index(drop=True)
    assert parts(shuffled, "x")[0] == ([0, 2, 4, 6], [1, 3, 5, 7])


def test_cuts_are_of_distinct_values_and_rows_of_one_value_stay_together():
    assert parts(pd.DataFrame({"x": [1.0, 1.0, 1.0, 2.0, 4.0, 8.0]}), "x") == [([0, 1, 2, 3], [4, 5]), ([0, 1, 2, 3, 4], [5])]


def test_an_axis_of_fewer_than_four_values_is_not_cut():
    few = pd.DataFrame({"x": np.repeat([1.0, 2.0, 4.0], 4)})
    assert {t.axis for t in make_backtests(few)} == {INTERPOLATION}
    assert "x" in {t.axis for t in make_backtests(pd.DataFrame({"x": np.repeat([1.0, 2.0, 4.0, 8.0], 3)}))}


def test_no_backtest_trains_on_fewer_than_three_rows():
    """Of four single rows, the cut at two values leaves two to train on; the one at three leaves three."""
    assert parts(pd.DataFrame({"x": [1.0, 2.0, 4.0, 8.0]}), "x") == [([0, 1, 2], [3])]
    assert make_backtests(DOUBLING.head(3)) == []


def test_interpolation_predicts_each_of_three_random_parts_from_the_rest():
    found = parts(DOUBLING, INTERPOLATION)
    assert sorted(row for _, test in found for row in test) == list(range(8))
    assert all(sorted([*train, *test]) == list(range(8)) for train, test in found) and [len(test) for _, test in found] == [3, 3, 2]
    assert [test for _, test in found] != [[0, 3, 6], [1, 4, 7], [2, 5]]  # which would be levels of a sorted grid


def test_interpolation_holds_out_whole_runs_where_there_are_three():
    X = pd.DataFrame({"run": np.repeat(["a", "b", "c", "d"], 4), "steps": np.tile(np.arange(1.0, 5.0), 4)})
    found = parts(X, INTERPOLATION)
    assert sorted(row for _, test in found for row in test) == list(range(16))
    assert all(len(test) in (4, 8) and not set(X["run"][train]) & set(X["run"][test]) for train, test in found)
    three = X[X["run"] < "d"].reset_index(drop=True)
    assert sorted(test for _, test in parts(three, INTERPOLATION)) == [list(range(k, k + 4)) for k in (0, 4, 8)]
    two = X[X["run"] < "c"].reset_index(drop=True)
    assert [len(test) for _, test in parts(two, INTERPOLATION)] == [3, 3, 2]  # rows: two runs make no three parts


def test_backtests_predict_upwards_and_never_train_on_what_they_predict():
    tests = make_backtests(GRID)
    assert {t.axis for t in tests} == {"params", "tokens", ALL, INTERPOLATION}
    for t in tests:
        assert sorted([*t.train, *t.test]) == list(range(48))
        if t.axis in GRID:
            assert GRID[t.axis].iloc[t.train].max() < GRID[t.axis].iloc[t.test].min()


def test_overall_scale_is_the_sum_of_logs_without_losses_and_hyperparameters():
    X = GRID.assign(source_loss=LOSS, learning_rate=1e-3, batch_size=1e6, mix_web=0.5, obs_a=0.4, run="a")
    axes = axes_of(X)
    assert set(axes) == {"params", "tokens", "source_loss", "learning_rate", "batch_size", ALL}
    assert np.allclose(axes[ALL], np.log(GRID["params"] * GRID["tokens"]))
    assert ALL not in axes_of(X[["params", "source_loss", "learning_rate", "batch_size"]])


def test_losses_are_axes_along_which_larger_models_lie_lower():
    X = pd.DataFrame({"source_loss": [2.0, 2.5, 3.0, 3.5, 4.0]})
    assert parts(X, "source_loss")[0] == ([2, 3, 4], [0, 1])
    assert direction(X, X - 0.8)[0] == "source_loss" and direction(X, X + 0.8)[0] == INTERPOLATION
    assert direction(X.rename(columns=lambda _: "teacher_loss"), X.rename(columns=lambda _: "teacher_loss") - 0.8)[0] == "teacher_loss"


def test_a_column_with_zeros_is_no_axis():
    assert set(axes_of(GRID.assign(tokens=GRID["tokens"].where(GRID["tokens"] > 1e9, 0.0)))) == {"params"}


def test_direction_is_the_axis_that_is_left_farthest_in_units_of_its_training_range():
    larger = GRID.assign(params=GRID["params"] * 100)  # two decades beyond a range of two
    assert direction(GRID, larger) == ("params", pytest.approx(1.0))
    assert direction(GRID, GRID.assign(tokens=GRID["tokens"] * 10)) == ("tokens", pytest.approx(0.5))
    both = GRID.assign(params=GRID["params"] * 10, tokens=GRID["tokens"] * 1e3)
    assert direction(GRID, both) == ("tokens", pytest.approx(1.5))


def test_where_nothing_is_left_by_a_fiftieth_of_the_range_it_is_interpolation():
    assert direction(GRID, GRID.iloc[5:9]) == (INTERPOLATION, 0.0)
    for share, axis in ((0.021, "x"), (0.019, INTERPOLATION)):  # of a range of seven doublings
        assert direction(DOUBLING, DOUBLING * 2.0 ** (7 * share))[0] == axis


def test_an_axis_without_range_is_never_the_direction():
    fixed = DOUBLING.assign(learning_rate=1e-3)
    assert direction(fixed, fixed.assign(learning_rate=1.0)) == (INTERPOLATION, 0.0)


def test_a_column_that_held_out_rows_lack_takes_no_part_in_the_overall_scale():
    """Larger models saw less data here, so only the overall scale is left; experts would hide it by six decades."""
    train = pd.DataFrame({"params": 10.0 ** np.array([7, 8, 9, 10]), "tokens": 10.0 ** np.array([10.0, 9.2, 8.1, 7.2])})
    test = pd.DataFrame({"params": [1e9], "tokens": [1e10]})
    assert direction(train, test) == (ALL, pytest.approx((19.0 - 17.2) / 0.2))
    for lacking in (test, test.assign(experts=np.nan)):
        assert direction(train.assign(experts=[1.0, 1e2, 1e4, 1e6]), lacking) == direction(train, test)
