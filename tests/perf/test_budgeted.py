"""The benchmark of budgeted choice: no rule exceeds its budget, reads a value that it did not buy, or draws anew."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scripts import perf_module

from scalingbench.benchmark.data.fetch import file_is_available
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.registry import make

pools, rules, measuring, page = (perf_module(f"budgeted.{name}") for name in ("pools", "rules", "measuring", "page"))

LAW = "chinchilla[huber-log]"
RULES = {
    "random": rules.Random(1),
    "cheapest": rules.cheapest,
    "plan": rules.Planned(LAW),
    "linearised": rules.Linearised(LAW),
    "plan without a law": rules.Planned("log-quadratic"),
    "linearised without a law": rules.Linearised("log-quadratic"),
}


def group(n=40, m=6, outputs=1):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"params": 10 ** rng.uniform(7, 9, n), "tokens": 10 ** rng.uniform(9, 10.5, n)})
    targets = pd.DataFrame({"params": 10 ** rng.uniform(9.5, 10, m), "tokens": 10 ** rng.uniform(11, 11.5, m)})
    offer = pools.Offer(X, (X["params"] * X["tokens"]).to_numpy(), targets)
    return pools.Group("g", offer, values(X, outputs), values(targets, outputs))


def values(X, outputs):
    y = Chinchilla.formula(X["params"].to_numpy(), X["tokens"].to_numpy(), 1.69, 406.4, 0.34, 410.7, 0.28)
    return np.stack([y + k for k in range(outputs)], axis=1)


def pool(*groups, law=LAW):
    return pools.Pool(pools.Problem("made", law, (0.0, 0.0, 0.0, 0.0)), "", groups)


@cache
def bought(name):
    """Return what a rule buys at every share."""
    return list(measuring.purchases(pool(group()), RULES[name]))


@pytest.mark.parametrize("name", RULES)
def test_no_rule_exceeds_the_budget_buys_twice_or_gives_back(name):
    offer, before = group().offer, []
    for share, (taken,) in zip((0.01, 0.05, 0.1), bought(name), strict=True):
        assert offer.cost[taken].sum() <= share * offer.cost.sum() * (1 + 1e-6)
        assert len(set(taken)) == len(taken) and taken[: len(before)] == before
        before = taken
    assert len(before) > 5


@pytest.mark.parametrize("name", RULES)
def test_nothing_affordable_is_left_over(name):
    cost, (taken,) = group().offer.cost, bought(name)[-1]
    assert np.delete(cost, taken).min() > 0.1 * cost.sum() - cost[taken].sum()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_buys_the_same_again_without_the_values_that_it_did_not_buy_and_those_held_out(name):
    of, (taken,) = group(), bought(name)[-1]
    hidden = of.values.copy()
    hidden[np.setdiff1d(np.arange(len(hidden)), taken)] = np.nan
    blind = pools.Group("g", of.offer, hidden, np.full_like(of.held_out, np.nan))
    assert list(measuring.purchases(pool(blind), RULES[name])) == bought(name)


def test_a_greedy_fill_passes_over_what_is_too_expensive():
    offer = pools.Offer(pd.DataFrame({"params": [1.0] * 4}), np.array([4.0, 1.0, 5.0, 2.0]), pd.DataFrame())
    assert rules.fill(offer, [2, 0, 1, 3], [], 7.0) == [2, 1]
    assert rules.fill(offer, [2, 0, 1, 3], [1], 7.0) == [1, 2]
    assert rules.fill(offer, [0, 1, 2, 3], [], 7.0, most=1) == [0]
    assert rules.fill(offer, [0, 1, 2, 3], [], 0.5) == []


def test_the_cheapest_rule_buys_in_order_of_cost_and_draws_differ_by_seed():
    (taken,), other = bought("cheapest")[-1], list(measuring.purchases(pool(group()), rules.Random(0)))
    assert taken == np.argsort(group().offer.cost)[: len(taken)].tolist()
    assert bought("random") != other


def test_the_trend_is_more_certain_after_a_run_at_the_target_than_after_one_far_away():
    offer = group().offer
    at, far = offer.targets.iloc[[0]], offer.X.iloc[[int(np.argmin(offer.cost))]]
    known = [rules.trend(X, offer.X, offer.targets.iloc[[0]]).target_sd for X in (offer.X.iloc[:0], far, at)]
    assert known[2] < known[1] < known[0]


def test_plan_buys_what_tells_more_about_the_targets_than_the_cheapest_runs_do():
    offer = group().offer
    planned, cheap = (
        rules.trend(offer.X.iloc[bought(n)[0][0]], offer.X, offer.targets).target_sd for n in ("plan without a law", "cheapest")
    )
    assert planned < cheap


def test_the_linearised_rule_begins_with_the_cheapest_runs_for_its_constants():
    of = group(400)
    taken = rules.Linearised(LAW)._first(of.offer, 0.02 * of.offer.cost.sum())
    first = np.argsort(of.offer.cost)[:12].tolist()  # 2.5 for each of five constants
    assert taken == first
    assert rules.Linearised(LAW)._first(of.offer, of.offer.cost[first[:5]].sum()) == first[:5]


def test_a_law_is_scored_on_all_held_out_values_together_and_a_failure_is_minus_one():
    groups = (group(outputs=2), group(outputs=2))
    bought = [list(range(40))] * 2
    r2, error = measuring.score(make(LAW), groups, bought)
    assert r2 > 0.99 and error < 0.02
    constant = measuring.score(make("mean"), groups, bought)[0]
    assert constant == -1.0  # clipped
    assert measuring.score(make(LAW), groups, [list(range(40)), []])[0] == -1.0


def test_level_scores_are_not_ahead():
    problem = pools.Problem("a", LAW, (0.5, 0.6, 0.7, 0.8))
    assert page.ahead({"a": 0.5049}, [problem], 0) == "0 (+1 level) of 1"
    assert page.ahead({"a": 0.5051}, [problem], 0) == "1 (+0 level) of 1"
    assert page.ahead({"a": 0.4}, [problem], 0) == "0 (+0 level) of 1"


@pytest.mark.full
@pytest.mark.parametrize("problem", pools.PROBLEMS, ids=lambda problem: problem.name)
def test_no_held_out_row_is_on_offer(problem, mirror):
    if not problem.tasks and not all(map(file_is_available, pools.FILES)):
        pytest.skip("the upstream files of the upcycled models are not at hand")
    for of in pools.load_pool(problem).groups:
        offered, held_out = (_rows(X, y) for X, y in ((of.offer.X, of.values), (of.offer.targets, of.held_out)))
        assert len(held_out) and not offered.intersection(held_out).size
        assert (of.offer.cost > 0).all() and set(of.offer.X) == set(of.offer.targets)


def _rows(X, y):
    return pd.MultiIndex.from_frame(X.assign(**{f"value_{k}": y[:, k] for k in range(y.shape[1])}))
