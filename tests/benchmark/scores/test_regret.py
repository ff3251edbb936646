import numpy as np
import pandas as pd
import pytest

from benchmark.evaluation.results import FoldResult, TaskResult
from benchmark.scores.regret import decide, decision_groups
from benchmark.tasks.suite import load_suite
from benchmark.tasks.task import Fold, Task, TaskSpec

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
    few = np.array([True, True, False, False, True, True, True])
    assert [list(g) for g in decision_groups(task(scored=few))[0]] == [[4, 5, 6]]


def test_failures_are_left_out():
    t = task()
    assert decide(result([], status="error"), t, decision_groups(t)).groups == 0


def test_the_suite_offers_isoflop_decisions():
    tasks = load_suite("v1").build(collections=("porian",))
    assert all(sum(map(len, decision_groups(t))) >= 6 for t in tasks)
