"""Ratios of errors, worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from made import entry, matrix

from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.ratios import ErrorRatio, error_ratio, ratios_by_slice

TASKS = pd.DataFrame([(f"c{i}/t", f"c{i}", "curve") for i in range(8)], columns=["task", "collection", "track"])


def scores(one, other):
    return matrix(pd.concat([entry("one", one, tasks=TASKS), entry("other", other, tasks=TASKS.head(len(other)))]), TASKS)


def test_the_ratio_is_the_geometric_mean_and_a_constant_one_has_a_narrow_interval():
    found = error_ratio(scores([0.4] * 8, [0.2] * 8), "one", "other")
    assert [found.value, found.low, found.high] == pytest.approx([2.0] * 3) and (found.n_tasks, found.n_clusters) == (8, 8)
    assert found.p == pytest.approx(2 / 2**8) and error_ratio(scores([0.2] * 8, [0.2] * 8), "one", "other").p == 1.0
    mixed = error_ratio(scores([0.4, 0.1] * 4, [0.2] * 8), "one", "other")
    assert mixed.value == pytest.approx(1.0) and 0.5 <= mixed.low < 1.0 < mixed.high <= 2.0


def test_a_task_that_was_not_entered_counts_as_the_references():
    assert error_ratio(scores([0.5] * 8, [0.5] * 4), "one", "other").value == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    ("value", "low", "high", "p", "verdict"),
    [
        (1.2, 1.001, 1.5, 0.049, "higher"),
        (0.8, 0.7, 0.999, 0.049, "lower"),
        (1.2, 1.0, 1.5, 0.01, "not distinguishable"),
        (0.8, 0.7, 1.0, 0.01, "not distinguishable"),
        (1.2, 1.001, 1.5, 0.05, "not distinguishable"),
        (2.0, np.nan, np.nan, 1.0, "no interval"),
    ],
)
def test_errors_differ_if_the_interval_and_the_test_say_so(value, low, high, p, verdict):
    assert ErrorRatio(value, low, high, p, 9, 9).verdict == verdict


def test_slices_of_two_clusters_are_never_distinguishable_and_count_only_what_both_entered():
    described = TASKS.assign(kind=["near"] * 2 + ["far"] * 6)
    found = ratios_by_slice(scores([0.4] * 2 + [0.1] * 6, [0.2] * 4), described, "kind", "one", "other")
    assert found.rows.loc["near", ["tasks", "ratio", "error is"]].tolist() == [2, pytest.approx(2.0), "not distinguishable"]
    assert found.rows.loc["far", ["tasks", "ratio", "error is"]].tolist() == [2, pytest.approx(0.5), "not distinguishable"]
    assert found.rows.loc["all", "tasks"] == 4 and "| near |     2 |        2 |        2.00 |" in found.render()
    assert found.facts()["ratios"]["near"]["ratio"] == pytest.approx(2.0)


def test_predictors_without_a_common_task_are_refused():
    late = pd.concat([entry("one", [0.1] * 4, tasks=TASKS.head(4)), entry("other", [0.1] * 4, tasks=TASKS.tail(4))])
    with pytest.raises(LeaderboardError, match="'one' and 'other' entered no task in common"):
        ratios_by_slice(matrix(late, TASKS), TASKS.assign(kind="x"), "kind", "one", "other")
