import numpy as np
import pandas as pd
import pytest
from score_worlds import entry

from leaderboard.slices import SLICES, skill_by, slice_of
from scalingbench.common.errors import LeaderboardError

TASKS = pd.DataFrame(
    {
        "task": ["a/1", "a/2", "b/1", "b/2", "c/1"],
        "collection": ["a", "a", "b", "b", "c"],
        "track": ["curve", "curve", "compute", "compute", "curve"],
        "domain": ["language", "language", "vision", "vision", "language"],
        "metric": ["loss"] * 4 + ["accuracy"],
        "extrapolation": [1.0, 4.0, 4.1, 16.0, 17.0],
        "compute_share": [0.05, 0.1, 0.2, 0.5, 0.9],
        "rows_per_fit": [5, 10, 50, 100, 500],
        "noise": [np.nan, 0.001, 0.003, 0.01, np.nan],
    }
)


def test_every_task_has_its_slice():
    assert list(slice_of(TASKS, "extrapolation")) == ["none", "up to 4x", "4x to 16x", "4x to 16x", "over 16x"]
    assert list(slice_of(TASKS, "noise")) == ["not measured", "up to 0.3 %", "up to 0.3 %", "over 0.3 %", "not measured"]
    assert list(slice_of(TASKS, "rows")) == ["up to 10", "up to 10", "11 to 100", "11 to 100", "over 100"]
    assert list(slice_of(TASKS, "compute-share")) == ["up to 10 %", "up to 10 %", "10 to 50 %", "10 to 50 %", "over 50 %"]
    assert all(slice_of(TASKS, by).notna().all() for by in SLICES)


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


def test_unknown_cuts_are_refused():
    with pytest.raises(LeaderboardError, match="cut by 'colour': expected one of track, domain"):
        slice_of(TASKS, "colour")
