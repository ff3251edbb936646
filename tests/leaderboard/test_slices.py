import numpy as np
import pandas as pd
import pytest
from made import entry, matrix

from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.slices import SLICES, in_order, slice_of, slices_of

TASKS = pd.DataFrame(
    {
        "task": ["a/1", "a/2", "b/1", "b/2", "c/1"],
        "collection": ["a", "a", "b", "b", "c"],
        "track": ["curve", "curve", "compute", "compute", "curve"],
        "domain": ["language", "language", "vision", "vision", "language"],
        "metric": ["loss"] * 4 + ["accuracy"],
        "cluster": ["a", "a", "b", "b", "c"],
        "far": [1.0, 4.0, 4.1, 16.0, 17.0],
        "published": ["2020-01", "2021-02", "2021-03", None, "2024-05"],
        "kind": ["extrapolation"] * 5,
        "tier": ["bundled"] * 5,
        "compute_share": [0.05, 0.1, 0.2, 0.5, 0.9],
        "rows_per_fit": [5, 10, 50, 100, 500],
        "noise": [np.nan, 0.001, 0.003, 0.01, np.nan],
    }
)


def skill_by(scores, tasks, by):
    return slices_of(matrix(scores, tasks), tasks, by)


def slice_names(by, column, values):
    return list(slice_of(pd.DataFrame({column: values}), by))


def test_every_task_has_its_slice():
    assert all(slice_of(TASKS, by).notna().all() for by in SLICES)
    for by in ("track", "domain", "metric"):
        assert list(slice_of(TASKS, by)) == list(TASKS[by])


def test_the_upper_edge_of_a_slice_belongs_to_it():
    """An edge, and the least above it."""
    factors = [0.5, 1.0, 1.01, 4.0, 4.01, 16.0, 16.01, 700.0, np.nan]
    names = ["none"] * 2 + ["up to 4x"] * 2 + ["4x to 16x"] * 2 + ["over 16x"] * 2 + ["not stated"]
    assert slice_names("extrapolation", "far", factors) == names
    shares = slice_names("compute-share", "compute_share", [0.002, 0.1, 0.101, 0.5, 0.501, 1.0])
    assert shares == ["up to 10 %"] * 2 + ["10 to 50 %"] * 2 + ["over 50 %"] * 2
    rows = slice_names("rows", "rows_per_fit", [3, 10, 10.5, 100, 101])
    assert rows == ["up to 10"] * 2 + ["11 to 100"] * 2 + ["over 100"]
    noise = slice_names("noise", "noise", [None, 0.0001, 0.003, 0.0031])
    assert noise == ["not measured", "up to 0.3 %", "up to 0.3 %", "over 0.3 %"]
    assert slice_names("noise", "noise", [None, None]) == ["not measured"] * 2


def test_a_task_on_the_edge_of_a_reach_is_beyond_it():
    names = ["within 3x", "3x to 10x", "3x to 10x", "10x to 100x", "10x to 100x", "beyond 100x"]
    assert slice_names("reach", "far", [2.99, 3.0, 9.99, 10.0, 99.9, 100.0]) == names


def test_slices_stand_in_order_and_only_those_that_there_are():
    scores = pd.concat([entry("ref", np.ones(5), tasks=TASKS), entry("law", [0.5, 0.5, 2.0, 2.0, 0.25], tasks=TASKS)])
    found = skill_by(scores, TASKS, "extrapolation")
    assert list(found.rows) == list(found.counts.index) == ["none", "up to 4x", "4x to 16x", "over 16x"]
    assert found.counts.tolist() == [1, 1, 2, 1]
    assert list(skill_by(scores, TASKS[TASKS["task"] != "a/2"], "extrapolation").rows) == ["none", "4x to 16x", "over 16x"]
    found = skill_by(scores, TASKS, "track")
    assert list(found.rows) == list(found.counts.index) == ["compute", "curve"] and found.counts.tolist() == [2, 3]


