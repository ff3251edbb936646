"""Laws that are more than a formula: two stages, observational, families, mixtures by regression, surfaces."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.errors import InputError, PredictorError
from scalingbench.predictors.generic.regressors import LogQuadratic, PolynomialRidge, SymbolicRegression
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.downstream import LineTimesSigmoid, LossToAccuracy, TwoStage
from scalingbench.predictors.laws.mixture import LogMixture, MixtureBoosting, MixtureRegression
from scalingbench.predictors.laws.observational import Observational, QuantileFrontier, Sloth

RNG = np.random.default_rng(2)


def test_two_stages_predict_from_size_and_data_alone():
    X = pd.DataFrame({"params": 10 ** RNG.uniform(7.5, 9, 60), "tokens": 10 ** RNG.uniform(9, 11, 60)})
    X["source_loss"] = Chinchilla.formula(X["params"], X["tokens"], 1.7, 400.0, 0.34, 1500.0, 0.37)
    y = LossToAccuracy.formula(X["source_loss"].to_numpy(), 0.25, 0.6, 3.0, 3.1)
    law = TwoStage().fit(X, y)
    unknown = pd.DataFrame({"params": [7e9, 7e10], "tokens": [1e12, 2e12], "source_loss": [np.nan, np.nan]})
    loss = Chinchilla.formula(unknown["params"], unknown["tokens"], 1.7, 400.0, 0.34, 1500.0, 0.37)
    assert np.allclose(law.predict(unknown), LossToAccuracy.formula(loss.to_numpy(), 0.25, 0.6, 3.0, 3.1), atol=2e-3)
    with pytest.raises(PredictorError, match="second: expected one of sigmoid, exponential"):
        TwoStage(second="linear").fit(X, y)


@pytest.fixture(scope="module")
def models():
    skill = RNG.normal(0, 1, 80)
    X = pd.DataFrame({"flops": np.exp(45 + 2 * skill)})
    for i, slope in enumerate((0.5, 0.9, 1.3)):
        X[f"obs_{i}"] = 1 / (1 + np.exp(-slope * skill - 0.2 * i + RNG.normal(0, 0.02, 80)))
    return X, 0.05 + 0.95 / (1 + np.exp(-1.5 * skill + 0.5))


def test_components_of_other_benchmarks_give_the_result_and_compute_stands_in_for_them(models):
    X, y = models
    law = Observational(n_components=1).fit(X[:60], y[:60])
    assert np.abs(law.predict(X[60:]) - y[60:]).max() < 0.03
    assert np.abs(law.predict(X[60:][["flops"]]) - y[60:]).max() < 0.05


def test_families_share_slopes_and_keep_their_levels():
    N, D = 10 ** RNG.uniform(8, 10, 40), 10 ** RNG.uniform(10, 12, 40)
    family = np.repeat(["a", "b"], 20)
    y = 1 / (1 + np.exp(-(-12 + 0.4 * np.log(N) + 0.2 * np.log(D) + (family == "b"))))
    X = pd.DataFrame({"params": N, "tokens": D, "curve": family})
    law = Sloth(ridge=1e-3).fit(X, y)
    assert np.abs(law.predict(X) - y).max() < 0.02
    stranger = law.predict(X.assign(curve="c"))
    assert (stranger[:20] > law.predict(X)[:20]).all() and (stranger[20:] < law.predict(X)[20:]).all()


@pytest.mark.parametrize("law", [MixtureRegression(), LogMixture(), MixtureBoosting()])
def test_mixture_regressions_rank_mixtures(law):
    shares = RNG.dirichlet([1, 1, 1], 120)
    X = pd.DataFrame(shares, columns=["mix_a", "mix_b", "mix_c"])
    y = 2.0 + np.exp(-shares @ [1.0, 2.0, 0.5])
    predicted = law.fit(X[:90], y[:90]).predict(X[90:])
    assert np.corrcoef(predicted, y[90:])[0, 1] > 0.9
    with pytest.raises(PredictorError, match=r"X: column 'mix_\*' is missing; it has a"):
        type(law)().fit(pd.DataFrame({"a": [1.0, 2.0]}), [1.0, 2.0])


def test_surfaces_recover_a_quadratic_in_logarithms_above_a_floor():
    X = pd.DataFrame({"params": 10 ** RNG.uniform(7, 9, 80), "learning_rate": 10 ** RNG.uniform(-4, -2, 80)})
    a, b = np.log(X["params"]) - 18, np.log(X["learning_rate"]) + 7
    y = (2.0 + np.exp(-0.3 * a + 0.05 * b**2)).to_numpy()
    errors = {m: np.abs(np.log(m.fit(X[:60], y[:60]).predict(X[60:]) / y[60:])).max() for m in (LogQuadratic(), PolynomialRidge())}
    assert max(errors.values()) < 0.05
    assert LogQuadratic().fit(X, y)._floor > 0 and LogQuadratic(floor=False).fit(X, y)._floor == 0


def test_symbolic_regression_finds_a_line_and_says_what_it_needs(monkeypatch):
    X, y = pd.DataFrame({"params": np.logspace(6, 9, 40)}), np.logspace(6, 9, 40) ** -0.2
    assert np.abs(np.log(SymbolicRegression(generations=5).fit(X, y).predict(X) / y)).max() < 0.3
    monkeypatch.setattr("scalingbench.common.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs gplearn"):
        SymbolicRegression().fit(X, y)


def test_the_quantile_frontier_lies_above_the_stated_share_of_models_and_never_falls():
    rng = np.random.default_rng(3)
    C = 10 ** rng.uniform(19, 25, 2_000)
    edge = 0.1 + 0.7 / (1.0 + np.exp(-1.5 * (np.log10(C) - 22.0)))
    X, y = pd.DataFrame({"flops": C}), edge * rng.uniform(0.2, 1.0, 2_000)
    for tau in (0.5, 0.98):
        found = QuantileFrontier(tau).fit(X, y).predict(X)
        assert (y <= found).mean() == pytest.approx(tau, abs=0.015)
        assert (np.diff(found[np.argsort(C)]) >= -1e-12).all()
    assert np.abs(found / edge - 1.0).max() < 0.15, "at .98 it is the edge from which the results were drawn"
    with pytest.raises(PredictorError, match=r"tau: must lie between 0 and 1, got 1\.0"):
        QuantileFrontier(1.0).fit(X, y)


def test_a_question_and_its_negation_make_a_u():
    """Below the threshold accuracy is that of the wrong answer, above it that of the right one (Zhang et al. 2023)."""
    N = np.logspace(6, 12, 200)
    y = LineTimesSigmoid.formula(N, -0.3, 0.04, 1e10, 4.0)
    skill = -0.3 + 0.04 * np.log(N)
    assert y[0] == pytest.approx(1.0 - skill[0]) and y[-1] == pytest.approx(skill[-1], abs=1e-6)
    assert 0 < np.argmin(y) < 199 and y.min() < min(y[0], y[-1])
