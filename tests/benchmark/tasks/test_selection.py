"""Every rule by which the rows of a collection become a task, on tables small enough to work out by hand."""

import numpy as np
import pytest
from made import ABOVE_5, FROM_C4, LADDER, LEAVE_OUT, built, held_out, made, only, spec, trained

from scalingbench.benchmark.data.collection import Collection, load_collection
from scalingbench.benchmark.tasks.selection import build_tasks
from scalingbench.benchmark.tasks.task import TaskSpec
from scalingbench.common.errors import TaskError

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
