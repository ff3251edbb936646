"""What a run costs is what the table's own flops say; a run has one answer, whichever two of its three coordinates are named."""

import re

import numpy as np
import pandas as pd
import pytest

from scalingbench.common.errors import InputError
from scalingbench.forecasting.allocate import allocate
from scalingbench.forecasting.cautions import data_cautions
from scalingbench.forecasting.explanation import _exponents
from scalingbench.forecasting.forecast import forecast
from scalingbench.forecasting.identity import identity_of
from scalingbench.forecasting.plan import plan
from scalingbench.forecasting.query import make_query
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.targets import parse_target

FIXED = "chinchilla[l2-log]"


def grid(sizes=(2e7, 4e7, 9e7, 1.7e8, 3.5e8), ratios=(6, 14, 33, 80)):
    N, ratio = (np.ravel(a) for a in np.meshgrid(sizes, ratios, indexing="ij"))
    D = N * ratio
    return pd.DataFrame({"params": N, "tokens": D, "flops": 6 * N * D, "value": 1.7 + 400 * N**-0.34 + 1500 * D**-0.37})


@pytest.fixture
def experts():
    """A seventh of the parameters is active, and the flops are theirs."""
    return grid().rename(columns={"params": "params_active"}).assign(params=lambda t: 7 * t["params_active"])


def test_the_factor_is_that_of_the_rows(experts):
    assert identity_of(grid()).usual and identity_of(grid()).stated
    found = identity_of(experts)
    assert (found.size, found.factor) == ("params", pytest.approx(6 / 7)) and "6 x params_active x tokens" in str(found)
    assert identity_of(experts.drop(columns="flops")).factor == pytest.approx(6 / 7)
    assert not identity_of(experts.drop(columns="flops")).stated


def test_a_budget_is_spent_by_the_factor_of_the_table(experts):
    dense, sparse = allocate(grid(), 1e21, predictor=FIXED), allocate(experts, 1e21, predictor=FIXED)
    assert 6 / 7 * sparse.params * sparse.tokens == pytest.approx(1e21) == sparse.training_flops
    assert sparse.params == pytest.approx(7 * dense.params, rel=0.05) and sparse.value == pytest.approx(dense.value, rel=1e-3)
    assert "0.857 x params x tokens = 6 x params_active x tokens (by the table)" in str(sparse)
    served = allocate(experts, 1e21, predictor=FIXED, inference_tokens=1e11)
    assert served.training_flops + served.inference_flops == pytest.approx(1e21)


def test_where_the_active_share_varies_the_active_parameters_are_chosen(experts):
    varied = experts.assign(params=experts["params_active"] * np.tile([4.0, 8.0, 16.0, 32.0], 5))
    found = allocate(varied, 1e21, predictor=FIXED)
    assert found.params == pytest.approx(allocate(grid(), 1e21, predictor=FIXED).params, rel=1e-6)
    assert any("params are params_active" in note for note in found.data.notes)
    with pytest.raises(InputError, match="--max-params: the budget pays for params_active"):
        allocate(varied, 1e21, predictor=FIXED, max_params=1e9)
    with pytest.raises(InputError, match="do not say what a run costs"):
        plan(varied, budget=1e20, target="params=1e9,tokens=2e10")


def test_a_plan_spends_by_the_table(experts):
    found = plan(experts, budget=1e20, target={"params": 7e9, "tokens": 2e10}, most=4)
    assert found.runs["flops"].to_numpy() == pytest.approx(6 / 7 * found.runs["params"] * found.runs["tokens"])
    assert "0.857 x params x tokens" in str(found)


def test_flops_that_are_no_multiple_are_questioned_and_the_rows_named():
    table = grid()
    table["flops"] = np.where(np.arange(20) % 3 == 0, table["flops"] % 1e15 + 1e10, table["flops"])
    (caution,) = [c for c in data_cautions(make_query(read_runs(table), "params=1e9,tokens=2e10")) if c.code == "flops"]
    assert caution.level == "warning" and "not constant" in caution.message and "tokens=1.6B (5.21e-08 times)" in caution.message
    one = grid()
    one.loc[3, "flops"] *= 10
    (caution,) = [c for c in data_cautions(make_query(read_runs(one), "params=1e9,tokens=2e10")) if c.code == "flops"]
    assert caution.level == "warning" and caution.message.endswith("params=20M, tokens=1.6B (10 times)")


