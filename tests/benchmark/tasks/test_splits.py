import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from scalingbench.benchmark.tasks.splits import Published, Split, row_cost, run_cost, rungs
from scalingbench.common.errors import TaskError
from scalingbench.common.variables import VARIABLES

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


def one(values, variable="flops", **spec):
    """Return the masks of the one part of a split of rows with these values."""
    rows = pd.DataFrame({"run": [str(i) for i in range(len(values))], variable: np.asarray(values, float)})
    (part,) = TypeAdapter(Split).validate_python({"variable": variable, **spec}).parts(rows)
    return part.train.tolist(), part.test.tolist()


def test_a_row_at_the_limit_of_a_frontier_is_trained_on():
    assert one([1, 4, 4.0001], kind="frontier", train_max=4) == ([True, True, False], [False, False, True])


def test_a_row_at_the_lower_end_of_what_is_tested_is_held_out():
    assert one([4, 5, 16, 17], kind="frontier", train_max=4, test_min=16) == ([True, False, False, False], [False, False, True, True])


def test_a_frontier_downwards_trains_at_or_above_its_limit():
    assert one([3, 4, 5], kind="frontier", train_max=4, downwards=True) == ([False, True, True], [True, False, False])


def test_a_relative_frontier_is_a_share_of_the_largest_value():
    assert one([10, 50, 51, 100], kind="frontier", train_max=0.5, relative=True) == ([True, True, False, False], [False, False, True, True])


def test_a_frontier_names_itself_by_its_limit():
    def name(**spec):
        return TypeAdapter(Split).validate_python({"kind": "frontier", "variable": "flops", **spec}).label()

    assert name(train_max=1e21) == "frontier-flops-1e21"
    assert name(train_max=1.5e21) == "frontier-flops-1.5e21"
    assert name(train_max=1e6) == "frontier-flops-1e06"
    assert name(train_max=999_999) == "frontier-flops-999999"
    assert name(train_max=0.25, relative=True) == "frontier-flops-25pct"
    assert name(train_max=1, name="mine") == "mine"


def test_a_relative_frontier_with_a_gap_holds_out_from_a_share_of_the_largest_value_on():
    train, test = one([1, 9, 10, 11, 49, 50, 100], kind="frontier", train_max=0.1, test_min=0.5, relative=True)
    assert train == [True] * 3 + [False] * 4 and test == [False] * 5 + [True] * 2


RATIO = pd.DataFrame({"run": list("abc"), "params": [1.0, 2.0, 3.0], "tokens": [20.0, 20.0, 90.0], "flops": [9.0, 1.0, 5.0]})


@pytest.mark.parametrize(
    ("variable", "train"),
    [("tokens/params", [True, True, False]), ("params*tokens", [True, False, False]), ("cost", [False, True, True])],
)
def test_a_frontier_may_run_along_a_ratio_a_product_or_the_cost(variable, train):
    limit = {"tokens/params": 20, "params*tokens": 20, "cost": 5}[variable]
    (part,) = TypeAdapter(Split).validate_python({"kind": "frontier", "variable": variable, "train_max": limit}).parts(RATIO)
    assert part.train.tolist() == train and (part.test == ~part.train).all()


def test_a_ladder_may_run_along_a_ratio_and_along_a_cost_that_is_told():
    ladder = {"kind": "ladder", "first": 1, "last": 1}
    (part,) = TypeAdapter(Split).validate_python({**ladder, "variable": "tokens/params"}).parts(RATIO)
    assert part.train.tolist() == [False, True, False]
    (part,) = TypeAdapter(Split).validate_python({**ladder, "variable": "cost"}).parts(RATIO, np.array([3.0, 2.0, 1.0]))
    assert part.train.tolist() == [False, False, True]


def test_a_budget_is_spent_in_the_cost_that_is_told():
    (part,) = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.6}).parts(RATIO, np.array([1.0, 2.0, 3.0]))
    assert part.train.tolist() == [True, True, False]


