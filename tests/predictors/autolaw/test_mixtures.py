"""AutoLaw where columns matter that are no axis of scale: shares of a mixture beside params and tokens."""

import numpy as np
import pytest
from mixture_tables import mixture_table
from stub_laws import X, Y, stub

from scalingbench.predictors.autolaw import unread
from scalingbench.predictors.autolaw.autolaw import AutoLaw
from scalingbench.predictors.autolaw.backtest import DataSet, candidates, fit_candidates
from scalingbench.predictors.autolaw.unread import behind, blind
from scalingbench.predictors.catalogue import BUILT_IN
from scalingbench.predictors.registry import get, list_predictors

SLOW = {"data-mixing", "optimal-mixture[additive]", "regmix[boosting]"}


@pytest.mark.full
@pytest.mark.parametrize(("kind", "rows", "domains"), [("product", 120, 12), ("sum", 120, 12), ("sum", 60, 5), ("none", 60, 5)])
def test_scale_and_mixture_are_predicted_together_within_one_and_a_half_percent(kind, rows, domains):
    made = mixture_table(kind, seed=1, rows=rows, domains=domains)
    law = AutoLaw().fit(made.X, made.y)
    assert np.abs(np.log(law.predict(made.target) / made.truth)).max() < 0.015
    weights = law.weights(made.target)
    without = sum(weight for name, weight in weights.items() if not any(c.startswith("mix_") for c in law.models_[name].columns_))
    assert (without < 0.02) == (kind != "none")


def test_forms_that_take_minutes_with_many_domains_are_not_tried_there():
    made = mixture_table("product", rows=30)
    assert not SLOW & set(candidates(made.X, made.y))
    assert SLOW - {"optimal-mixture[additive]"} <= set(candidates(made.X.drop(columns="tokens"), made.y))


def test_components_are_candidates_and_on_no_list():
    components = {e.name for e in BUILT_IN if e.component}
    assert components == {"mixture-times-scale", "mixture-plus-scale"}
    assert not components & {e.name for e in list_predictors()}
    assert all(get(name).name == name for name in components)


def fits_of(made):
    return fit_candidates([DataSet.of(made.X, made.y)], choose=lambda X, y: ("chinchilla[pooled]", "log-linear"))[0]


@pytest.mark.parametrize(("kind", "expected"), [("product", [True, False]), ("none", [False, False])])
def test_a_form_is_blind_where_columns_that_it_leaves_out_explain_its_residuals(kind, expected):
    fits = fits_of(mixture_table(kind, rows=40, domains=3))
    assert blind(fits, tuple(fits.by_name)).tolist() == expected


def test_columns_without_effect_explain_residuals_as_rarely_as_chance():
    rng = np.random.default_rng(0)
    chances = [unread._chance(rng.normal(size=(30, 4)), rng.normal(size=30)) for _ in range(400)]
    assert np.mean(np.array(chances) < 0.1) == pytest.approx(0.1, abs=0.04)


def test_axes_of_scale_are_judged_by_back_tests_alone(registered):
    registered(stub("reads", offsets=0.1))
    fits = fit_candidates([DataSet.of(X.assign(z=np.exp(Y)), Y)])[0]
    assert not blind(fits, ("reads",)).any()


def test_a_blind_form_is_behind_the_best_that_reads_the_columns_with_smaller_errors():
    logits, errors = np.array([[9.0], [4.0], [5.0]]), np.array([[-1.0, -2.0, 0.0], [-1.0, -2.0, 0.0]])
    unfit, usable = np.array([True, False, False]), np.ones((3, 1), bool)
    assert behind(logits, unfit, errors, usable, 5.0)[:, 0].tolist() == [-1.0, 4.0, 5.0]  # the third has larger errors
    assert behind(logits, unfit, -errors, usable, 5.0)[0, 0] == 0.0  # now the third is the better one
    usable[1] = False
    assert behind(logits, unfit, errors, usable, 5.0)[0, 0] == 9.0
    assert behind(logits, np.zeros(3, bool), errors, usable, 5.0) is not logits
