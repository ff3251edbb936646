"""A plan costs what was allowed, and its runs say more about the target than others of that cost."""

import io

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.plan import Belief, believe, choose, plan
from scalingbench.forecasting.reading import read_runs
from scalingbench.predictors.laws.compute import Chinchilla

TARGET = {"params": 7e9, "tokens": 1.4e11}


def table(seed=0, n=12, noise=0.003):
    rng = np.random.default_rng(seed)
    N, D = 10 ** rng.uniform(7, 8, n), 10 ** rng.uniform(8.5, 9.5, n)
    y = Chinchilla.formula(N, D, 1.69, 406.4, 0.34, 410.7, 0.28) * np.exp(rng.normal(0, noise, n))
    return pd.DataFrame({"params": N, "tokens": D, "value": y})


def test_a_ladder_from_nothing_costs_the_budget_and_shows_a_minimum_on_every_rung():
    found = plan(budget=1e20, target=TARGET)
    assert found.spent == pytest.approx(1e20) and found.before is None
    assert np.allclose(6 * found.runs["params"] * found.runs["tokens"], found.runs["flops"])
    rungs = found.runs.groupby(found.runs["flops"].round(-10))
    assert len(rungs) == 5 and all(len(rung) == 5 and rung["params"].is_monotonic_decreasing for _, rung in rungs)
    assert sorted(found.runs["flops"]) == found.runs["flops"].tolist()


def test_a_small_budget_leaves_out_what_is_no_model():
    with pytest.raises(InputError, match="1e\\+11 FLOPs are too few for a ladder"):
        plan(budget=1e11, target=TARGET)


def test_the_ladder_is_a_table_that_forecast_reads_when_it_is_filled_in():
    filled = pd.read_csv(io.StringIO(plan(budget=1e20, target=TARGET).as_csv()))
    assert filled["value"].isna().all()
    filled["value"] = Chinchilla.formula(filled["params"], filled["tokens"], 1.69, 406.4, 0.34, 410.7, 0.28)
    runs = read_runs(filled)
    assert len(runs.table) == 25 and runs.variables == ("params", "tokens", "flops")


def test_what_a_run_tells_is_what_conditioning_says():
    """Two candidates and a target, by hand: var 4 and 1, covariance with the target 2 and 0.5, noise 1."""
    belief = Belief(np.array([[4.0, 0.0, 2.0], [0.0, 1.0, 0.5], [2.0, 0.5, 3.0]]), 1.0)
    assert belief.gain() == pytest.approx([4 / 5, 0.25 / 2]) and belief.target_sd == pytest.approx(np.sqrt(3))
    after = belief.after(0)
    assert after.target_sd**2 == pytest.approx(3 - 4 / 5) and after.covariance[0, 0] == pytest.approx(4 - 16 / 5)


def test_the_gain_at_several_targets_is_the_mean_of_those_at_each():
    """One candidate of variance 4 and two targets, by hand: covariances 2 and 1, noise 1."""
    belief = Belief(np.array([[4.0, 2.0, 1.0], [2.0, 3.0, 0.0], [1.0, 0.0, 5.0]]), 1.0, targets=2)
    assert belief.gain() == pytest.approx([(4 + 1) / 2 / 5]) and belief.target_sd == pytest.approx(2.0)
    assert belief.target_sd**2 - belief.after(0).target_sd ** 2 == pytest.approx(belief.gain()[0])


def test_a_dear_run_is_chosen_only_if_it_tells_more_than_cheap_ones_of_that_cost():
    belief = Belief(np.array([[4.0, 0.0, 0.0, 2.0], [0.0, 4.0, 0.0, 1.9], [0.0, 0.0, 4.0, 1.9], [2.0, 1.9, 1.9, 4.0]]), 1.0)
    taken, then = choose(belief, np.array([10.0, 5.0, 5.0]), 10.0, 5)
    assert sorted(taken) == [1, 2] and then.target_sd < belief.after(0).target_sd
    assert choose(belief, np.array([10.0, 9.0, 9.0]), 10.0, 5)[0] == [0]


def test_the_next_runs_fit_in_the_budget_and_reduce_what_is_not_known():
    found = plan(table(), budget=1e19, target=TARGET)
    assert found.spent <= 1e19 and 0 < len(found.runs) <= 12
    assert found.after < found.before and (found.runs["flops"] <= 1e19).all()
    assert plan(table(), budget=1e20, target=TARGET).after < found.after
    assert len(plan(table(), budget=1e20, target=TARGET, most=2).runs) == 2


def test_near_the_target_a_run_tells_most():
    near, far = {"params": [4e9], "tokens": [8e10]}, {"params": [2e7], "tokens": [6e8]}
    candidates = pd.DataFrame({k: near[k] + far[k] for k in near})
    rows = table()
    told = believe(rows[["params", "tokens"]], rows["value"].to_numpy(), candidates, pd.DataFrame([TARGET])).gain()
    assert told[0] > 2 * told[1]


def test_planned_runs_forecast_better_than_as_many_cheap_ones():
    """Ten worlds: after the plan's runs are made, the law is nearer to the truth than after the cheapest of equal number."""
    truth = float(Chinchilla.formula(7e9, 1.4e11, 1.69, 406.4, 0.34, 410.7, 0.28))
    nearer = []
    for seed in range(10):
        rng, first = np.random.default_rng([seed, 1]), table(seed)
        found = plan(first, budget=3e19, target=TARGET).runs
        cheap = pd.DataFrame({"params": 10 ** rng.uniform(7, 8, len(found)), "tokens": 10 ** rng.uniform(8.5, 9.5, len(found))})
        errors = []
        for more in (found, cheap):
            y = Chinchilla.formula(more["params"], more["tokens"], 1.69, 406.4, 0.34, 410.7, 0.28) * np.exp(rng.normal(0, 0.003, len(more)))
            rows = pd.concat([first, more[["params", "tokens"]].assign(value=y)], ignore_index=True)
            law = Chinchilla().fit(rows, rows["value"])
            errors.append(abs(np.log(law.predict(pd.DataFrame([TARGET]))[0] / truth)))
        nearer.append(errors[0] < errors[1])
    assert sum(nearer) >= 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "params=1e9"}, "a plan is made of params and tokens"),
        ({"budget": -1.0}, "--budget: expected a positive number"),
        ({"most": 0}, "--most: expected at least 1"),
        ({"budget": 1e10}, "1e\\+10 FLOPs are too few for any run"),
        ({"law": "gaussian-process"}, "gaussian-process has no constants"),
        ({"runs": table(n=3)}, "3 runs: too few to plan from"),
    ],
)
def test_what_cannot_be_planned_is_named(options, message):
    with pytest.raises(InputError, match=message):
        plan(**{"runs": table(), "budget": 1e20, "target": TARGET, **options})


def test_the_command_prints_a_table_and_says_what_it_brings(tmp_path):
    table().to_csv(tmp_path / "runs.csv", index=False)
    done = scalingbench("plan", "runs.csv", "--budget", "1e19", "--target", "params=7B,tokens=140B", cwd=tmp_path)
    assert done.returncode == 0 and "uncertainty of chinchilla[huber-log] at the target: " in done.stderr
    assert pd.read_csv(io.StringIO(done.stdout)).columns.tolist() == ["params", "tokens", "flops", "value", "why"]
    done = scalingbench("plan", "--budget", "1e20", "--target", "params=7B,tokens=140B", "--json", cwd=tmp_path)
    assert done.returncode == 0 and len(data_of(done, "plan")["runs"]) == 25
    done = scalingbench("plan", "--target", "params=7B,tokens=140B", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("error: --budget: is required")
