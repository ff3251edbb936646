"""Every law: formula, units, recovery, estimator conventions."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from law_examples import CURVE, TRUTH
from sklearn.base import clone

from scalingbench.common.errors import FitWarning, PredictorError
from scalingbench.predictors.catalogue import BUILT_IN
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.fitting.duals import derivatives
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla, Farseer, Kaplan, OverTraining
from scalingbench.predictors.laws.data_constrained import DataConstrained
from scalingbench.predictors.laws.experts import EfficiencyLeverage, Routed, SaturatedLeverage
from scalingbench.predictors.laws.hyperparameters import TuningCurve
from scalingbench.predictors.laws.power_laws import BNSL, M4
from scalingbench.predictors.laws.schedules import LRAnnealing, annealing_sums
from scalingbench.predictors.laws.transfer import Rectified

# constants that even exact data leave open, because another combination fits as well to 1e-4
LOOSE = {"Farseer", "Routed"}


def values(law, X, truth):
    model = clone(law)
    model.columns_ = model._wanted(X)
    return model.formula(*model.inputs(X), *truth.values())


def quiet(law, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        return clone(law).fit(X, y)


@pytest.mark.parametrize("name", TRUTH)
def test_known_constants_are_recovered(name):
    law, X, truth = TRUTH[name]
    y = values(law, X, truth)
    fitted = quiet(law.set_params(loss="l2"), X, y)
    assert np.abs(np.log(fitted.predict(X) / y)).max() < (1e-4 if name in LOOSE else 1e-6)
    if name not in LOOSE:
        assert fitted.params_ == pytest.approx(truth, rel=1e-3)


@pytest.mark.parametrize("name", TRUTH)
def test_constants_turn_back_into_the_units_of_the_data(name):
    """The formula at raw constants on raw data equals y0 times the formula at normalised constants on normalised data."""
    law, X, truth = TRUTH[name]
    model = clone(law)
    X, y = model._read_training(X, values(law, X, truth), positive=False)
    problem = model._make_problem(X, y)
    rng = np.random.default_rng(5)
    start = {"exponent": (0.1, 0.8), "location": (0.5, 2.0), "positive": (0.5, 2.0), "amplitude": (0.3, 2.0)}
    for _ in range(5):
        theta = []
        for p in model.parameters:
            low, high = p.start or start.get(p.role, (0.05, 0.3))
            theta.append(np.clip(rng.uniform(low, high), p.low, p.high if np.isfinite(p.high) else None))
        u = problem.u(np.array(theta)[None])
        raw = problem.raw(u)[0]
        direct = model.formula(*model.inputs(X), *raw)
        assert np.allclose(direct, problem.scales["y"] * problem.values(problem.theta(u))[0], rtol=1e-8), name


FIRST = {type(law).__module__: name for name, (law, _, _) in reversed(TRUTH.items())}.values()


@pytest.mark.parametrize("name", [n if n in FIRST else pytest.param(n, marks=pytest.mark.full) for n in TRUTH])
def test_estimator_conventions(name):
    law, X, truth = TRUTH[name]
    y = values(law, X, truth)
    small = clone(law).set_params(n_starts=8)
    fitted = quiet(small, X, y)
    assert small.get_params() == fitted.get_params() and not hasattr(small, "params_")
    again = pickle.loads(pickle.dumps(fitted))
    text = {} if "run" in X else {"run": "a"}
    shuffled = X.assign(noise=1.0, **text) if law.variables != ("*",) else X.assign(**text)
    assert np.array_equal(again.predict(X), fitted.predict(shuffled[shuffled.columns[::-1]]))
    assert list(fitted.params_) == [p.name for p in fitted.parameters]
    assert fitted.covariance_.shape == (len(truth), len(truth))
    assert list(fitted.summary().index) == list(truth)
    assert (type(law).__doc__ or "").count("math") >= 1


def test_formulas_against_arithmetic_done_by_hand():
    assert Chinchilla.formula(1e9, 2e10, 1.69, 406.4, 0.34, 410.7, 0.28) == pytest.approx(1.69 + 406.4 / 1e9**0.34 + 410.7 / 2e10**0.28)
    assert Kaplan.formula(1e9, 2e10, 8.8e13, 0.076, 5.4e13, 0.095) == pytest.approx(
        ((8.8e13 / 1e9) ** (0.076 / 0.095) + 5.4e13 / 2e10) ** 0.095
    )
    compute, ratio = 6 * 1e9 * 2e10, 20.0
    assert OverTraining.formula(1e9, 2e10, 1.5, 141.0, 190.0, 0.12) == pytest.approx(
        1.5 + (141.0 * ratio**0.12 + 190.0 * ratio**-0.12) * compute**-0.12
    )
    assert BNSL.formula(5.0, 0.1, 2.0, 0.2, 0.3, 10.0, 0.5) == pytest.approx(0.1 + 2.0 * 5.0**-0.2 * (1 + (5.0 / 10.0) ** 2) ** (-0.15))
    assert Rectified.formula(0.0, 0.5, 6.0, 3.0, 0.7) == 0.5 + 2.0
    E_hat = 1 / (1 / (16 - 1 + 1 / (1 / 2.0 - 1 / 300.0)) + 1 / 300.0)
    log_loss = -0.08 * np.log(1e8) - 0.1 * np.log(E_hat) + 0.004 * np.log(1e8) * np.log(E_hat) + 2.2
    assert Routed.formula(1e8, 16.0, -0.08, -0.1, 0.004, 2.2, 2.0, 300.0) == pytest.approx(np.exp(log_loss))
    assert Farseer.formula(1e9, 4e9, 0.1, 0.05, -0.3, 0.2, 0.04, -0.5, -0.1, 0.03, -1.0) == pytest.approx(
        np.exp(0.1 * 1e9**0.05 - 0.3) + np.exp(0.2 * 1e9**0.04 - 0.5) * 4e9 ** -np.exp(-0.1 * 1e9**0.03 - 1.0)
    )


def test_routed_saturates_between_its_two_ends():
    at = [Routed.formula(1.0, E, 0.0, 1.0, 0.0, 0.0, 2.0, 300.0) for E in (1.0, 1e9)]
    assert at == pytest.approx([2.0, 300.0], rel=1e-6)


def test_m4_solves_its_own_equation():
    x = np.logspace(0, 6, 50)
    for alpha in (0.0, 0.3, 1.0, 2.5):
        loss = M4.formula(x, np.array([[0.1]]), np.array([[0.9]]), np.array([[alpha]]), np.array([[2.0]]), np.array([[0.4]]))[0]
        inside = loss < 1.0 - 1e-12
        assert np.allclose((loss - 0.1)[inside] / (1.0 - loss[inside]) ** alpha, 2.0 * x[inside] ** -0.4, rtol=1e-9)
        assert (np.diff(loss) <= 0).all() and loss.min() > 0.1 and loss.max() <= 1.0


def test_bnsl_does_not_overflow_and_takes_more_breaks():
    assert np.isfinite(BNSL.formula(np.array([1e-300, 1e300]), 0.1, 1.0, 0.2, 0.3, 1.0, 0.01)).all()
    assert [p.name for p in BNSL(n_breaks=2).parameters] == ["a", "b", "c0", "c1", "d1", "f1", "c2", "d2", "f2"]
    with pytest.raises(PredictorError, match="n_breaks: expected at least 1"):
        BNSL(n_breaks=0).fit(CURVE, CURVE["samples"])


def test_repeated_tokens_are_worth_less_and_single_epochs_are_chinchilla():
    constants = (1.87, 521.0, 0.35, 1488.0, 0.35, 15.4, 5.3)
    small = 1e6  # below the optimal size for its tokens, so that no parameter is in excess
    single = DataConstrained.formula(small, 1e10, 1e10, *constants)
    assert single == pytest.approx(Chinchilla.formula(small, 1e10, *constants[:5]))
    once, four, forty = (DataConstrained.formula(small, e * 1e9, 1e9, *constants) for e in (1, 4, 40))
    unique = DataConstrained.formula(small, 4e9, 4e9, *constants)
    assert once > four > forty and four > unique


def schedule(name, n=300, peak=3e-4):
    steps = np.arange(100.0, 100.0 + 10 * n, 10)
    t = np.linspace(0, 1, n)
    rate = {"constant": np.full(n, peak), "cosine": peak * (0.55 + 0.45 * np.cos(np.pi * t)), "decay": peak * np.where(t < 0.7, 1, 0.3)}[
        name
    ]
    return pd.DataFrame({"run": name, "steps": steps, "learning_rate": rate})


def test_annealing_sums_are_the_papers_double_sum():
    steps, rate = np.arange(10.0, 60.0), np.linspace(3.0, 1.0, 50) ** 2
    s1, s2 = annealing_sums(steps, rate, 0.9)
    fall = -np.diff(rate, prepend=rate[0])
    brute = [sum(fall[k] * 0.9 ** (i - k) for i in range(s + 1) for k in range(i + 1)) for s in range(50)]
    assert np.allclose(s2, brute) and np.allclose(s1, 0.5 * 10 * rate[0] + np.cumsum(rate))
    order = np.random.default_rng(0).permutation(50)
    assert np.allclose(annealing_sums(steps[order], rate[order], 0.9)[1], s2[order])


def test_lr_annealing_recovers_its_constants_and_needs_the_run():
    X = pd.concat([schedule(n) for n in ("constant", "cosine", "decay")], ignore_index=True)
    law = LRAnnealing(loss="l2")
    truth = {"L_0": 2.4, "A": 0.5, "alpha": 0.45, "C": 0.6}
    y = LRAnnealing.formula(*law.inputs(X), *truth.values())
    order = np.random.default_rng(1).permutation(len(X))
    fitted = law.fit(X.iloc[order], y[order])
    assert fitted.params_ == pytest.approx(truth, rel=1e-5)
    assert np.allclose(fitted.predict(X), y, rtol=1e-8)
    with pytest.raises(PredictorError, match="column 'run' is missing"):
        law.fit(X[["steps", "learning_rate"]], y)
    with pytest.raises(PredictorError, match="lam: expected a number in"):
        LRAnnealing(lam=1.0).fit(X, y)


def test_every_law_of_the_catalogue_is_tested_here():
    """Forms with a prior on their constants are in test_generic_forms.py, test_pooled.py, test_posterior.py and test_scaled_mixture.py."""
    elsewhere = tuple(f"scalingbench.predictors.laws.{module}" for module in ("priors", "posterior", "scaled_mixture"))
    classes = {type(entry.make()) for entry in BUILT_IN if not entry.target.startswith(elsewhere)}
    without_entry = {"InformationCapacity", "LineTimesSigmoid", "MassiveActivation"}
    assert {c.__name__ for c in classes if issubclass(c, ParametricLaw)} | without_entry == set(TRUTH)
    assert all(issubclass(c, ScalingLaw) for c in classes)


@pytest.mark.parametrize("name", TRUTH)
def test_jacobian_is_the_slope_of_the_formula(name):
    law, X, truth = TRUTH[name]
    y = values(law, X, truth)
    problem = quiet(clone(law).set_params(n_starts=4), X, y)._problem
    rng = np.random.default_rng(3)
    u = np.clip(rng.uniform(-0.4, 0.4, (1, len(problem.parameters))), problem.bounds[0] + 1e-3, problem.bounds[1] - 1e-3)
    theta = problem.theta(u)
    exact = derivatives(problem._law, problem.inputs, theta, np.where(problem.positive, theta, 1.0))[1][0]
    for p, slope in enumerate(exact):
        step = np.zeros_like(u)
        step[0, p] = 1e-6
        numeric = (problem.values(problem.theta(u + step)) - problem.values(problem.theta(u - step)))[0] / 2e-6
        assert np.allclose(slope, numeric, rtol=2e-4, atol=1e-6 * (1.0 + np.abs(numeric).max())), problem.parameters[p].name


def test_the_tuning_curve_is_the_mean_of_the_best_of_k_draws():
    """Draws from the quadratic distribution: F(y) = 1 - ((best - y) / gap)^(gamma / 2)."""
    rng = np.random.default_rng(4)
    for k in (1, 5, 40):
        draws = 0.8 - 0.5 * rng.uniform(size=(100_000, k)) ** (2.0 / 3.4)
        assert TuningCurve.formula(float(k), 0.8, 0.5, 3.4) == pytest.approx(draws.max(axis=1).mean(), abs=1e-3)


def test_saturated_leverage_is_the_plain_one_between_its_ends():
    constants = (0.2, -0.018, -0.08, 0.02)
    plain = EfficiencyLeverage.formula(0.9, 8.0, 1e20, *constants)
    assert SaturatedLeverage.formula(0.9, 8.0, 1e20, *constants, 1e-9, 1e9) == pytest.approx(plain, rel=1e-6)
    assert SaturatedLeverage.formula(0.9999999, 8.0, 1e20, *constants, 0.02, 1e9) == pytest.approx(
        EfficiencyLeverage.formula(0.98, 8.0, 1e20, *constants), rel=1e-4
    )
