"""A check of a design names what the runs cannot tell, and the runs that carry the answer."""

import numpy as np
import pandas as pd
import pytest
from command import data_of, error_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.design import check_design
from scalingbench.predictors.laws.compute import Chinchilla


def table(ratios, noise=0.003):
    N, ratio = (np.ravel(a) for a in np.meshgrid([5e7, 1e8, 2e8, 4e8, 8e8], ratios, indexing="ij"))
    y = Chinchilla.formula(N, ratio * N, 1.69, 406.4, 0.34, 410.7, 0.28)
    return pd.DataFrame({"params": N, "tokens": ratio * N, "value": y * np.exp(noise * np.random.default_rng(0).standard_normal(len(N)))})


@pytest.fixture(scope="module")
def grid():
    return check_design(table([5.0, 20.0, 80.0]))


def test_shares_of_influence_are_a_distribution_and_add_up_by_budget(grid):
    assert grid.influence["influence"].sum() == pytest.approx(1.0) and (grid.influence["influence"] >= 0).all()
    assert sum(r.influence for r in grid.rungs) == pytest.approx(1.0) and sum(r.runs for r in grid.rungs) == 15
    assert grid.influence["influence"].is_monotonic_decreasing and "half of the answer comes from" in str(grid)


def test_a_grid_has_no_fixed_ratio_and_a_ray_has(grid):
    assert grid.ratios == pytest.approx((5.0, 80.0)) and not [c for c in grid.cautions if c.code == "fixed-ratio"]
    ray = check_design(pd.concat([table([20.0]), table([20.0], 0.004)]))
    assert [c.level for c in ray.cautions if c.code == "fixed-ratio"] == ["warning"] and ray.correlation == pytest.approx(1.0)


def test_the_target_is_farther_where_none_is_named(grid):
    cost = grid.influence["params"] * grid.influence["tokens"]
    assert grid.target["params"] * grid.target["tokens"] == pytest.approx(10 * cost.max())


def test_too_few_runs_are_refused():
    with pytest.raises(InputError, match="5 runs: nothing to check"):
        check_design(table([5.0, 20.0]).iloc[[0, 1, 2, 5, 8]])


def test_the_command_prints_it_in_the_unit_of_the_budget(tmp_path, grid):
    runs = table([5.0, 20.0, 80.0])
    runs.to_csv(tmp_path / "runs.csv", index=False)
    found = data_of(scalingbench("plan", "runs.csv", "--check", "--json", cwd=tmp_path), "plan")
    assert found["rungs"][-1]["flops"] <= 6 * (runs["params"] * runs["tokens"]).max() * (1 + 1e-9) and "FLOPs" in str(grid)
    assert found["smallest_useful"] in [r["flops"] for r in found["rungs"]] and len(found["influence"]) == 15
    done = scalingbench("plan", "runs.csv", "--check", "--budget", "1e20", "--json", cwd=tmp_path)
    assert "--check plans no runs" in error_of(done, "plan")["message"]
    assert "needs a table of runs" in error_of(scalingbench("plan", "--check", "--json", cwd=tmp_path), "plan")["message"]
