"""What a task states about how far it goes, on rows few enough to work every figure out by hand."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import Collection
from scalingbench.benchmark.data.schema import normalise
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.benchmark.tasks.reach import AxisReach, reach_of
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.task import TaskSpec

PUBLISHED = {"kind": "published"}


def made(**columns):
    rows = len(next(iter(columns.values())))
    base = {"run": [f"r{i}" for i in range(1, rows + 1)], "value": 9.0 - np.arange(rows)}
    return Collection("chinchilla", normalise(pd.DataFrame({**base, **columns})), load_card("chinchilla"))


def task(collection, **changes):
    base = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "split": PUBLISHED, "min_train": 1}
    (built,) = build_tasks(TaskSpec.model_validate({**base, **changes}), collection)
    return built


def test_reach_in_compute_is_the_median_held_out_row_over_the_dearest_training_row():
    rows = made(params=[1, 2, 3, 4, 5], flops=[1.0, 10, 20, 50, 4000], split=["train", "train", "test", "test", "test"])
    of = task(rows)
    assert of.reach.compute == pytest.approx(50 / 10) and of.reach.basis == "flops" and of.reach.far == of.reach.compute
    assert of.extrapolation == pytest.approx(4000 / 10)


def test_reach_is_the_geometric_mean_over_folds():
    rows = made(curve=list("aabbcc"), params=[1, 2, 2, 8, 1, 64], split=["train", "test"] * 3)
    of = task(rows)
    assert of.reach.compute == pytest.approx(8.0)  # of 2, 4 and 64
    assert of.reach.axes["params"].max_over_max == pytest.approx(8.0)


def test_an_axis_without_a_positive_ratio_in_every_fold_is_not_stated():
    rows = made(curve=list("aabb"), params=[1, 2, 1, 2], samples=[1.0, 10, 0, 10], split=["train", "test"] * 2)
    of = task(rows, variables=["params", "samples"])
    assert set(of.reach.axes) == {"params"}
    assert of.reach.compute is None and of.reach.far == pytest.approx(2.0)  # samples are what rows cost, and one costs nothing
    rows = made(params=[1, 2, 3], samples=[1.0, 0, 0], split=["train", "test", "test"])
    assert set(task(rows, variables=["params", "samples"], scale="params").reach.axes) == {"params"}


def test_shares_of_a_mixture_and_benchmark_results_have_no_axis():
    rows = made(params=[1, 2, 3], mix_web=[0.1, 0.2, 0.9], split=["train", "train", "test"])
    of = task(rows, variables=["params", "mix_web"])
    assert set(of.reach.axes) == {"params"} and of.reach.inside == 0.0


def test_what_a_mixture_alone_reaches_is_one():
    of = task(made(mix_web=[0.1, 0.2, 0.9], split=["train", "train", "test"]), variables=["mix_web"])
    assert of.reach.axes == {} and of.reach.compute is None and of.reach.far == 1.0


def test_folds_of_which_neither_runs_nor_costs_are_known_share_none_and_reach_along_their_scale():
    X, y = pd.DataFrame({"params": [1.0, 4.0]}), np.array([2.0, 1.0])
    reach = reach_of([Fold("made", X[:1], y[:1], X[1:], y[1:], np.ones(1, bool), np.ones(1))], "flops", {"params": AxisReach(4.0, 4.0)})
    assert (reach.compute, reach.far, reach.shared_runs) == (None, 4.0, 0.0)


def test_what_is_not_known_of_held_out_rows_puts_none_outside():
    rows = made(run=list("abcabc"), params=[1, 3, 2] * 2, metric=["accuracy"] * 3 + ["loss"] * 3, value=[0.1, 0.2, 0.3, 3.0, 2.0, 1.0])
    split = {"kind": "leave-group-out", "by": "run", "groups": ["c"]}
    asked = {"metric": "accuracy", "variables": ["params", "source_loss"], "inputs": {"source_loss": "loss"}, "split": split}
    assert task(rows, **asked).reach.inside == 0.0  # its loss lies below those of the training rows
    blind = task(rows, **asked, inputs_at_test=False).reach
    assert blind.inside == 1.0 and set(blind.axes) == {"params"}


def test_each_axis_states_its_farthest_and_its_median_row():
    rows = made(params=[1, 2, 6, 8, 20], tokens=[5.0, 9, 3, 3, 18], split=["train", "train", "test", "test", "test"])
    axes = task(rows, variables=["params", "tokens"]).reach.axes
    assert (axes["params"].max_over_max, axes["params"].median_over_max) == pytest.approx((10.0, 4.0))
    assert (axes["tokens"].max_over_max, axes["tokens"].median_over_max) == pytest.approx((2.0, 1 / 3))


def test_an_axis_that_falls_is_measured_downwards():
    rows = made(params=[1, 2, 6, 8], teacher_loss=[4.0, 3.0, 2.0, 1.0], split=["train", "train", "test", "test"])
    axis = task(rows, variables=["params", "teacher_loss"]).reach.axes["teacher_loss"]
    assert (axis.max_over_max, axis.median_over_max) == pytest.approx((3.0, 2.0))
    split = {"kind": "frontier", "variable": "params", "train_max": 5, "downwards": True}
    axis = task(made(params=[2, 4, 10, 20]), split=split).reach.axes["params"]
    assert (axis.max_over_max, axis.median_over_max) == pytest.approx((10 / 2, 10 / 3))


def test_far_is_the_compute_where_that_is_known():
    rows = made(params=[1, 2, 6, 8, 20], tokens=[5.0, 10, 20, 30, 40], split=["train", "train", "test", "test", "test"])
    of = task(rows, variables=["params", "tokens"], scale="params")
    assert of.reach.far == of.reach.compute == pytest.approx(8 * 30 / 20) and of.reach.basis == "params x tokens"
    assert of.along_scale.median_over_max == pytest.approx(4.0)


def reach_along(name, train, test):
    """Return how far a fold of these values of one variable reaches along it."""
    X, X_test = pd.DataFrame({name: np.array(train, float)}), pd.DataFrame({name: np.array(test, float)})
    fold = Fold("made", X, np.arange(len(X)), X_test, np.arange(len(X_test)), np.ones(len(X_test), bool), np.ones(len(X_test)))
    return reach_of([fold], "rows", {}).axes.get(name)


def test_an_axis_is_stated_only_where_both_its_ratios_are_numbers():
    assert reach_along("samples", [1, 2], [0, 4, 8]) == AxisReach(4.0, 2.0)
    assert reach_along("samples", [1, 2], [0, 0, 8]) is None  # the median is no multiple of 2
    assert reach_along("teacher_loss", [4, 3], [0, 1, 2]) is None  # nor is 3 one of 0
    assert reach_along("teacher_loss", [4, 3], [0.5, 0.75, 2]) == AxisReach(6.0, 4.0)


def test_where_no_cost_is_known_then_far_is_along_the_scale():
    rows = made(width=[1.0, 2, 10, 40, 50], split=["train", "train", "test", "test", "test"])
    of = task(rows, variables=["width"])
    assert of.reach.compute is None and of.reach.basis == "rows" and of.reach.far == pytest.approx(20.0)


def test_inside_counts_rows_in_the_box_of_the_training_rows_limits_included():
    rows = made(params=[2, 4, 2, 4, 3, 5, 1, 3], tokens=[2.0, 4, 4, 2, 5, 3, 3, 1], split=["train"] * 2 + ["test"] * 6)
    of = task(rows, variables=["params", "tokens"])
    assert of.reach.inside == pytest.approx(2 / 6)
    rows = made(params=[1, 3, 2, 5], split=["train", "train", "test", "test"])
    of = task(rows)
    assert of.reach.inside == pytest.approx(1 / 2)
    assert of.kind == "extrapolation"  # half is not more than half


HALVES = {"split": ["train", "train", "test", "test", "test"]}


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ({"params": [1, 2, 4, 5, 6], "tokens": [9.0, 9, 9, 9, 9]}, "extrapolation"),
        ({"params": [1, 2, 4, 5, 6], "tokens": [9.0, 9, 2, 2, 2]}, "within-budget"),  # larger, and still cheaper
        ({"params": [1, 2, 4, 6, 8], "tokens": [8.0, 8, 4, 2.75, 2]}, "extrapolation"),  # 6 x 2.75 is more than 2 x 8
        ({"params": [1, 2, 4, 4, 4], "tokens": [8.0, 8, 4, 4, 4]}, "extrapolation"),  # as much, but larger
        ({"params": [1, 2, 1, 1, 1], "tokens": [8.0, 8, 16, 16, 16]}, "within-budget"),  # as much, and not larger
    ],
)
def test_held_out_runs_of_an_extrapolation_cost_more_or_lie_beyond_at_no_less_cost(rows, kind):
    of = task(made(**rows, **HALVES), variables=["params", "tokens"], scale="params")
    assert of.reach.inside < 0.5 and of.kind == kind


def test_a_task_states_what_it_extrapolates():
    larger_and_cheaper = made(params=[1, 2, 4, 5, 6], tokens=[9.0, 9, 2, 2, 2], **HALVES)
    longer = made(params=[1, 2, 2, 2, 2], tokens=[8.0, 8, 16, 16, 16], **HALVES)
    assert task(larger_and_cheaper, variables=["params", "tokens"]).reach.beyond == ("params",)
    assert task(longer, variables=["params", "tokens"]).reach.beyond == ("compute", "tokens")


def test_a_task_that_is_given_a_result_of_the_held_out_runs_is_loss_to_loss():
    rows = made(run=list("abcabc"), params=[1, 3, 9] * 2, metric=["accuracy"] * 3 + ["loss"] * 3, value=[0.1, 0.2, 0.3, 3.0, 2.0, 1.0])
    split = {"kind": "frontier", "variable": "params", "train_max": 3}
    given = {"metric": "accuracy", "variables": ["params", "source_loss"], "inputs": {"source_loss": "loss"}, "split": split}
    assert task(rows, **given).kind == "loss-to-loss"
    assert task(rows, **given, inputs_at_test=False).kind == "extrapolation"


def test_more_than_half_inside_is_interpolation():
    rows = made(params=[1, 3, 2, 2, 4], split=["train", "train", "test", "test", "test"])
    assert task(rows).kind == "interpolation"
    most = made(params=[1, 3, *[2] * 13, *[4] * 12], split=["train"] * 2 + ["test"] * 25)
    assert task(most).reach.inside == 0.52 and task(most).kind == "interpolation"


def test_a_row_of_context_is_not_counted():
    columns = {"params": [1, 3, 2, 9], "split": ["train", "train", "test", "test"], "flag": ["", "", "interrupted", ""]}
    assert task(made(**columns), where={"context": ["interrupted"]}).reach.inside == 0.0
    later = {"run": ["a", "b", "a", "c"], "params": [1, 2, 1, 9], "tokens": [1.0, 1, 2, 1]}
    of = task(made(**{**columns, **later}), variables=["tokens", "params"], where={"context": ["interrupted"]})
    assert of.reach.shared_runs == 0.0 and of.reach.axes["params"].median_over_max == pytest.approx(4.5)
    assert of.reach.compute == pytest.approx(9 / 2)


def test_a_run_on_both_sides_makes_a_training_curve_unless_it_is_only_asked_more():
    rows = made(run=["a", "a", "b", "b"], params=[1, 1, 2, 2], samples=[1.0, 10, 1, 10], split=["train", "test", "train", ""])
    of = task(rows, variables=["samples"])
    assert of.reach.shared_runs == 1.0 and of.kind == "training-curve"
    assert task(rows, variables=["samples"], track="inference").kind == "extrapolation"
    assert task(rows, variables=["params"], track="inference").kind == "training-curve"


def test_runs_of_one_name_in_two_curves_are_two_unless_the_card_says_otherwise():
    columns = {"curve": ["x", "x", "y", "y"], "run": ["a", "b", "b", "c"], "params": [1, 9, 1, 9], "split": ["train", "test"] * 2}
    apart = made(**columns)
    assert task(apart, pooled=True).reach.shared_runs == 0.0
    card = load_card("chinchilla")
    shared = card.model_copy(update={"scalingbench": card.scalingbench.model_copy(update={"runs": "shared"})})
    assert task(Collection("chinchilla", apart.table, shared), pooled=True).reach.shared_runs == pytest.approx(1 / 2)
    assert task(Collection("chinchilla", apart.table, shared)).reach.shared_runs == 0.0  # folds are fitted apart


def test_a_group_left_out_makes_a_transfer():
    rows = made(curve=list("aabb"), params=[1, 2, 1, 2])
    assert task(rows, split={"kind": "leave-group-out"}).kind == "transfer"


def test_same_inputs_and_same_rows_are_counted_apart():
    rows = made(curve=list("aaaaa"), params=[1, 2, 1, 2, 3], value=[5.0, 4, 5, 3, 2], split=["train", "train", "test", "test", "test"])
    reach = task(rows).reach
    assert reach.same_inputs == pytest.approx(2 / 3) and reach.same_rows == pytest.approx(1 / 3)
    with_text = task(rows, variables=["run", "params"]).reach
    assert with_text.same_inputs == 0.0


def test_a_fold_says_which_rows_and_runs_of_the_table_it_holds():
    rows = made(run=["a", "b", "b", "c"], steps=[1.0, 1, 2, 3], params=[1, 1, 1, 9], split=["test", "train", "train", "test"])
    (fold,) = task(rows, variables=["steps"]).folds
    assert rows.table["value"].to_numpy()[fold.train_rows].tolist() == fold.y_train.tolist()
    assert rows.table["value"].to_numpy()[fold.test_rows].tolist() == fold.y_test.tolist()
    assert fold.train_runs.tolist() == rows.run_numbers[fold.train_rows].tolist() and len(set(fold.train_runs)) == 1


def test_rows_with_an_input_from_another_metric_are_still_those_of_the_table():
    rows = made(
        run=list("abcabc"),
        params=[1, 2, 9] * 2,
        metric=["accuracy"] * 3 + ["loss"] * 3,
        value=[0.1, 0.2, 0.3, 3.0, 2.0, 1.0],
    )
    split = {"kind": "frontier", "variable": "params", "train_max": 5}
    (fold,) = task(rows, metric="accuracy", variables=["source_loss"], inputs={"source_loss": "loss"}, split=split).folds
    table = rows.table
    assert (table["metric"].to_numpy()[fold.train_rows] == "accuracy").all()
    assert table["value"].to_numpy()[fold.train_rows].tolist() == fold.y_train.tolist()
