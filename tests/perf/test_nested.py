"""Nested choice: clusters are never divided, no score uses its own cluster, and of equal rules the one with fewer constants is chosen."""

from dataclasses import replace

import numpy as np
import pytest
from made_rows import made_rows
from scripts import perf_module

NAMES = ("chinchilla[pooled]", "gaussian-process", "law-gp", "pow4", "power-law")


@pytest.fixture(scope="module")
def nested():
    return perf_module("tuning.nested")


@pytest.fixture(scope="module")
def data(nested):
    return nested.Data.of(made_rows(NAMES, worlds=("world-a",), cases=2, points=4))


def test_clusters_are_never_divided_and_worlds_are_in_no_fold(nested, data):
    fold = nested.folds_of(np.array(["a", "b", "a", "c", "b", "a", "d"]), 3)
    assert fold.tolist() == [0, 1, 0, 2, 1, 0, 0]
    assert len(data.fold) == 20 and set(data.fold) == set(range(nested.FOLDS))
    assert (~data.without(0, 1)).sum() == np.isin(data.fold, (0, 1)).sum() and data.without(0)[20:].all()


def test_within_one_standard_error_the_rule_with_fewer_constants_is_chosen(nested):
    clusters = np.array(list("aabbccdd"))
    best, noise = np.zeros(8), 0.1 * np.repeat([1.0, -1.0, 1.0, -1.0], 2)
    logs = np.stack([best, 0.02 + noise, 0.5 + noise])
    assert nested.choose(logs, clusters, np.array([9, 2, 0])) == 1
    assert nested.choose(logs, clusters, np.array([9, 9, 0])) == 0
    assert nested.choose(np.stack([best, 0.2 + noise, 0.5 + noise]), clusters, np.array([9, 2, 0])) == 0


def test_a_cluster_counts_once_however_many_cases_it_has(nested):
    clusters = np.array(list("aaaaaab"))
    logs = np.array([[-1.0] * 6 + [2.0], [0.0] * 7])
    assert nested.choose(logs, clusters, np.array([1, 1])) == 1


def test_a_fold_is_predicted_with_what_was_chosen_on_the_others(nested):
    """Setting 0 is the best on fold 0 alone, and what fold 0 itself gave in the inner scores is ignored."""
    fold = np.array([0, 0, 1, 1, 2, 2])
    outer = np.where(fold == 0, [[-5.0], [0.0]], [[0.0], [-1.0]])
    inner = np.stack([np.where(fold == k, [[-99.0], [0.0]], outer) for k in range(3)])
    found = nested.Found(nested.SETTINGS[:2], np.array([0, 0]), outer, inner, np.array(list("abcdef")), fold)
    logs, chosen = nested.nested(found)
    assert chosen[0] == nested.SETTINGS[1] and logs[:2].tolist() == [0.0, 0.0]


def test_no_weight_depends_on_the_values_of_its_own_fold(nested, data):
    settings = (nested.Setting("names", "all", "mean", "none"),)
    key, fold = ("names", "all"), data.fold[data.real.case]
    before = nested.every_logits(data, settings, 1)[key]
    mine = np.flatnonzero(np.append(data.fold == 1, np.zeros(len(data.where) - len(data.fold), bool)))
    changed = replace(data, rows=replace(data.rows, y=np.where(np.isin(data.rows.case, mine), 9.0, data.rows.y)))
    after = nested.every_logits(changed, settings, 1)[key]
    assert np.array_equal(before.outer[fold == 1], after.outer[fold == 1])
    assert not np.allclose(before.outer[fold == 0], after.outer[fold == 0])
    for k, (one, other) in enumerate(zip(before.inner, after.inner, strict=True)):
        assert np.array_equal(one, other) == (k == 1)
        assert np.array_equal(one[fold == 1], other[fold == 1])


def trimmed(weight, values, share):
    """Return the mean of trimmed weights."""
    found = perf_module("tuning.combining").trimmed(weight, values, share)
    assert found.sum(axis=0) == pytest.approx(1.0) and found.min() >= 0.0
    return (found * values).sum(axis=0)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    weight = rng.dirichlet(np.full(6, 0.7), 400).T
    return weight, rng.normal(size=(6, 400))


def test_no_candidate_moves_a_trimmed_mean_farther_than_its_weight_times_the_range_of_the_others(drawn):
    weight, values = drawn
    for share in (0.1, 0.25):
        one = trimmed(weight, values, share)
        for leap in (-1e9, 0.3, 1e9):
            other = trimmed(weight, np.vstack([np.full(400, leap), values[1:]]), share)
            few = weight[0] <= share
            bound = weight[0] / (1.0 - 2.0 * share) * np.ptp(values[1:], axis=0)
            assert few.sum() > 50 and (np.abs(other - one) <= bound + 1e-9)[few].all()


def test_a_trimmed_mean_is_the_mean_at_0_and_the_median_at_a_half(drawn):
    weight, values = drawn
    assert trimmed(weight, values, 0.0) == pytest.approx((weight * values).sum(axis=0))
    assert trimmed(np.full((3, 1), 1 / 3), np.array([[5.0], [1.0], [2.0]]), 0.4) == pytest.approx(2.0)


def test_a_bounded_mean_draws_leaps_to_its_limit():
    weight, values = np.array([[0.45], [0.45], [0.1]]), np.array([[1.0], [1.0], [99.0]])
    found = perf_module("tuning.combining").bounded(weight, values, np.array([0.5]))
    assert (found * values).sum() == pytest.approx(1.05) and found.sum() == pytest.approx(1.0)


def test_a_core_takes_its_share_where_it_has_members():
    made = perf_module("tuning.combining")
    core = made.core_weights(np.array([[True, False], [True, False], [False, False]]))
    assert core.tolist() == [[0.5, 0.0], [0.5, 0.0], [0.0, 0.0]]
    found = made.shrunk(np.tile([[0.0], [0.0], [1.0]], 2), core, np.array([0.5, 0.5]))
    assert found.tolist() == [[0.25, 0.0], [0.25, 0.0], [0.5, 1.0]]


def test_stacking_gives_two_candidates_that_err_alike_less_than_two_that_err_apart():
    stacked = perf_module("tuning.rules").stacked_weights
    r = np.random.default_rng(0).normal(size=(2, 400))
    weight = np.exp(stacked([np.stack([r[0], r[0], r[1]])], np.ones(1), np.zeros(3), 1e-3))
    assert weight[0] == pytest.approx(weight[1]) and weight[2] > 1.3 * weight[0]
    exact = np.exp(stacked([np.stack([r[0], 0.01 * r[1]])], np.ones(1), np.zeros(2), 1e-3))
    assert exact[0] < 0.05 * exact[1]


def test_a_part_of_the_rows_is_scored_as_in_the_whole():
    rules, rows = perf_module("tuning.rules"), made_rows(NAMES, clusters=4)
    chosen = np.arange(len(rows.reference)) % 3 == 0
    part, prediction = rows.part(chosen), rows.values[:, 0]
    assert rules.case_logs(part, prediction[chosen[rows.case]]) == pytest.approx(rules.case_logs(rows, prediction)[chosen])
    assert part.collections == [c for c, taken in zip(rows.collections, chosen, strict=True) if taken]


def test_intervals_of_unseen_clusters_cover_what_they_state(data):
    """One candidate has all of the weight; its errors have the size that its back-tests tell."""
    weight = (data.real.which == 0).astype(float)
    several = [weight] * (data.fold.max() + 1)
    found = perf_module("tuning.smooth").unseen(data.real, data.fold, several, several)
    assert found.loc["inside", "all"] == pytest.approx(0.8, abs=0.1)
