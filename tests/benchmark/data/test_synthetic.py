"""The synthetic collections against their own truth."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import list_collections, load_collection
from scalingbench.benchmark.data.sources import synthetic_plrf
from scalingbench.benchmark.data.synthetic import noisy, rounded
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.data_constrained import DataConstrained
from scalingbench.predictors.laws.power_laws import BNSL
from scalingbench.predictors.laws.repeated_sampling import BetaBinomialCoverage

SYNTHETIC = [n for n in list_collections() if n.startswith("synthetic")]


def rows(name, curve):
    table = load_collection(name).table
    return table[table["curve"] == curve], load_card(name).scalingbench.truth


@pytest.mark.parametrize("name", SYNTHETIC)
def test_every_synthetic_card_states_the_truth(name):
    card = load_card(name)
    assert card.license == "cc0-1.0" and card.scalingbench.truth and not card.scalingbench.upstream


def test_the_law_classes_give_the_clean_worlds_at_their_true_constants():
    table, truth = rows("synthetic_chinchilla", "grid-clean")
    constants = {k: v for k, v in truth["grid-clean"].items() if k != "noise"}
    assert np.allclose(Chinchilla().at(table, constants), table["value"], rtol=1e-9)
    table, truth = rows("synthetic_repeated", "clean")
    assert np.allclose(DataConstrained().at(table, truth["all"]), table["value"], rtol=1e-9)
    table, truth = rows("synthetic_broken", "steepens-then-flattens/noise0")
    assert np.allclose(BNSL(n_breaks=2).at(table[["tokens"]], truth["steepens-then-flattens"]), table["value"], rtol=1e-9)
    table, truth = rows("synthetic_coverage", "middling/expected")
    assert np.allclose(BetaBinomialCoverage().at(table, truth["middling"]), table["value"], atol=1e-8)


def test_noise_has_the_stated_size_and_outliers_are_above():
    values = noisy(np.full(20_000, 2.0), 0.01, 3)
    assert np.std(np.log(values)) == pytest.approx(0.01, rel=0.02)
    spoiled = noisy(np.full(20_000, 2.0), 0.0, 3, outliers=0.15)
    assert np.mean(spoiled > 2.1) == pytest.approx(0.15, abs=0.01)
    assert rounded(np.array([1.23456789012345, 0.0])) == pytest.approx([1.234567890, 0.0], rel=1e-15)


def test_plrf_closed_form_is_the_recursion(monkeypatch):
    monkeypatch.setattr(synthetic_plrf, "_STEPS", np.array([1.0, 7.0, 40.0]))
    a, b, width = 0.7, 1.2, 12
    closed = synthetic_plrf._risk(a, b, width)
    j = np.arange(1.0, 6 * width + 1)
    scaled = j[:, None] ** -a * np.random.default_rng(width).standard_normal((len(j), width)) / np.sqrt(width)
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    target = j ** -(a + b)
    q = ((scaled.T @ target) @ vectors) ** 2 / values
    floor, step, risks = target @ target - q.sum(), 0.5 / values.sum(), []
    for _ in range(41):
        risks.append(q.sum() + floor)
        q = (1 - 2 * step * values + step**2 * values**2) * q + step**2 * values**2 * risks[-1]
    # P = floor + sum q; the recursion's gain term acts on the whole risk
    assert closed == pytest.approx([risks[1], risks[7], risks[40]], rel=1e-9)


def test_plrf_risk_falls_as_theory_says_where_it_converges_fast():
    """Phase Ia, a = .8, b = .3: compute-optimal risk ~ flops^-.462 in the limit; at these widths .415."""
    table, truth = rows("synthetic_plrf", "Ia")
    budget = np.logspace(3.0, 5.0, 12)
    best = [table.loc[table["flops"] <= c, "value"].min() for c in budget]
    slope = -np.polyfit(np.log(budget), np.log(best), 1)[0]
    assert slope == pytest.approx(truth["Ia"]["eta"], abs=0.06)


def test_seeds_make_the_tables():
    a, b = (load_collection.__wrapped__("synthetic_chinchilla").table for _ in range(2))
    pd.testing.assert_frame_equal(a, b)