def test_names_say_every_field_and_every_digit():
    def name(**spec):
        return TypeAdapter(Split).validate_python(spec).label()

    def frontier(**spec):
        return name(kind="frontier", **{"variable": "flops", **spec})

    assert frontier(train_max=0.1) == "frontier-flops-0.1" and frontier(train_max=0.3) == "frontier-flops-0.3"
    assert frontier(train_max=5.76) == "frontier-flops-5.76" and frontier(train_max=1234567) == "frontier-flops-1234567"
    assert frontier(train_max=1.2345e21) == "frontier-flops-1.2345e21"
    assert frontier(train_max=4, test_min=40) == "frontier-flops-4-from-40"
    assert frontier(train_max=0.01, test_min=0.5, relative=True) == "frontier-flops-1pct-from-50pct"
    assert frontier(train_max=4, downwards=True) == "frontier-flops-4-down"
    assert frontier(train_max=20, variable="tokens/params") == "frontier-tokens-per-params-20"
    assert frontier(train_max=20, variable="params*tokens") == "frontier-params-times-tokens-20"
    assert name(kind="ladder", variable="params", first=5, last=8) == "ladder-params-first5-last8"
    assert name(kind="ladder", variable="params", horizon=1, tolerance=0) == "ladder-params-ahead1-within0pct"
    assert name(kind="budget", share=0.07) == "budget-7pct" and name(kind="budget", share=0.123456789) == "budget-12.3456789pct"
    groups = [name(kind="leave-group-out", groups=g) for g in (["a"], ["b"], ["a", "b"], ["ab"])]
    assert len({*groups, "leave-curve-out"}) == 5 and all(g.startswith("leave-curve-out-") for g in groups)


LIMITS = st.floats(1e-12, 1e30, exclude_min=True)
FRONTIERS = st.fixed_dictionaries(
    {
        "kind": st.just("frontier"),
        "variable": st.sampled_from([*VARIABLES, "cost", "tokens/params", "params/tokens", "params*tokens"]),
        "train_max": LIMITS | st.sampled_from([0.1, 0.3, 1.0, 10.0, 1e6, 1e21]),
        "test_min": st.none() | LIMITS,
        "relative": st.booleans(),
        "downwards": st.booleans(),
    }
)
LADDERS = st.fixed_dictionaries(
    {
        "kind": st.just("ladder"),
        "variable": st.sampled_from(["params", "cost", "tokens/params"]),
        "first": st.integers(1, 12),
        "last": st.none() | st.integers(1, 12),
        "horizon": st.none() | st.integers(1, 12),
        "tolerance": st.sampled_from([0.0, 0.01, 0.05, 0.1]),
    }
)
BUDGETS = st.fixed_dictionaries({"kind": st.just("budget"), "share": st.floats(1e-9, 1, exclude_max=True)})


def read(spec):
    """Return a split, or None where its fields exclude each other."""
    try:
        return TypeAdapter(Split).validate_python(spec)
    except ValueError:
        return None


@given(st.lists(FRONTIERS | LADDERS | BUDGETS, min_size=2, max_size=12))
def test_splits_that_differ_have_names_that_differ(specs):
    splits = {split for spec in specs if (split := read(spec)) is not None}
    assert len({split.label() for split in splits}) == len(splits)


def test_names_of_the_other_splits():
    def name(**spec):
        return TypeAdapter(Split).validate_python(spec).label()

    assert name(kind="published") == "published"
    assert name(kind="ladder", variable="params") == "ladder-params"
    assert name(kind="budget", share=0.1) == "budget-10pct" and name(kind="budget", share=0.025) == "budget-2.5pct"
    assert name(kind="leave-group-out") == "leave-curve-out" and name(kind="leave-group-out", by="run") == "leave-run-out"


def test_a_rung_reaches_from_one_value_to_the_next_within_the_tolerance():
    assert rungs(np.array([1.0, 1.009, 1.018, 2.0]), 0.01).tolist() == [0, 0, 0, 1]  # each is near the one below it
    assert rungs(np.array([100.0, 101.0, 102.1]), 0.01).tolist() == [0, 0, 1]  # exactly 1 % above is still the same rung
    assert rungs(np.array([5.0, 1.0, 5.0, 3.0]), 0.0).tolist() == [2, 0, 2, 1]  # in the order of the rows


def test_a_ladder_trains_on_three_rungs_at_least_and_tolerates_a_hundredth():
    steps = parts(kind="ladder", variable="params")
    assert [p.name for p in steps] == ["k3"] and steps[0].train.sum() == 5

    def rung_count(gap, **spec):
        return (
            len(
                list(
                    TypeAdapter(Split)
                    .validate_python({"kind": "ladder", "variable": "params", "first": 1, **spec})
                    .parts(pd.DataFrame({"params": [1.0, 1.0 + gap, 10.0]}))
                )
            )
            + 1
        )

    assert (rung_count(0.0099), rung_count(0.0101)) == (2, 3)
    assert (rung_count(0.4, tolerance=0.5), rung_count(0.0099, tolerance=0)) == (2, 3)


