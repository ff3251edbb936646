from dataclasses import replace

import made
import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.scores.regret import Decision, decide, decision_groups
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import Fold, Task, TaskSpec

pytestmark = pytest.mark.filterwarnings("error")
PARAMS = np.array([1e8, 2e8, 4e8, 1e9, 1e8, 2e8, 4e8])
COST = np.array([1.0, 1.02, 1.04, 1.0, 9.0, 9.1, 9.2])
LOSS = np.array([3.0, 2.8, 2.9, 3.2, 2.5, 2.4, 2.3])


def task(y=LOSS, metric="loss", track="compute", basis="flops", scored=None, X=None):
    spec = TaskSpec(
        collection="chinchilla",
        metric=metric,
        track=track,
        variables=("params",),
        split={"kind": "frontier", "variable": "flops", "train_max": 1},
    )
    X = pd.DataFrame({"params": PARAMS}) if X is None else X
    fold = Fold("f", X.head(1), y[:1], X, y, np.ones(len(y), bool) if scored is None else scored, COST)
    return Task("t", spec, (fold,), 2.0, 0.5, basis, ())


def result(predictions, status="ok"):
    return TaskResult("p", "{}", "s", "t", "x", "{}", (FoldResult("f", status, predictions=np.asarray(predictions, float)),))


def alternatives(cost, y=None, **options):
    """Return the groups of rows of made-up costs, all of different sizes and losses."""
    y = 3.0 - 0.1 * np.arange(len(cost)) if y is None else np.asarray(y, float)
    X = options.pop("X", pd.DataFrame({"params": np.arange(1.0, len(cost) + 1)}))
    built = made.task(made.fold("f", y, cost=cost, X=X), track=options.pop("track", "compute"), **options)
    return [list(map(int, group)) for group in decision_groups(built)[0]]


def decided(predictions, t=None):
    t = t or task()
    return decide(result(predictions), t, decision_groups(t))


def test_groups_are_rows_of_one_cost():
    assert [list(g) for g in decision_groups(task())[0]] == [[0, 1, 2, 3], [4, 5, 6]]


def test_the_truth_has_no_regret_and_a_constant_that_of_chance():
    assert decided(LOSS).regret == 0.0 and decided(LOSS).log_params_error == 0.0
    assert decided(np.ones(7)).regret == pytest.approx(1.0)


def test_regret_by_hand():
    picked = decided([1, 2, 3, 4, 1, 2, 3])  # the smallest model of each group
    chance = np.mean([np.log(LOSS[:4]).mean() - np.log(2.8), np.log(LOSS[4:]).mean() - np.log(2.3)])
    assert picked.regret == pytest.approx(np.mean([np.log(3.0 / 2.8), np.log(2.5 / 2.3)]) / chance)
    assert picked.log_params_error == pytest.approx(np.mean([np.log(2), np.log(4)]))


def test_higher_is_better_for_accuracies():
    t = task(y=1 - LOSS / 10, metric="accuracy", track="downstream")
    assert decided(1 - LOSS / 10, t).regret == 0.0 and decided(LOSS / 10, t).regret > 1.0


def test_what_is_no_choice_makes_no_group():
    repeats = pd.DataFrame({"params": np.full(7, 1e8)})
    assert decision_groups(task(X=repeats)) == [[]]
    assert decision_groups(task(track="training-curve")) == [[]]
    assert decision_groups(task(basis="rows")) == [[]]
    none = np.array([False] * 4 + [True] * 3)
    assert [list(g) for g in decision_groups(task(scored=none))[0]] == [[4, 5, 6]]
    few = np.array([True, True, False, False, True, True, True])
    assert [list(g) for g in decision_groups(task(scored=few))[0]] == [[4, 5, 6]]


def test_rows_four_percent_apart_are_alternatives_and_six_percent_are_not():
    assert alternatives([1.0, 1.02, 1.04]) == [[0, 1, 2]]
    assert alternatives([1.0, 1.02, 1.05]) == [[0, 1, 2]]
    assert alternatives([1.0, 1.02, 1.06]) == []


def test_costs_are_compared_with_the_cheapest_of_the_group_and_not_with_the_neighbour():
    assert alternatives([1.0, 1.04, 1.08, 1.12]) == []
    assert alternatives([1.0, 1.01, 1.04, 1.08, 1.09, 1.10]) == [[0, 1, 2], [3, 4, 5]]


def test_a_group_lists_its_rows_in_their_own_order():
    assert alternatives([1.04, 9.0, 1.02, 1.0]) == [[0, 2, 3]]