def test_flops_of_the_target_s_own_size_and_tokens_are_no_hidden_variable(experts):
    for table in (grid(), experts):
        found = data_cautions(make_query(read_runs(table), "params=1e9,tokens=2e10"))
        assert not [c for c in found if c.code == "left-out"]


@pytest.mark.parametrize("gone", [[], ["params"], ["tokens"]], ids=str)
def test_any_two_coordinates_of_a_run_give_one_answer(gone):
    table = grid().drop(columns=gone)
    answers = [forecast(table, t, predictor=FIXED).value for t in ("N=1e9,D=2e10", "C=1.2e20,D=2e10", "params=1e9,flops=1.2e20")]
    assert answers == pytest.approx([answers[0]] * 3, rel=1e-9)
    assert forecast(table, "N=1e9,D=2e10,C=1.2e20", predictor=FIXED).value == pytest.approx(answers[0], rel=1e-9)
    with pytest.raises(InputError, match="leave one of the three out"):
        forecast(table, "N=1e9,D=2e10,C=1.2e21", predictor=FIXED)


def test_a_target_takes_aliases_and_the_table_s_own_headers():
    assert parse_target("N=7B, n_tokens=2T") == {"params": 7e9, "tokens": 2e12} == parse_target({"N": 7e9, "D": 2e12})
    assert parse_target("tokens (B)=20") == {"tokens": 2e10} == parse_target("tokens (B)=20B")
    table = grid().drop(columns="flops").rename(columns={"params": "groesse", "tokens": "D"})
    found = forecast(table, "groesse=1B,D=20B", predictor=FIXED, names={"groesse": "params"})
    assert found.target == {"params": 1e9, "tokens": 2e10}
    with pytest.raises(InputError, match="unknown variable 'groesse'"):
        parse_target("groesse=1B")


def _kinds():
    rng = np.random.default_rng(0)
    width = np.repeat([256.0, 512.0, 1024.0, 2048.0], 4)
    inner, tokens = 12 * 8 * width**2, np.tile(np.geomspace(1e9, 2e10, 4), 4)
    loss = (1.8 + 482 * inner**-0.348 + 2085 * tokens**-0.366) * np.exp(0.001 * rng.standard_normal(16))
    total = {"params": inner + 50_000 * width, "params_nonembedding": inner}
    return pd.DataFrame({**total, "tokens": tokens, "vocab_size": 50_000, "width": width, "loss": loss})


@pytest.mark.parametrize("name", ["params", "params_nonembedding"])
def test_a_kind_of_parameters_follows_from_the_other_vocabulary_and_width(name):
    table = _kinds()
    query = make_query(read_runs(table.drop(columns=name)), {name: 4e9, "tokens": 8e10})
    assert np.allclose(np.sort(query.X[name]), np.sort(table[name]))
    assert any(note.startswith(f"{name} of 16 rows is") for note in query.notes)


@pytest.mark.parametrize("name", ["params", "params_nonembedding"])
def test_kinds_of_parameters_that_mix_are_asked_about(name):
    table = _kinds().drop(columns=["vocab_size", "width"])
    table.loc[3:5, name] = np.nan
    with pytest.raises(InputError, match=f"the table: row 4, column '{name}': 3 rows have params.* alone"):
        make_query(read_runs(table), {name: 4e9, "tokens": 8e10})
    whole = make_query(read_runs(table.assign(vocab_size=50_000, width=_kinds()["width"])), {name: 4e9, "tokens": 8e10})
    assert np.allclose(np.sort(whole.X[name]), np.sort(_kinds()[name]))


def test_exponents_of_both_kinds_are_told():
    query = make_query(read_runs(_kinds().drop(columns="params")), {"params_nonembedding": 4e9, "tokens": 8e10})
    (sentence,) = _exponents(query)
    assert re.fullmatch(r"Under Chinchilla's law .* is 0.\d+ by params and 0.3\d? by params_nonembedding.", sentence)
    assert not list(_exponents(make_query(read_runs(_kinds()[["params", "tokens", "loss"]]), {"params": 4e9, "tokens": 8e10})))
