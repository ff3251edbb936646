"""Laws of scale and mixture together."""

import numpy as np
import pytest
from mixture_tables import mixture_table

from scalingbench.predictors.fitting.duals import derivatives
from scalingbench.predictors.laws.scaled_mixture import MixturePlusScale, MixtureTimesScale

LAWS = {"product": MixtureTimesScale, "sum": MixturePlusScale}


def fitted(kind, **table):
    made = mixture_table(kind, **table)
    return LAWS[kind](loss="l2").fit(made.X, made.y), made


@pytest.mark.parametrize("kind", LAWS)
def test_each_predicts_its_own_truth_at_a_hundred_times_the_compute(kind):
    law, made = fitted(kind)
    assert np.abs(np.log(law.predict(made.target) / made.truth)).max() < 0.01
    assert law.params_["alpha"] == pytest.approx(0.34, abs=0.03)


@pytest.mark.parametrize("kind", LAWS)
def test_jacobian_is_the_slope_of_the_formula(kind):
    law, _ = fitted(kind, rows=40, domains=4)
    problem, theta = law._problem, law._problem.theta(law.result_.u[None])
    assert problem.linearise(law.result_.u[None])[1].shape == (1, 8, 40)
    slopes = derivatives(problem._law, problem.inputs, theta, np.ones_like(theta))[1]
    ours = problem.jacobian(*problem.inputs, *(theta[:, [p]] for p in range(theta.shape[1])))
    assert np.allclose(ours, slopes, rtol=1e-9, atol=1e-12)


def test_the_last_share_is_left_out_only_where_shares_add_up_to_a_constant():
    made = mixture_table("product", rows=40, domains=3)
    assert MixtureTimesScale().fit(made.X, made.y).columns_ == ("params", "tokens", "mix_d00", "mix_d01")
    some = made.X.drop(columns="mix_d02")
    assert MixtureTimesScale().fit(some, made.y).columns_ == ("params", "tokens", "mix_d00", "mix_d01")
    assert MixtureTimesScale().fit(some[["params", "tokens", "mix_d00"]], made.y).columns_[2:] == ("mix_d00",)
