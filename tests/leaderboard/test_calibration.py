"""The spread of coverage: cases worked out by hand, and what chance gives."""

import numpy as np
import pandas as pd
import pytest
from made import entry, matrix

from scalingbench.leaderboard.calibration import BANDS, CALIBRATED, calibration_of

TASKS = pd.DataFrame(
    {"task": ["a/1", "a/2", "b/1", "c/1"], "collection": ["a", "a", "b", "c"], "weight": [1.0, 3.0, 4.0, 2.0], "n_test": [10, 10, 40, 1000]}
)
BELOW, BETWEEN, ABOVE = BANDS


def spread(*coverage, tasks=TASKS, name="law"):
    scores = pd.concat([entry("ref", np.ones(4), tasks=tasks), entry(name, np.full(4, 0.5), tasks=tasks, coverage=list(coverage))])
    return calibration_of(matrix(scores, tasks), tasks, "ref").rows


def test_a_mean_of_extremes_is_distinguished_from_calibration():
    rows = spread(1.0, 0.0, 0.8, np.nan).loc["law"]
    assert rows["coverage"] == pytest.approx((1 * 1.0 + 3 * 0.0 + 4 * 0.8) / 8)
    assert (rows["tasks"], rows["clusters"]) == (3, 2)
    assert [rows[f"task_{band}"] for band in BANDS] == pytest.approx([3 / 8, 4 / 8, 1 / 8])
    assert rows["task_distance"] == pytest.approx((1 * 0.2 + 3 * 0.8 + 4 * 0.0) / 8)


def test_a_cluster_has_the_mean_coverage_of_its_tasks_and_their_weight():
    rows = spread(1.0, 0.0, 0.8, np.nan).loc["law"]  # cluster a: .25 with weight 4; cluster b: .8 with weight 4
    assert [rows[f"cluster_{band}"] for band in BANDS] == pytest.approx([0.5, 0.5, 0.0])
    assert rows["cluster_distance"] == pytest.approx((4 * 0.55 + 4 * 0.0) / 8)


def test_a_limit_belongs_to_the_band_above():
    rows = spread(0.5, 0.95, 0.4999, 1.0).loc["law"]
    assert [rows[f"task_{band}"] for band in BANDS] == pytest.approx([0.4, 0.1, 0.5])


def test_too_narrow_and_too_wide_are_equally_far():
    assert spread(0.7, 0.7, 0.7, 0.7).loc["law", "task_distance"] == pytest.approx(spread(0.9, 0.9, 0.9, 0.9).loc["law", "task_distance"])


def test_the_last_row_is_what_chance_gives():
    tasks = TASKS.assign(n_test=1)
    rows = spread(0.8, 0.8, 0.8, 0.8, tasks=tasks)
    assert list(rows.index) == ["law", CALIBRATED]
    chance = rows.loc[CALIBRATED]  # one row each: covered with probability .8, or not
    assert chance["task_" + ABOVE] == pytest.approx(0.8, abs=0.04) and chance["task_" + BETWEEN] == 0
    assert chance["task_distance"] == pytest.approx(0.8 * 0.2 + 0.2 * 0.8, abs=0.03)
    many = spread(0.8, 0.8, 0.8, 0.8, tasks=TASKS.assign(n_test=100_000)).loc[CALIBRATED]
    assert many["task_" + BETWEEN] == 1.0 and many["task_distance"] < 0.01


def test_only_predictors_with_intervals_are_shown():
    rows = spread(np.nan, np.nan, np.nan, np.nan)
    assert list(rows.index) == [CALIBRATED]


def test_the_first_predictors_with_intervals_are_chosen_in_the_order_given():
    parts = [entry("ref", np.ones(4), tasks=TASKS), *(entry(n, np.full(4, 0.5), tasks=TASKS, coverage=[0.5] * 4) for n in ("a", "b"))]
    found = calibration_of(matrix(pd.concat(parts), TASKS), TASKS, "ref")
    assert list(found.of(("ref", "b", "a")).rows.index) == ["b", "a", CALIBRATED]
    assert list(found.of(("ref", "b", "a"), 1).rows.index) == ["b", CALIBRATED]
    assert len(found.table().rows[0]) == len(found.table().header)