def test_a_ladder_ends_at_its_last_rung_number_or_one_below_the_top():
    def names(**spec):
        return [p.name for p in parts(kind="ladder", variable="flops", **spec)]

    assert names(first=1) == ["k1", "k2", "k3", "k4", "k5"]
    assert names(first=1, last=1) == ["k1"]
    assert names(first=1, last=2) == ["k1", "k2"]
    assert names(first=2, last=2) == ["k2"]
    assert names(first=3, last=99) == ["k3", "k4", "k5"]
    assert names(first=6) == []


def test_a_ladder_trains_below_the_rung_and_tests_from_it():
    (part,) = parts(kind="ladder", variable="flops", first=2, last=2)
    assert part.train.tolist() == [True, True] + [False] * 4 and part.test.tolist() == [False, False] + [True] * 4
    (part,) = parts(kind="ladder", variable="flops", first=2, last=2, horizon=2)
    assert part.test.tolist() == [False, False, True, True, False, False]


def test_a_budget_that_is_spent_to_the_last_is_kept():
    rows = pd.DataFrame({"run": list("abcd"), "flops": [1.0, 2.0, 3.0, 6.0]})
    (part,) = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.5}).parts(rows)
    assert part.train.tolist() == [True, True, True, False] and part.test.tolist() == [False, False, False, True]
    (part,) = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.49}).parts(rows)
    assert part.train.tolist() == [True, True, False, False]


def test_a_budget_is_spent_on_the_cheapest_first_whatever_the_order_of_rows():
    rows = pd.DataFrame({"run": list("abcd"), "flops": [6.0, 3.0, 2.0, 1.0]})
    (part,) = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.3}).parts(rows)
    assert part.train.tolist() == [False, False, True, True]


def test_runs_of_one_cost_are_taken_in_the_order_of_their_names():
    rows = pd.DataFrame({"run": [f"r{i:02}" for i in range(100)], "flops": [3.0, 2.0, 1.0, 2.0] * 25})
    (part,) = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.25}).parts(rows)
    assert part.train.tolist() == [i % 4 == 2 or (i % 2 == 1 and i < 25) for i in range(100)]  # 25 of cost 1, 12 of 50 of cost 2


def test_a_run_with_checkpoints_is_on_one_side_of_a_budget():
    rows = pd.DataFrame({"run": ["a", "a", "b", "b"], "flops": [1.0, 5.0, 2.0, 15.0]})
    (part,) = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.3}).parts(rows)
    assert part.train.tolist() == [True, True, False, False]


def test_leave_group_out_holds_out_only_the_groups_asked_for_in_their_order():
    held = parts(kind="leave-group-out", by="run", groups=["r6", "r1"])
    assert [(p.name, p.test.tolist().index(True), p.test.sum()) for p in held] == [("r6", 5, 1), ("r1", 0, 1)]
    assert all((p.train ^ p.test).all() for p in held)


def test_groups_of_numbers_are_named_as_text_and_all_held_out_in_the_order_of_their_names():
    held = parts(kind="leave-group-out", by="flops")
    assert [p.name for p in held] == ["1.0", "16.0", "2.0", "32.0", "4.0", "8.0"]
    assert [p.test.tolist().index(True) for p in held] == [0, 4, 1, 5, 2, 3]
    assert [p.name for p in parts(kind="leave-group-out", by="flops", groups=["8.0"])] == ["8.0"]


def test_a_split_cannot_be_changed():
    split = TypeAdapter(Split).validate_python({"kind": "budget", "share": 0.1})
    with pytest.raises(ValueError, match="frozen"):
        split.share = 0.2


KNOWN = {"flops": [2.0, 3.0], "params": [5.0, 7.0], "tokens": [11.0, 13.0], "steps": [17.0, 19.0], "samples": [23.0, 29.0]}


@pytest.mark.parametrize(
    ("columns", "basis", "cost"),
    [
        (("flops", "params", "tokens", "steps", "samples"), "flops", [2.0, 3.0]),
        (("params", "tokens", "steps", "samples"), "params x tokens", [55.0, 91.0]),
        (("tokens", "steps", "samples"), "tokens", [11.0, 13.0]),
        (("params", "steps", "samples"), "steps", [17.0, 19.0]),
        (("params", "samples"), "samples", [23.0, 29.0]),
        (("params",), "params", [5.0, 7.0]),
        ((), "rows", [1.0, 1.0]),
    ],
)
def test_the_first_basis_that_the_rows_have_is_what_they_cost(columns, basis, cost):
    found, name = row_cost(pd.DataFrame({"run": ["a", "b"], **{c: KNOWN[c] for c in columns}}))
    assert name == basis and found.tolist() == cost


