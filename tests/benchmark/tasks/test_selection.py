"""Every rule by which the rows of a collection become a task, on tables small enough to work out by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmark.data.card import load_card
from benchmark.data.collection import Collection, load_collection
from benchmark.data.schema import normalise
from benchmark.tasks.selection import build_tasks
from benchmark.tasks.task import TaskSpec
from scalingbench.common.errors import TaskError

ABOVE_5 = {"kind": "frontier", "variable": "params", "train_max": 5}
LADDER = {"kind": "ladder", "variable": "params"}
LEAVE_OUT = {"kind": "leave-group-out"}


def made(**columns):
    """Return a collection of these rows; the values count down from 9 unless they are given."""
    rows = len(next(iter(columns.values())))
    base = {"run": [f"r{i}" for i in range(1, rows + 1)], "value": 9.0 - np.arange(rows)}
    return Collection("chinchilla", normalise(pd.DataFrame({**base, **columns})), load_card("chinchilla"))


def spec(**changes):
    base = {"collection": "chinchilla", "metric": "loss", "track": "compute", "variables": ["params"], "split": ABOVE_5, "min_train": 1}
    return TaskSpec.model_validate({**base, **changes})


def built(collection, **changes):
    return build_tasks(spec(**changes), collection)


def only(collection, **changes):
    """Return the one task of an entry, and its one fold."""
    (task,) = built(collection, **changes)
    (fold,) = task.folds
    return task, fold


def trained(fold):
    return fold.y_train.tolist()


def held_out(fold):
    return fold.y_test.tolist()


# --- which rows take part --------------------------------------------------------------------------------------------


def test_a_flagged_row_takes_part_only_where_each_of_its_flags_is_admitted():
    rows = made(params=[1, 2, 3, 10, 11, 12], flag=["", "outlier", "outlier|diverged", "", "outlier", "copy-error"])
    _, plain = only(rows)
    assert (trained(plain), held_out(plain)) == ([9.0], [6.0])
    _, outliers = only(rows, where={"flags": ["outlier"]})
    assert (trained(outliers), held_out(outliers)) == ([9.0, 8.0], [6.0, 5.0])
    _, both = only(rows, where={"flags": ["outlier", "diverged"]})
    assert (trained(both), held_out(both)) == ([9.0, 8.0, 7.0], [6.0, 5.0])


def test_context_rows_are_handed_over_but_neither_trained_on_nor_scored():
    rows = made(params=[1, 2, 10, 11], flag=["", "duplicate", "duplicate", ""])
    task, fold = only(rows, where={"context": ["duplicate"]})
    assert trained(fold) == [9.0]
    assert held_out(fold) == [7.0, 6.0] and fold.scored.tolist() == [False, True]
    assert fold.X_test["params"].tolist() == [10.0, 11.0]
    assert (fold.n_scored, task.n_test, task.n_train) == (1, 1, 1)


def test_a_group_whose_held_out_rows_are_all_context_is_left_out():
    rows = made(curve=["a", "a", "b", "b"], params=[1, 10, 1, 10], flag=["", "", "", "duplicate"])
    task, fold = only(rows, where={"context": ["duplicate"]})
    assert fold.name == "a" and task.left_out == ("b",)


def test_context_rows_do_not_count_towards_the_least_number_of_training_rows():
    rows = made(curve=list("aaabbb"), params=[1, 2, 10] * 2, flag=["", "", "", "", "duplicate", ""])
    task, fold = only(rows, where={"context": ["duplicate"]}, min_train=2)
    assert fold.name == "a" and task.left_out == ("b",)


def test_rows_of_another_metric_or_without_a_value_or_an_input_take_no_part():
    rows = made(
        params=[1, 2, 3, 10, 11, np.nan],
        metric=["loss", "loss_c4", "loss", "loss", "loss", "loss"],
        value=[9.0, 8.0, np.nan, 6.0, 5.0, 4.0],
        flag=["", "", "missing", "", "", ""],
    )
    _, fold = only(rows, where={"flags": ["missing"]})
    assert (trained(fold), held_out(fold)) == ([9.0], [6.0, 5.0])


def test_curves_and_runs_are_chosen_by_patterns_any_of_which_may_match():
    rows = made(curve=["a1", "a1", "a2", "a2", "b", "b"], run=["x1", "x2", "x3", "y4", "x5", "x6"], params=[1, 10] * 3)
    (task,) = built(rows, where={"curves": ["a*"]})
    assert [f.name for f in task.folds] == ["a1", "a2"]
    (task,) = built(rows, where={"curves": ["a1", "b"]})
    assert [f.name for f in task.folds] == ["a1", "b"]
    (task,) = built(rows, where={"runs": ["x*"]})
    assert [f.name for f in task.folds] == ["a1", "b"] and task.left_out == ("a2",)
    (task,) = built(rows, where={"curves": ["A1", "b"]})  # patterns tell capital letters apart
    assert [f.name for f in task.folds] == ["b"]


def test_limits_are_inclusive_on_both_sides():
    rows = made(params=[1, 2, 3, 10, 11, 12], tokens=[5.0, 6.0, 7.0, 8.0, 9.0, np.nan])
    _, fold = only(rows, where={"between": {"params": [2, 11]}})
    assert (trained(fold), held_out(fold)) == ([8.0, 7.0], [6.0, 5.0])
    _, fold = only(rows, where={"value": [5, 8]})
    assert (trained(fold), held_out(fold)) == ([8.0, 7.0], [6.0, 5.0])
    _, fold = only(rows, where={"between": {"params": [2, None]}})
    assert (trained(fold), held_out(fold)) == ([8.0, 7.0], [6.0, 5.0, 4.0])
    _, fold = only(rows, where={"between": {"params": [None, 11]}})
    assert (trained(fold), held_out(fold)) == ([9.0, 8.0, 7.0], [6.0, 5.0])
    _, fold = only(rows, where={"between": {"tokens": [None, None]}})  # no limit, but there must be a value
    assert (trained(fold), held_out(fold)) == ([9.0, 8.0, 7.0], [6.0, 5.0])


def test_a_limit_may_be_put_on_a_ratio():
    rows = made(params=[1, 2, 10, 20], tokens=[20.0, 20.0, 200.0, 200.0])
    _, fold = only(rows, where={"between": {"tokens/params": [20, None]}})
    assert (trained(fold), held_out(fold)) == ([9.0], [7.0])


def test_a_limit_may_be_put_on_a_product_and_on_the_cost():
    rows = made(params=[1, 2, 3, 10], tokens=[6.0, 2, 1, 9])
    _, fold = only(rows, where={"between": {"params*tokens": [4, None]}})
    assert trained(fold) == [9.0, 8.0]
    assert trained(only(rows, where={"between": {"cost": [None, 89]}, "curves": ["*"]}, split={**ABOVE_5, "train_max": 2})[1]) == [9.0, 8.0]
    dear = made(params=[1, 2, 3, 10], tokens=[6.0, 2, 1, 9], flops=[5.0, 5, 1, 5])
    assert trained(only(dear, where={"between": {"cost": [5, None]}})[1]) == [9.0, 8.0]


def test_the_scale_may_be_a_ratio_that_no_variable_is():
    rows = made(params=[1, 1, 1, 1], tokens=[2.0, 4, 8, 24])
    split = {"kind": "frontier", "variable": "tokens/params", "train_max": 5}
    task, fold = only(rows, split=split, variables=["params", "tokens"])
    assert trained(fold) == [9.0, 8.0] and task.extrapolation == pytest.approx(24 / 4)
    assert task.reach.axes["tokens/params"].median_over_max == pytest.approx(16 / 4)


def test_an_exact_value_may_be_asked_for_or_its_absence():
    rows = made(params=[1, 2, 10, 20], seed=[0.0, np.nan, 0.0, np.nan], bits=[8.0, 8.0, 8.0, 16.0])
    _, fold = only(rows, where={"equals": {"seed": 0}})
    assert (trained(fold), held_out(fold)) == ([9.0], [7.0])
    _, fold = only(rows, where={"equals": {"seed": None}})
    assert (trained(fold), held_out(fold)) == ([8.0], [6.0])
    with pytest.raises(TaskError, match="leaves no rows"):
        only(rows, where={"equals": {"seed": None, "bits": 4}})


def test_the_last_row_of_each_run_of_each_curve_may_be_asked_for():
    rows = made(
        curve=["a", "a", "a", "a", "b", "b", "b"],
        run=["r1", "r1", "r2", "r2", "r1", "r2", "r2"],
        params=[1, 1, 10, 10, 1, 10, 10],
        steps=[1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 5.0],
    )
    (task,) = built(rows, where={"final": "steps"})
    a, b = task.folds
    assert (trained(a), held_out(a)) == ([8.0], [6.0])
    assert (trained(b), held_out(b)) == ([5.0], [3.0])  # its r1 ends earlier than that of a


# --- inputs that are another metric ----------------------------------------------------------------------------------


def joined(**columns):
    """Return five runs with a loss and, in the same order, what `columns` say of another loss."""
    runs = ["r1", "r2", "r3", "r4", "r5"]
    loss = pd.DataFrame({"run": runs, "params": [1.0, 2, 3, 10, 11], "metric": "loss", "value": [9.0, 8, 7, 6, 5], "curve": "all"})
    other = loss.assign(metric="loss_c4", value=[4.9, 4.8, 4.7, 4.6, 4.5]).assign(**columns)
    return Collection("chinchilla", normalise(pd.concat([loss, other])), load_card("chinchilla"))


JOIN = {"variables": ["params", "source_loss"], "inputs": {"source_loss": "loss_c4"}}


def test_another_metric_of_the_same_run_at_the_same_point_becomes_an_input():
    _, fold = only(joined(), **JOIN)
    assert fold.X_train["source_loss"].tolist() == [4.9, 4.8, 4.7] and fold.X_test["source_loss"].tolist() == [4.6, 4.5]
    assert trained(fold) == [9.0, 8.0, 7.0] and list(fold.X_train) == ["params", "source_loss"]


def test_a_row_whose_input_was_not_measured_at_its_point_or_is_flagged_takes_no_part():
    _, fold = only(joined(params=[1.0, 2.5, 3, 10, 11]), **JOIN)
    assert trained(fold) == [9.0, 7.0]
    _, fold = only(joined(run=["r1", "r2", "r3", "r4", "r9"]), **JOIN)
    assert held_out(fold) == [6.0]
    _, fold = only(joined(curve=["all", "all", "b", "all", "all"]), **JOIN)
    assert trained(fold) == [9.0, 8.0]
    _, fold = only(joined(flag=["outlier", "", "", "", ""]), **JOIN)
    assert trained(fold) == [8.0, 7.0]


def corpora(**changes):
    """Return runs of the same sizes trained on two corpora, in curves of their own."""
    columns = {
        "curve": ["c4", "c4", "c4", "pile", "pile", "pile", "pile"],
        "params": [1, 2, 9, 1, 2, 9, 3],
        "tokens": [5.0, 5, 5, 5, 5, 5, 5],
        "value": [3.0, 2.5, 2.0, 3.3, 2.7, 2.1, 2.6],
    }
    return made(**{**columns, **changes})


FROM_C4 = {"variables": ["source_loss"], "inputs": {"source_loss": {"metric": "loss", "curve": "c4", "by": ["params", "tokens"]}}}


def test_a_run_of_another_curve_that_matches_becomes_an_input():
    _, fold = only(corpora(), **FROM_C4)
    assert fold.name == "pile"
    assert list(zip(fold.X_train["source_loss"], fold.y_train, strict=True)) == [(3.0, 3.3), (2.5, 2.7)]
    assert list(zip(fold.X_test["source_loss"], fold.y_test, strict=True)) == [(2.0, 2.1)]
    table = corpora().table
    assert (table["curve"].to_numpy()[fold.train_rows] == "pile").all()


def test_no_row_is_its_own_input():
    pooled = only(corpora(), **FROM_C4, pooled=True)[1]
    assert len(pooled.y_train) == 2  # those of the curve it is taken from would hold what is asked
    columns = {"metric": ["loss_a"] * 3 + ["loss_b"] * 4, "curve": ["c4"] * 7, "run": list("abcabcd")}
    _, other = only(
        corpora(**columns), **{**FROM_C4, "inputs": {"source_loss": {"metric": "loss_a", "curve": "c4", "by": ["run"]}}}, metric="loss_b"
    )
    assert trained(other) == [3.3, 2.7] and other.X_train["source_loss"].tolist() == [3.0, 2.5]


def test_a_flagged_row_of_the_other_curve_is_no_input():
    _, fold = only(corpora(flag=["outlier", "", "", "", "", "", ""]), **FROM_C4)
    assert fold.X_train["source_loss"].tolist() == [2.5]


def test_a_row_of_the_other_curve_without_the_keys_is_no_input():
    lacking = corpora(tokens=[np.nan, 5.0, 5.0, np.nan, 5.0, 5.0, 5.0])
    _, fold = only(lacking, **FROM_C4)
    assert fold.X_train["source_loss"].tolist() == [2.5]  # nothing is known to be the same where both are missing


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"curve": "c5"}, "inputs: 'source_loss': curve 'c5' has no 'loss' with params, tokens"),
        ({"metric": "loss_x"}, "the collection has no metric 'loss_x'"),
        ({"by": ["width"]}, "inputs: 'source_loss': the collection has no variable 'width'"),
        ({"by": ["tokens"]}, "inputs: 'source_loss': curve 'c4' has several 'loss' at tokens 5.0; name more in 'by'"),
    ],
)
def test_an_input_of_another_curve_that_cannot_be_found_is_named_with_the_reason(source, message):
    inputs = {"source_loss": {**FROM_C4["inputs"]["source_loss"], **source}}
    with pytest.raises(TaskError, match=message):
        built(corpora(), **{**FROM_C4, "inputs": inputs})


def test_seeds_are_joined_with_their_own():
    loss = pd.DataFrame({"run": "r", "seed": [0.0, 1, 0, 1], "params": [1.0, 1, 10, 10], "metric": "loss", "value": [9.0, 8, 7, 6]})
    other = loss.assign(metric="loss_c4", value=[4.9, 4.8, 4.7, 4.6])
    _, fold = only(Collection("chinchilla", normalise(pd.concat([loss, other])), load_card("chinchilla")), **JOIN)
    assert dict(zip(fold.y_train, fold.X_train["source_loss"], strict=True)) == {9.0: 4.9, 8.0: 4.8}
    assert dict(zip(fold.y_test, fold.X_test["source_loss"], strict=True)) == {7.0: 4.7, 6.0: 4.6}


def test_a_point_measured_twice_is_joined_once():
    rows = joined()
    twice = pd.concat([rows.table, rows.table[rows.table["metric"] == "loss_c4"].assign(value=4.0)])
    _, fold = only(Collection("chinchilla", normalise(twice), rows.card), **JOIN)
    assert len(fold.y_train) == 3 and len(fold.y_test) == 2


def test_what_is_not_known_before_a_run_is_missing_on_held_out_rows_only():
    _, fold = only(joined(), **JOIN, inputs_at_test=False)
    assert fold.X_train["source_loss"].tolist() == [4.9, 4.8, 4.7] and fold.X_test["source_loss"].isna().all()
    assert fold.X_test["params"].tolist() == [10.0, 11.0]


# --- groups ----------------------------------------------------------------------------------------------------------


def test_each_curve_is_a_fold_of_its_own_in_the_order_of_names():
    (task,) = built(made(curve=["b", "b", "a", "a"], params=[1, 10, 1, 10]))
    assert [(f.name, trained(f), held_out(f)) for f in task.folds] == [("a", [7.0], [6.0]), ("b", [9.0], [8.0])]


def test_the_order_of_folds_does_not_depend_on_the_order_of_rows():
    rows = made(curve=["b", "b", "a", "a", "c", "c"], params=[1, 10] * 3)
    (task,) = built(Collection("chinchilla", rows.table.iloc[::-1], rows.card))
    assert [f.name for f in task.folds] == ["a", "b", "c"]


def test_groups_that_are_left_out_are_named_in_their_order():
    rows = made(curve=list("fedcbaazz"), params=[1, 1, 1, 1, 1, 1, 2, 1, 10])
    (task,) = built(rows)
    assert task.left_out == ("a", "b", "c", "d", "e", "f")


def test_a_collection_is_loaded_by_its_name():
    split = {"kind": "frontier", "variable": "flops", "train_max": 3e20}
    entry = spec(collection="distillation_apple", variables=["params", "tokens"], split=split)
    (task,) = build_tasks(entry)
    (same,) = build_tasks(entry, load_collection("distillation_apple"))
    assert task.fingerprint == same.fingerprint and task.n_train == 284


def test_pooled_curves_are_one_fold():
    _, fold = only(made(curve=["b", "b", "a", "a"], params=[1, 10, 1, 10]), pooled=True, variables=["params", "curve"])
    assert fold.name == "all" and fold.X_train["curve"].tolist() == ["a", "b"] and sorted(held_out(fold)) == [6.0, 8.0]


def test_shared_curves_join_every_other_and_make_no_fold_of_their_own():
    rows = made(curve=["dense", "dense", "x", "x", "y", "y"], params=[1, 10] * 3)
    (task,) = built(rows, shared=["den*"])
    assert [f.name for f in task.folds] == ["x", "y"]
    assert [sorted(trained(f)) for f in task.folds] == [[7.0, 9.0], [5.0, 9.0]]
    assert [sorted(held_out(f)) for f in task.folds] == [[6.0, 8.0], [4.0, 8.0]]
    (task,) = built(rows, shared=["den*"], where={"curves": ["x"]})  # a choice of curves does not drop them
    assert [sorted(trained(f)) for f in task.folds] == [[7.0, 9.0]]
    (task,) = built(rows, shared=["den*"], where={"runs": ["r1", "r4"]}, split={"kind": "leave-group-out"})
    assert task.n_train == 2  # a choice of runs does
    named = made(curve=["dense", "x", "x"], run=["dense-1", "r2", "r3"], params=[1, 1, 10])
    (task,) = built(named, shared=["dense*"], where={"runs": ["r*"]})  # patterns of shared curves are no patterns of runs
    assert task.n_train == 1
    with pytest.raises(TaskError, match="shared: every curve is"):
        built(rows, shared=["*"])


def test_a_group_needs_as_many_training_rows_as_the_entry_says():
    rows = made(curve=list("aaabbbb"), params=[1, 2, 10, 1, 2, 3, 10])
    (task,) = built(rows, min_train=2)
    assert [f.name for f in task.folds] == ["a", "b"] and task.left_out == ()
    (task,) = built(rows, min_train=3)
    assert [f.name for f in task.folds] == ["b"] and task.left_out == ("a",)
    with pytest.raises(TaskError, match="no group has 4 training rows and a held-out one"):
        built(rows, min_train=4)


def test_three_training_rows_are_the_default():
    assert TaskSpec.model_validate({k: v for k, v in spec().model_dump().items() if k != "min_train"}).min_train == 3


def test_leave_group_out_names_its_folds_by_what_each_holds_out():
    rows = made(curve=list("aabbc"), params=[1, 2, 3, 4, 5], bits=[4.0, 8, 4, 8, 16])
    (task,) = built(rows, split=LEAVE_OUT)
    assert task.id == "chinchilla/loss/leave-curve-out"
    assert [(f.name, trained(f), held_out(f)) for f in task.folds] == [
        ("a", [7.0, 6.0, 5.0], [9.0, 8.0]),
        ("b", [9.0, 8.0, 5.0], [7.0, 6.0]),
        ("c", [9.0, 8.0, 7.0, 6.0], [5.0]),
    ]
    (task,) = built(rows, split={**LEAVE_OUT, "by": "bits", "groups": ["8.0", "16.0"]})
    assert [(f.name, held_out(f)) for f in task.folds] == [("8.0", [8.0, 6.0]), ("16.0", [5.0])]


def test_whole_families_may_be_left_out_as_the_card_states_them():
    rows = made(curve=["a/base", "a/base", "a/chat", "b/base", "c"], params=[1, 2, 3, 4, 5])
    card = rows.card
    facts = card.scalingbench.model_copy(update={"families": {"a": ("a/*",), "b": ("b/*",)}})
    told = Collection("chinchilla", rows.table, card.model_copy(update={"scalingbench": facts}))
    (task,) = built(told, split={**LEAVE_OUT, "by": "family"})
    assert [(f.name, len(f.y_test)) for f in task.folds] == [("a", 3), ("b", 1), ("c", 1)]
    assert task.id == "chinchilla/loss/leave-family-out"
    (untold,) = built(rows, split={**LEAVE_OUT, "by": "family"})
    assert [f.name for f in untold.folds] == ["a/base", "a/chat", "b/base", "c"]


# --- ladders and weights ---------------------------------------------------------------------------------------------


def test_a_ladder_is_a_task_per_rung_in_their_order_and_shares_its_weight():
    tasks = built(made(params=np.geomspace(1, 2**11, 12)), split={**LADDER, "first": 9}, weight=6.0)
    assert [t.id for t in tasks] == [f"chinchilla/loss/ladder-params-first9-k{k}" for k in (9, 10, 11)]
    assert [t.weight for t in tasks] == [2.0, 2.0, 2.0]
    assert [(t.n_train, t.n_test) for t in tasks] == [(9, 3), (10, 2), (11, 1)]


def test_a_task_without_weight_is_shown_and_any_other_counts():
    rows = made(params=[1, 10])
    assert [only(rows, weight=weight)[0].role for weight in (0.0, 0.5)] == ["shown", "counted"]


def test_one_task_keeps_the_whole_weight_however_many_folds_it_has():
    (task,) = built(made(curve=list("aabb"), params=[1, 10, 1, 10]), weight=1.5)
    assert task.weight == 1.5 and len(task.folds) == 2


def test_folds_of_one_rung_number_make_one_task():
    rows = made(curve=list("aaabbb"), params=[1, 2, 3, 10, 20, 30])
    tasks = built(rows, split={**LADDER, "first": 1})
    assert [(t.id[-2:], len(t.folds), t.weight) for t in tasks] == [("k1", 2, 0.5), ("k2", 2, 0.5)]


def test_a_ladder_without_a_rung_to_predict_is_refused():
    with pytest.raises(TaskError, match="no curve has more rungs than the ladder trains on"):
        built(made(params=[1, 2]), split={**LADDER, "first": 2})


# --- how far, and at what cost ---------------------------------------------------------------------------------------


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
        with pytest.raises(TaskError, match="scale: along 'samples' held-out rows are no finite multiple"):
            reach("samples", *values)
    for values in [(-2, 1), (1, 3, -2, 1), (1, 0)]:
        with pytest.raises(TaskError, match="scale: along 'date' held-out rows are no finite multiple"):
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
    with pytest.raises(TaskError, match="no row costs anything"):
        built(made(samples=[0.0, 0.0, 0.0], params=[1, 2, 10]))  # samples come before params as what a row costs


# --- what a fold holds -----------------------------------------------------------------------------------------------


def test_a_fold_holds_the_entrys_variables_and_nothing_else():
    _, fold = only(made(params=[1, 2, 10], tokens=[1.0, 2, 3]), variables=["tokens", "params", "run"])
    assert list(fold.X_train) == list(fold.X_test) == ["tokens", "params", "run"]
    assert fold.X_train.index.tolist() == [0, 1] and fold.X_test.index.tolist() == [0]


def test_the_fingerprint_tells_what_is_scored_and_what_is_read_apart():
    rows = made(params=[1, 2, 10, 11], tokens=[1.0, 2, 10, 11], flag=["", "", "", "outlier"])
    prints = {
        only(rows, where={"flags": ["outlier"]})[0].fingerprint,
        only(rows, where={"context": ["outlier"]})[0].fingerprint,
        only(rows)[0].fingerprint,
        only(rows, variables=["tokens"])[0].fingerprint,
        only(rows, variables=["run", "params"])[0].fingerprint,
        only(rows, split={**ABOVE_5, "name": "other"})[0].fingerprint,
        only(made(curve=["b"] * 4, params=[1, 2, 10, 11], flag=["", "", "", "outlier"]))[0].fingerprint,
    }
    assert len(prints) == 7


# --- entries that cannot be built ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "loss_c4"}, "no metric 'loss_c4'"),
        ({"variables": ["params", "source_loss"], "inputs": {"source_loss": "loss_c4"}}, "no metric 'loss_c4'"),
        ({"inputs": {"params": "loss"}}, "inputs: 'params' is a variable of the collection itself"),
        ({"variables": ["tokens"]}, "no variable 'tokens'"),
        ({"scale": "tokens"}, "no variable 'tokens'"),
        ({"where": {"final": "tokens"}}, "no variable 'tokens'"),
        ({"where": {"between": {"params/tokens": [1, 2]}}}, "no variable 'tokens'"),
        ({"where": {"equals": {"seed": 1}}}, "no variable 'seed'"),
        ({"split": {**ABOVE_5, "variable": "tokens"}}, "no variable 'tokens'"),
        ({"split": {**ABOVE_5, "variable": "bits"}}, "rows without a value of 'bits' belong to neither side"),
        ({"split": {**LEAVE_OUT, "by": "nope"}}, "no column 'nope'"),
        ({"split": {**LEAVE_OUT, "groups": ["zzz"]}}, "'curve' is nowhere 'zzz'"),
        ({"where": {"curves": ["nope"]}}, "the filter leaves no rows"),
        ({"split": {**ABOVE_5, "train_max": 0.5}}, "no group has 1 training rows and a held-out one"),
        ({"split": {**ABOVE_5, "train_max": 50}}, "no group has 1 training rows and a held-out one"),
    ],
)
def test_an_entry_that_cannot_be_built_is_named_with_the_reason(changes, message):
    rows = made(params=[1, 2, 10], bits=[4.0, np.nan, 8.0])
    with pytest.raises(TaskError, match=r"^task chinchilla/") as caught:
        built(rows, **changes)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variables": ["parms"]}, "'parms' is not registered"),
        ({"variables": ["mix_"]}, "'mix_' is not registered"),
        ({"variables": ["params", "params"]}, "'params' is there twice"),
        ({"variables": []}, "variables"),
        ({"inputs": {"source_loss": "loss_c4"}}, "'source_loss' is not among the variables"),
        ({"inputs": {"run": "loss_c4"}, "variables": ["run"]}, "'run' is not registered"),
        ({"scale": "curve"}, "'curve' is not registered"),
        ({"where": {"final": "run"}}, "'run' is not registered"),
        ({"where": {"between": {"params/tokens/flops": [1, 2]}}}, "'params/tokens/flops' has more than one operation"),
        ({"where": {"between": {"params/": [1, 2]}}}, "'' is not registered"),
        ({"where": {"between": {"params*tokens/flops": [1, 2]}}}, "has more than one operation"),
        ({"where": {"between": {"cost/params": [1, 2]}}}, "'cost' is not registered"),
        ({**FROM_C4, "inputs": {"source_loss": {"metric": "loss", "curve": "c4", "by": ["curve"]}}}, "'curve' is not registered"),
        ({**FROM_C4, "inputs": {"source_loss": {"metric": "loss", "curve": "c4", "by": []}}}, "by"),
        ({**FROM_C4, "inputs": {"source_loss": {"metric": "loss", "by": ["run"]}}}, "curve"),
        ({"where": {"final": "tokens/params"}}, "'tokens/params' is not registered"),
        ({"scale": "tokens/"}, "'' is not registered"),
        ({"where": {"between": {"curve": [1, 2]}}}, "'curve' is not registered"),
        ({"where": {"between": {"params": [1, float("inf")]}}}, "finite"),
        ({"where": {"equals": {"flag": 1}}}, "'flag' is not registered"),
        ({"where": {"flags": ["odd"]}}, "'odd' is no flag"),
        ({"where": {"context": ["odd"]}}, "'odd' is no flag"),
        ({"weight": -1}, "weight"),
        ({"weight": float("inf")}, "weight"),
        ({"weight": float("nan")}, "weight"),
        ({"min_train": 0}, "min_train"),
        ({"duplicates": "porian"}, "give this task weight 0"),
        ({"split": {**ABOVE_5, "name": "../x"}}, "split.frontier.name"),
    ],
)
def test_a_malformed_entry_is_refused_with_the_field(changes, message):
    with pytest.raises(ValueError, match="validation error") as caught:
        spec(**changes)
    assert message in str(caught.value)