def test_tasks_of_weight_zero_are_in_no_slice_and_the_others_count_by_their_weight():
    tasks = TASKS.assign(weight=[1.0, 3.0, 1.0, 0.0, 0.0])
    scores = pd.concat([entry("ref", np.ones(5), tasks=TASKS), entry("law", [0.5, 0.25, 2.0, 0.01, 0.01], tasks=TASKS)])
    found = skill_by(scores, tasks, "domain")
    assert found.counts.to_dict() == {"language": 2, "vision": 1}
    assert found.rows.loc["law", "language"] == pytest.approx(1 - (0.5 * 0.25**3) ** (1 / 4))
    assert found.rows.loc["law", "vision"] == pytest.approx(-1.0)
    assert list(skill_by(scores, tasks, "metric").rows) == ["loss"]


def test_skill_of_a_slice_is_the_geometric_mean_over_its_tasks():
    scores = pd.concat([entry("ref", np.ones(5), tasks=TASKS), entry("law", [0.5, 0.5, 2.0, 2.0, 0.25], tasks=TASKS)])
    found = skill_by(scores, TASKS, "domain")
    table = found.rows
    assert table.loc["law", "language"] == pytest.approx(1 - (0.5 * 0.5 * 0.25) ** (1 / 3))
    assert table.loc["law", "vision"] == pytest.approx(-1.0)
    assert found.counts.to_dict() == {"language": 3, "vision": 2}


def test_a_slice_that_was_not_entered_is_empty():
    scores = pd.concat([entry("ref", np.ones(5), tasks=TASKS), entry("law", [0.5, 0.5], tasks=TASKS.head(2))])
    table = skill_by(scores, TASKS, "track").rows
    assert np.isnan(table.loc["law", "compute"]) and table.loc["law", "curve"] == pytest.approx(1 - 0.25 ** (1 / 3))


def test_slices_print_skill_with_the_number_of_tasks_and_a_dash_where_none_was_entered():
    scores = pd.concat([entry("ref", np.ones(5), tasks=TASKS), entry("law", [0.5, 0.1234], tasks=TASKS.head(2))])
    found = skill_by(scores, TASKS, "domain").of(pd.Series(["law", "ref"]))
    skill = 1 - (0.5 * 0.1234) ** (1 / 3)
    lines = [
        "| predictor | language (3 tasks, 2 clusters) | vision (2 tasks, 1 clusters) |",
        "| --- | ---: | ---: |",
        f"| law | {skill:.3f} | - |",
        "| ref | 0.000 | 0.000 |",
    ]
    note = "Skill by domain; numbers of tasks and clusters in brackets; '-' means no task entered."
    assert found.render() == "\n".join([*lines, "", note])
    assert found.of(pd.Series(["ref"])).rows.index.tolist() == ["ref"]


def test_unknown_cuts_are_refused():
    with pytest.raises(LeaderboardError, match="cut by 'colour': expected one of track, domain"):
        slice_of(TASKS, "colour")
    with pytest.raises(LeaderboardError, match="cut by 'reach': the tasks of this suite have no 'far'"):
        slice_of(TASKS.drop(columns="far"), "reach")


def test_ranges_are_in_ascending_order():
    for by, names in (("rows", ["up to 10", "11 to 100", "over 100"]), ("compute-share", ["up to 10 %", "10 to 50 %", "over 50 %"])):
        assert in_order(slice_of(TASKS, by), by) == names


def test_the_error_in_repeats_is_of_the_tasks_with_a_measured_deviation():
    """Errors of .02, .012 and .1 at deviations of .001, .003 and .01: ratios 20, 4 and 10."""
    scores = entry("x", [0.5] * 5, tasks=TASKS, error=[9.0, 0.02, 0.012, 0.1, 9.0])
    found = slices_of(matrix(scores, TASKS), TASKS, "kind", what="noise")
    assert found.rows.loc["x"].tolist() == pytest.approx([10.0]) and found.counts.tolist() == [3]
    with pytest.raises(LeaderboardError, match="no metric of these tasks has a measured deviation"):
        slices_of(matrix(scores, TASKS), TASKS.drop(columns="noise"), "kind", what="noise")
