"""What holds for every registered predictor: clones lose nothing, pickles lose nothing, predictions change nothing."""

import pickle
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from entries import each_predictor
from law_examples import COMPUTE, LOSSES, MIXED, TRUTH
from sklearn.base import clone

from scalingbench.predictors.autolaw import backtest
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.downstream import LossToAccuracy
from scalingbench.predictors.registry import make

NAMES = each_predictor()


def example(model):
    """Return rows and values that a predictor can be fitted to."""
    if isinstance(model, ParametricLaw):
        law, X, truth = next(TRUTH[c.__name__] for c in type(model).__mro__ if c.__name__ in TRUTH)  # that of the form, for a recipe
        law = clone(law)
        law.columns_ = law._wanted(X)
        return X, law.formula(*law.inputs(X), *truth.values())
    X = COMPUTE.join(MIXED).head(40).assign(flops=1e20, obs_a=np.linspace(0.2, 0.8, 40), obs_b=np.linspace(0.1, 0.7, 40) ** 2, curve="a")
    X["source_loss"] = LOSSES["source_loss"].iloc[:40]
    X["unique_tokens"] = X["tokens"] / 4
    if type(model).__name__ == "IsoFLOP":
        X["params"], X["tokens"] = np.tile(np.geomspace(1e7, 1e9, 10), 4), np.nan
        X["tokens"] = np.repeat([1e18, 1e19, 1e20, 1e21], 10) / X["params"]
        return X, 2.0 + 0.1 * np.log(X["params"] / 1e8) ** 2
    return X, LossToAccuracy.formula(X["source_loss"].to_numpy(), 0.25, 0.6, 3.0, 3.1)


def made(name):
    model = make(name)
    return model.set_params(n_starts=2) if isinstance(model, ParametricLaw) else model  # conventions don't depend on how good a fit is


def quiet(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


@cache
def fitted(name):
    """Return a predictor, fitted, with its rows and values; AutoLaw has few candidates here."""
    X, y = example(made(name))
    keep = np.arange(0, len(X), max(1, len(X) // 40))
    X, y = X.iloc[keep].reset_index(drop=True), np.asarray(y)[keep]
    return quiet(made(name), X, y), X, y


@pytest.fixture(autouse=True)
def _few_candidates(monkeypatch):
    monkeypatch.setattr(backtest, "candidates", lambda X, y, without=(): ("nearest-observation", "log-linear", "nearest-neighbor"))


@pytest.mark.parametrize("name", NAMES)
def test_a_clone_has_the_arguments_and_predicts_the_same(name):
    model, X, y = fitted(name)
    copy = clone(model)
    assert copy is not model and copy.get_params() == model.get_params() == made(name).get_params()
    assert not [attribute for attribute in vars(copy) if attribute.endswith("_")]
    assert np.array_equal(quiet(copy, X, y).predict(X), model.predict(X))


@pytest.mark.parametrize("name", NAMES)
def test_pickles_lose_nothing_and_predictions_change_nothing(name):
    model, X, _ = fitted(name)
    before = pickle.dumps(model)
    predicted = model.predict(X)
    assert np.isfinite(predicted).all()
    if hasattr(model, "predict_quantiles"):
        model.predict_quantiles(X, (0.1, 0.9), **({"n_resamples": 2} if isinstance(model, ParametricLaw) else {}))
    assert pickle.dumps(model) == before
    assert np.array_equal(pickle.loads(before).predict(X), predicted)


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_shows_its_constants_and_a_law_its_formula(name):
    model, _, _ = fitted(name)
    shown, head = repr(model), repr(clone(model))
    assert shown.startswith(head) and model._repr_mimebundle_()["text/plain"] == shown
    for constant in getattr(model, "params_", {}):
        assert f"\n{constant} " in shown and f"<th>{constant}</th>" in model._repr_html_()
    if isinstance(model, ParametricLaw):
        assert shown.splitlines()[len(head.splitlines())] == model.latex() and "rows, " in shown


def test_a_fitted_law_shows_formula_estimates_and_standard_errors():
    X = pd.DataFrame({"x": np.logspace(6, 9, 40)})
    y = (1.5 + 300 * X["x"].to_numpy() ** -0.4) * np.exp(0.01 * np.random.default_rng(0).standard_normal(40))
    law = make("shifted-power-law")
    assert repr(law) == "ShiftedPowerLaw(loss='l2')"
    head, formula, facts, columns, _, *rows = repr(law.fit(X, y)).splitlines()
    assert head == "ShiftedPowerLaw(loss='l2')" and formula == "L(x) = E + a x^{-b}"
    assert facts == "40 rows, converged; l2 loss of residuals in log space"
    assert columns.split() == ["estimate", "se", "note"]
    table = law.summary()
    assert [row.split() for row in rows] == [[n, f"{table.loc[n, 'estimate']:.4g}", f"{table.loc[n, 'se']:.4g}"] for n in "Eab"]
    shown = law._repr_mimebundle_()
    assert shown["text/plain"] == repr(law) and "$$L(x) = E + a x^{-b}$$" in shown["text/html"]
    assert f"<td>{table.loc['b', 'se']:.4g}</td>" in shown["text/html"]


def test_what_a_fit_leaves_open_is_noted_where_it_is_shown():
    X = pd.DataFrame({"x": np.logspace(3, 6, 30)})
    bound = make("shifted-power-law").fit(X, 50 * X["x"].to_numpy() ** -0.3 * np.exp(0.05 * np.sin(np.arange(30))) - 0.05)
    assert next(line for line in repr(bound).splitlines() if line.startswith("E ")).endswith("at its bound")


def test_published_constants_are_shown_as_such():
    shown = repr(quiet(make("chinchilla[besiroglu2024]"), COMPUTE, np.ones(len(COMPUTE))))
    assert "constants of besiroglu2024, not fitted" in shown and "L(N, D) = E + A N^{-\\alpha}" in shown and "1.817" in shown