def test_two_rows_or_equal_values_are_no_choice():
    assert alternatives([1.0, 1.0]) == []
    assert alternatives([1.0, 1.0, 1.0], y=[2.0, 2.0, 2.0]) == []
    assert alternatives([1.0, 1.0, 1.0, 9.0], y=[2.0, 2.0, 2.0, 1.0]) == []
    assert alternatives([1.0, 1.0, 1.0], y=[2.0, 2.0, 2.1]) == [[0, 1, 2]]
    assert alternatives([1.0] * 4, X=pd.DataFrame({"params": [1.0, 1.0, 2.0, 2.0]})) == []
    assert alternatives([1.0] * 4, X=pd.DataFrame({"params": [1.0, 1.0, 2.0, 3.0]})) == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("track", "basis", "offers"),
    [
        ("compute", "flops", True),
        ("data-constrained", "params x tokens", True),
        ("architecture", "flops", True),
        ("downstream", "flops", True),
        ("compute", "tokens", False),
        ("curve", "flops", False),
        ("hyperparameters", "params", True),
        ("mixture", "rows", True),
    ],
)
def test_costs_are_budgets_where_they_are_compute_or_the_runs_differ_in_something_else(track, basis, offers):
    assert bool(alternatives([1.0, 1.0, 1.0], track=track, basis=basis)) is offers


def test_tied_predictions_share_the_pick():
    t = made.task(made.fold("f", [3.0, 2.0, 4.0], cost=[1.0, 1.0, 1.0]), track="compute")
    found = decide(made.result(t, "p", [1.0, 5.0, 1.0]), t, decision_groups(t))  # the worst and the middle one
    y = np.log([3.0, 2.0, 4.0])
    assert found.regret == pytest.approx(((y[0] + y[2]) / 2 - y[1]) / (y.mean() - y[1]))
    assert found.log_params_error == pytest.approx((np.log(2 / 1) + np.log(3 / 2)) / 2)
    all_tied = decide(made.result(t, "p", [1.0, 1.0, 1.0]), t, decision_groups(t))
    assert all_tied.regret == pytest.approx(1.0) and all_tied.log_params_error == pytest.approx((np.log(2) + 0 + np.log(3 / 2)) / 3)


def test_regret_is_the_mean_loss_over_the_mean_loss_of_chance_over_all_groups_of_all_folds():
    groups = [[0.1, 0.2, 0.9], [0.1, 0.2, 0.6], [0.1, 0.8, 0.9]]
    folds = [made.fold(str(i), y, cost=[1.0] * 3, X=pd.DataFrame({"width": [1.0, 2.0, 3.0]})) for i, y in enumerate(groups)]
    t = made.task(*folds, track="downstream", metric="accuracy")
    picks = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]  # of the best .9, of .1 where .6 was to be had, of .8 where .9 was
    found = decide(made.result(t, "p", *picks), t, decision_groups(t))
    assert found.groups == 3
    assert found.regret == pytest.approx((0.0 + 0.5 + 0.1) / ((0.9 - 0.4) + (0.6 - 0.3) + (0.9 - 0.6)))
    assert np.isnan(found.log_params_error)  # these differ in width


def test_the_distance_to_the_best_size_is_a_mean_over_groups():
    folds = [made.fold(str(i), [3.0, 2.0, 4.0], cost=[1.0] * 3, X=pd.DataFrame({"params": [1.0, 2.0, 8.0]})) for i in range(3)]
    t = made.task(*folds, track="compute")
    found = decide(made.result(t, "p", [2, 1, 3], [2, 1, 3], [3, 2, 1]), t, decision_groups(t))  # twice right, once 4 times too large
    assert found.log_params_error == pytest.approx(np.log(4.0) / 3)


def test_failures_are_left_out():
    t = task()
    assert decide(result([], status="error"), t, decision_groups(t)) == Decision(0)
    two = made.task(*[made.fold(n, [3.0, 2.0, 4.0], cost=[1.0] * 3) for n in "ab"], track="compute")
    found = decide(made.result(two, "p", None, [3.0, 2.0, 4.0]), two, decision_groups(two))
    assert (found.groups, found.regret) == (1, 0.0)


def test_the_suite_offers_isoflop_decisions():
    task = load_suite("v3").task("porian/loss_val/chinchilla-decay-frontier")
    assert sum(map(len, decision_groups(task))) >= 6


def test_runs_that_lie_between_those_trained_on_are_decisions_too():
    """At one budget as on the track of compute; whatever they cost where learning rates or shares of a mixture are inputs."""
    alike, apart = ([3.0, 2.0, 1.0], [1.0, 1.0, 1.0]), ([3.0, 2.0, 1.0], [1.0, 1.0, 1.01])
    for y, cost in (alike, apart):
        assert len(decision_groups(made.task(made.fold("a", y, cost=cost), track="interpolation"))[0]) == 1
    steps = made.task(made.fold("a", [3.0, 2.0, 1.0], cost=[1.0, 1.0, 1.0]), track="interpolation", basis="steps")
    assert decision_groups(steps) == [[]]
    for name in ("learning_rate", "mix_code"):
        chosen = replace(steps, spec=steps.spec.model_copy(update={"variables": ("params", name)}))
        assert len(decision_groups(chosen)[0]) == 1
    curves = replace(steps, spec=steps.spec.model_copy(update={"variables": ("run", "learning_rate")}))
    assert decision_groups(curves) == [[]]
