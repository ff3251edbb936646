"""How far a task reaches along its scale, and what share of the compute its training rows cost."""

import numpy as np
import pytest
from made import built, made, only, trained

from scalingbench.common.errors import TaskError


def test_extrapolation_is_the_largest_held_out_over_the_largest_training_scale():
    task, _ = only(made(params=[1, 4, 10, 20]))
    assert task.extrapolation == pytest.approx(20 / 4)


def test_extrapolation_is_the_geometric_mean_over_folds():
    (task,) = built(made(curve=list("aabbcc"), params=[4, 8, 4, 16, 4, 256]))
    assert task.extrapolation == pytest.approx(8.0)  # of 2, 4 and 64


def test_extrapolation_downwards_compares_the_smallest():
    split = {"kind": "frontier", "variable": "params", "train_max": 5, "downwards": True}
    task, fold = only(made(params=[2, 4, 10, 20]), split=split)
    assert trained(fold) == [7.0, 6.0] and task.extrapolation == pytest.approx(10 / 2)


def test_extrapolation_follows_the_entrys_scale_then_the_splits_then_flops_then_the_first_variable():
    rows = {"params": [1, 2, 10, 20], "tokens": [1.0, 1, 3, 3], "flops": [6.0, 12, 180, 360], "split": ["train", "train", "test", "test"]}
    published = {"split": {"kind": "published"}, "variables": ["params", "tokens"]}

    def reach(columns, **changes):
        return only(made(**columns), **changes)[0].extrapolation

    assert reach(rows, **published, scale="tokens") == pytest.approx(3.0)
    assert reach(rows, scale="tokens") == pytest.approx(3.0)
    assert reach(rows) == pytest.approx(10.0)
    assert reach(rows, **published) == pytest.approx(30.0)
    assert reach({**rows, "flops": [6.0, np.nan, 180, 360]}, **published) == pytest.approx(10.0)
    without = {k: v for k, v in rows.items() if k != "flops"}
    assert reach(without, **published) == pytest.approx(10.0)
    assert reach(without, **{**published, "variables": ["run", "tokens"]}) == pytest.approx(3.0)


def test_rows_of_context_have_no_part_in_the_median_along_the_scale():
    rows = made(params=[1, 4, 10, 20, 40], flag=["", "", "interrupted", "interrupted", ""])
    task, _ = only(rows, where={"context": ["interrupted"]})
    assert (task.along_scale.max_over_max, task.along_scale.median_over_max) == pytest.approx((10.0, 10.0))


def test_shares_of_a_mixture_are_nothing_to_extrapolate_along():
    rows = made(mix_web=[0.1, 0.2, 0.9], split=["train", "train", "test"])
    task, _ = only(rows, split={"kind": "published"}, variables=["mix_web"])
    assert task.extrapolation == 1.0


def test_a_scale_without_a_finite_ratio_is_refused():
    def reach(name, *values):
        curves, sides = [f"c{i // 2}" for i in range(len(values))], ["train", "test"] * (len(values) // 2)
        rows = made(**{name: np.array(values, float)}, curve=curves, split=sides)
        return built(rows, split={"kind": "published"}, variables=[name])[0].extrapolation

    assert reach("date", 1, 3) == pytest.approx(3.0) and reach("date", -4, -1) == pytest.approx(0.25)
    for values in [(0, 5), (1, 2, 0, 5), (0, 0)]:
        with pytest.raises(TaskError, match="scale: the ratio of held-out to training rows along 'samples' is not finite"):
            reach("samples", *values)
    for values in [(-2, 1), (1, 3, -2, 1), (1, 0)]:
        with pytest.raises(TaskError, match="scale: the ratio of held-out to training rows along 'date' is not finite"):
            reach("date", *values)


def test_the_share_of_compute_counts_each_run_once_at_its_dearest_row():
    rows = made(
        run=["a", "a", "b", "c", "c"],
        steps=[1.0, 2, 3, 4, 5],
        flops=[1.0, 5.0, 7.0, 2.0, 28.0],
        split=["train", "train", "train", "test", "test"],
    )
    task, fold = only(rows, split={"kind": "published"}, variables=["steps"])
    assert task.cost_basis == "flops"
    assert task.compute_share == pytest.approx((5 + 7) / (5 + 7 + 28))
    assert fold.cost.tolist() == [2.0, 28.0]


def test_rows_on_neither_side_cost_nothing_and_folds_are_added_up():
    rows = made(
        curve=list("aaabbb"),
        params=[1, 7, 10, 1, 7, 10],
        flops=[1.0, 100, 3, 2, 100, 4],
        split=["train", "", "test"] * 2,
    )
    (task,) = built(rows, split={"kind": "published"})
    assert task.compute_share == pytest.approx((1 + 2) / (1 + 3 + 2 + 4))


def test_folds_count_by_their_cost_and_not_by_their_runs():
    rows = made(curve=list("aabbbb"), params=[1, 10, 1, 2, 3, 10], flops=[0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    (task,) = built(rows)
    assert task.compute_share == pytest.approx(4 / 6)


def test_a_run_that_trains_with_its_early_rows_costs_what_they_do():
    rows = made(run=["a", "a", "b", "b"], steps=[1.0, 4, 1, 4], split=["train", "test", "train", "test"])
    task, fold = only(rows, split={"kind": "published"}, variables=["steps"])
    assert task.cost_basis == "steps" and task.compute_share == pytest.approx((1 + 1) / (4 + 4))
    assert fold.cost.tolist() == [4.0, 4.0]


def test_rows_that_cost_nothing_are_refused():
    with pytest.raises(TaskError, match="every row has cost 0"):
        built(made(samples=[0.0, 0.0, 0.0], params=[1, 2, 10]))  # samples come before params as what a row costs