def test_a_basis_that_one_row_lacks_is_not_what_rows_cost():
    rows = pd.DataFrame({"run": list("ab"), "flops": [2.0, np.nan], "tokens": [11.0, 13.0]})
    assert row_cost(rows)[1] == "tokens"


def test_a_run_costs_what_its_dearest_row_does_wherever_it_stands():
    rows = pd.DataFrame({"run": ["a", "b", "a"], "flops": [5.0, 7.0, 1.0]}, index=[4, 5, 9])
    assert run_cost(rows).to_dict() == {"a": 5.0, "b": 7.0}


def test_an_axis_that_rows_lack_is_refused():
    with pytest.raises(TaskError, match="no variable 'tokens'"):
        parts(kind="frontier", variable="tokens", train_max=1)
    with pytest.raises(TaskError, match="rows without a value of 'flops' belong to neither side"):
        one([1, np.nan, 3], kind="frontier", train_max=2)
    with pytest.raises(TaskError, match="rows without a value of 'flops'"):
        one([1, np.nan, 3], kind="ladder", first=1)
    with pytest.raises(TaskError, match="leave-group-out: rows without a value of 'seed' belong to no group"):
        list(TypeAdapter(Split).validate_python({"kind": "leave-group-out", "by": "seed"}).parts(pd.DataFrame({"seed": [1.0, np.nan]})))
    with pytest.raises(TaskError, match="'curve' is nowhere 'c'"):
        parts(kind="leave-group-out", groups=["c"])


@pytest.mark.parametrize(
    "spec",
    [
        {"kind": "budget", "share": 1.5},
        {"kind": "frontier", "variable": "flops"},
        {"kind": "nope"},
        {"kind": "published", "extra": 1},
        {"kind": "ladder", "variable": "params", "first": 0},
        {"kind": "ladder", "variable": "params", "last": 0},
        {"kind": "ladder", "variable": "params", "horizon": 0},
        {"kind": "ladder", "variable": "params", "tolerance": -0.1},
        {"kind": "ladder", "variable": "curve"},
        {"kind": "frontier", "variable": "nope", "train_max": 1},
        {"kind": "frontier", "variable": "flops", "train_max": 0},
        {"kind": "frontier", "variable": "flops", "train_max": float("inf")},
        {"kind": "frontier", "variable": "flops", "train_max": float("nan")},
        {"kind": "frontier", "variable": "flops", "train_max": 4, "test_min": 4},
        {"kind": "frontier", "variable": "flops", "train_max": 0.5, "test_min": 4, "relative": True},
        {"kind": "frontier", "variable": "flops", "train_max": 1.5, "relative": True},
        {"kind": "frontier", "variable": "flops", "train_max": 0.5, "test_min": 0.4, "relative": True},
        {"kind": "frontier", "variable": "tokens/nope", "train_max": 1},
        {"kind": "frontier", "variable": "params*tokens*tokens", "train_max": 1},
        {"kind": "frontier", "variable": "flops", "train_max": 4, "test_min": 5, "downwards": True},
        {"kind": "frontier", "variable": "flops", "train_max": 0.5, "relative": True, "downwards": True},
        {"kind": "budget", "share": 0},
        {"kind": "budget", "share": 1},
        {"kind": "leave-group-out", "by": "a/b"},
        {"kind": "published", "name": "a/b"},
        {"kind": "published", "name": ""},
    ],
)
def test_when_a_split_is_malformed_then_it_is_refused(spec):
    with pytest.raises(ValueError):
        TypeAdapter(Split).validate_python(spec)


def test_published_may_train_on_runs_that_the_column_holds_out():
    rows = pd.DataFrame({"run": ["a-1", "a-20", "b-20", "c"], "split": ["train", "test", "test", ""]})
    part = next(Published(kind="published", also_train=("b-*", "c")).parts(rows))
    np.testing.assert_array_equal(part.train, [True, False, True, False])
    np.testing.assert_array_equal(part.test, [False, True, False, False])
    assert Published(kind="published", also_train=("b-*",)).label() != Published(kind="published", also_train=("a-*",)).label()
    with pytest.raises(TaskError, match="also_train: no held-out run is called d"):
        next(Published(kind="published", also_train=("d",)).parts(rows))
