import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from benchmark.tasks.splits import Split, row_cost, run_cost, rungs
from scalingbench.common.errors import TaskError

ROWS = pd.DataFrame(
    {
        "curve": ["a", "a", "a", "b", "b", "b"],
        "run": ["r1", "r2", "r3", "r4", "r5", "r6"],
        "params": [1.0, 1.005, 10.0, 100.0, 100.5, 1000.0],
        "flops": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
        "split": ["train", "train", "", "train", "test", "test"],
    }
)


def parts(**spec):
    return list(TypeAdapter(Split).validate_python(spec).parts(ROWS))


def test_published_follows_the_column():
    (part,) = parts(kind="published")
    assert part.train.tolist() == [True, True, False, True, False, False]
    assert part.test.tolist() == [False, False, False, False, True, True]


def test_frontier_trains_at_or_below_and_tests_above():
    (part,) = parts(kind="frontier", variable="flops", train_max=4)
    assert part.train.tolist() == [True] * 3 + [False] * 3
    assert (part.test == ~part.train).all()


def test_frontier_with_a_gap_leaves_the_rows_between_unused():
    (part,) = parts(kind="frontier", variable="flops", train_max=4, test_min=16)
    assert part.test.tolist() == [False] * 4 + [True] * 2
    assert not (part.train & part.test).any()


def test_rungs_join_values_within_the_tolerance():
    assert rungs(ROWS["params"].to_numpy(), 0.01).tolist() == [0, 0, 1, 2, 2, 3]
    assert rungs(ROWS["params"].to_numpy(), 0.0).tolist() == [0, 1, 2, 3, 4, 5]


def test_ladder_makes_a_part_for_every_k():
    steps = parts(kind="ladder", variable="params", first=2)
    assert [p.name for p in steps] == ["k2", "k3"]
    assert steps[0].train.sum() == 3 and steps[0].test.sum() == 3
    assert all((p.train ^ p.test).all() for p in steps)


def test_ladder_with_a_horizon_predicts_only_the_next_rungs():
    steps = parts(kind="ladder", variable="params", first=1, horizon=1)
    assert [int(p.test.sum()) for p in steps] == [1, 2, 1]


def test_budget_takes_the_cheapest_runs_that_fit():
    (part,) = parts(kind="budget", share=0.25)
    assert part.train.tolist() == [True, True, True, True, False, False]  # 1+2+4+8 = 15 of 63
    assert ROWS.loc[part.train, "flops"].sum() <= 0.25 * ROWS["flops"].sum()


def test_budget_counts_a_run_with_checkpoints_once_at_its_last():
    rows = pd.DataFrame({"run": ["a", "a", "b"], "flops": [1.0, 5.0, 7.0]})
    assert run_cost(rows).to_dict() == {"a": 5.0, "b": 7.0}


def test_leave_group_out_holds_each_group_out_once():
    held = parts(kind="leave-group-out", by="curve")
    assert [p.name for p in held] == ["a", "b"]
    assert (sum(p.test.astype(int) for p in held) == 1).all()
    with pytest.raises(TaskError, match="no column 'nope'"):
        parts(kind="leave-group-out", by="nope")


def test_cost_falls_back_to_what_the_rows_have():
    assert row_cost(ROWS)[1] == "flops"
    without = ROWS.drop(columns="flops").assign(tokens=2.0)
    cost, basis = row_cost(without)
    assert basis == "params x tokens" and np.allclose(cost, 2.0 * ROWS["params"])
    assert row_cost(ROWS[["run"]])[1] == "rows"


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "budget", "share": 1.5},
        {"kind": "frontier", "variable": "flops"},
        {"kind": "nope"},
        {"kind": "published", "extra": 1},
        {"kind": "ladder", "variable": "params", "first": 0},
    ],
)
def test_when_a_split_is_malformed_then_it_is_refused(spec):
    with pytest.raises(ValueError):
        TypeAdapter(Split).validate_python(spec)
