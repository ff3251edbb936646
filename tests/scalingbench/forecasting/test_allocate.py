"""A budget is split where the loss is least, within limits, by every predictor of params and tokens."""

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.allocate import allocate
from scalingbench.forecasting.reading import read_runs
from scalingbench.forecasting.sweeps import best_of_sweeps, best_settings
from scalingbench.predictors.laws.compute import Chinchilla

TRUE = {"E": 1.7, "A": 400.0, "alpha": 0.34, "B": 1500.0, "beta": 0.37}
FIXED = "chinchilla[l2-log]"


def optimal_params(flops):
    """Closed form of Hoffmann et al. 2022, eq. 4."""
    ratio = TRUE["alpha"] * TRUE["A"] / (TRUE["beta"] * TRUE["B"])
    return ratio ** (1 / (TRUE["alpha"] + TRUE["beta"])) * (flops / 6) ** (TRUE["beta"] / (TRUE["alpha"] + TRUE["beta"]))


def loss(N, D):
    return Chinchilla.formula(np.asarray(N, float), np.asarray(D, float), *TRUE.values())


@pytest.fixture(scope="module")
def runs():
    budgets = np.repeat(10.0 ** np.linspace(18, 20, 5), 6)
    N = optimal_params(budgets) * np.tile(np.exp(np.linspace(-1.4, 1.4, 6)), 5)
    D = budgets / 6 / N
    return pd.DataFrame({"params": N, "tokens": D, "value": loss(N, D) * np.exp(np.random.default_rng(0).normal(0, 0.001, 30))})


def test_a_law_chooses_its_closed_form_optimum(runs):
    found = allocate(runs, 1e22, predictor=FIXED)
    assert found.params == pytest.approx(optimal_params(1e22), rel=0.15)
    assert 6 * found.params * found.tokens == pytest.approx(1e22) and found.training_flops == pytest.approx(1e22)
    assert found.value == pytest.approx(float(loss(found.params, found.tokens)), rel=0.01) and found.low < found.value < found.high
    assert found.params_interval[0] < optimal_params(1e22) < found.params_interval[1]
    assert found.bound is None and found.inference_flops == 0


@pytest.mark.parametrize("side", ["params", "tokens", "loss"])
def test_a_budget_is_found_by_its_other_sides(runs, side):
    N = optimal_params(1e22)
    truth = {"params": N, "tokens": 1e22 / 6 / N, "loss": float(loss(N, 1e22 / 6 / N))}
    found = allocate(runs, **{side: truth[side]}, predictor=FIXED)
    assert found.budget.flops == pytest.approx(1e22, rel=0.2) and found.side == side
    assert found.value == pytest.approx(truth["loss"], rel=0.005)
    low, high = found.flops_interval
    assert low < found.budget.flops < high
    if side != "loss":
        assert getattr(found, side) == pytest.approx(truth[side], rel=0.02)
    else:  # the range has the lack of fit of the forecast: at its upper end the loss is lower by what the forecast may be too low
        N = optimal_params(high)
        assert found.value / float(loss(N, high / 6 / N)) - 1 >= 0.8 * (found.high / found.value - 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "expected one of --flops, --params, --tokens and --loss, got none"),
        ({"params": 7e9, "loss": 2.0}, "got --params and --loss"),
        ({"loss": -1.0}, "--loss: expected a positive number"),
        ({"params": 7e9, "max_tokens": 1e12}, "--params: is a limit by itself"),
        ({"loss": 0.5}, "--loss 0.5: no budget from .* has it as the best"),
    ],
)
def test_a_side_that_cannot_be_answered_is_refused(runs, given, message):
    with pytest.raises(InputError, match=message):
        allocate(runs, **given, predictor=FIXED)


def test_isoflop_curves_give_the_best_size_too(runs):
    found = {one.name: one for one in allocate(runs, 1e21, predictor=FIXED).isoflop}
    assert set(found) == {"parabola", "cubic"}
    for one in found.values():
        assert one.low < one.params < one.high and one.params == pytest.approx(optimal_params(1e21), rel=0.5) and one.budgets == 5


def test_autolaw_chooses_near_the_truth_and_shows_its_laws(runs):
    found = allocate(runs, 1e22)
    assert found.params == pytest.approx(optimal_params(1e22), rel=0.35)
    assert {*found.by_law, *found.no_optimum} == set(found.weights) and len(found.by_law) > 1
    low, high = found.params_interval
    assert low < optimal_params(1e22) < high


def test_what_has_no_optimum_has_no_weight():
    N, ratio = (np.ravel(a) for a in np.meshgrid([2e7, 4e7, 9e7, 1.7e8, 3.5e8], [6, 14, 33, 80], indexing="ij"))
    noise = np.exp(np.random.default_rng(1).normal(0, 0.03, 20))
    found = allocate(pd.DataFrame({"params": N, "tokens": N * ratio, "value": loss(N, N * ratio) * noise}), 1e21)
    assert {n for n in found.weights if n.startswith(("log-linear", "nearest"))} <= set(found.no_optimum)
    sizes = np.array(list(found.by_law.values()))
    assert not {*found.by_law} & {*found.no_optimum} and sizes.max() / sizes.min() < 20
    assert sizes.min() <= found.params <= sizes.max()
    assert found.no_optimum and all(name in str(found) for name in found.no_optimum)


def test_a_limit_does_not_take_an_optimum_away(runs):
    found = allocate(runs, 1e22, max_params=3e9)
    assert found.bound == "--max-params" and "chinchilla[huber-log]" in found.by_law and found.params_interval[1] <= 3e9 * (1 + 1e-9)


def test_the_flat_region_is_as_good_as_it_says(runs):
    found = allocate(runs, 1e22, predictor=FIXED, within=0.005)
    law = found.model
    for N in found.flat_params:
        assert float(law.predict(pd.DataFrame({"params": [N], "tokens": [1e22 / 6 / N]}))[0]) == pytest.approx(
            1.005 * found.value, rel=1e-3
        )
    narrow = allocate(runs, 1e22, predictor=FIXED, within=0.001)
    assert found.flat_params[0] < narrow.flat_params[0] < found.params < narrow.flat_params[1] < found.flat_params[1]


def test_limits_decide_where_they_bind(runs):
    free = allocate(runs, 1e22, predictor=FIXED)
    small = allocate(runs, 1e22, predictor=FIXED, max_params=free.params / 4)
    assert (
        small.params == pytest.approx(free.params / 4) and small.bound == "--max-params" and small.tokens == pytest.approx(4 * free.tokens)
    )
    scarce = allocate(runs, 1e22, predictor=FIXED, max_tokens=free.tokens / 5)
    assert scarce.tokens == pytest.approx(free.tokens / 5) and scarce.bound == "--max-tokens"
    assert scarce.params == pytest.approx(5 * free.params)
    both = allocate(runs, 1e22, predictor=FIXED, max_params=free.params / 2, max_tokens=free.tokens / 2)
    assert both.bound == "--max-params with --max-tokens" and both.training_flops == pytest.approx(1e22 / 4)
    loose = allocate(runs, 1e22, predictor=FIXED, max_params=10 * free.params, max_tokens=10 * free.tokens)
    assert loose.params == pytest.approx(free.params, rel=0.02) and loose.bound is None


def test_demand_at_inference_makes_models_smaller_and_costs_what_it_says(runs):
    """Sardana et al. 2023: of all models of that total cost, none is better; so of that loss, none is cheaper."""
    free, served = allocate(runs, 1e22, predictor=FIXED), allocate(runs, 1e22, predictor=FIXED, inference_tokens=2e12)
    assert served.params < 0.6 * free.params and served.tokens / served.params > free.tokens / free.params
    assert served.training_flops + served.inference_flops == pytest.approx(1e22)
    assert served.inference_flops == pytest.approx(2 * served.params * 2e12)
    law = served.model
    for N in served.params * np.array([0.7, 0.9, 1.1, 1.4]):  # what each size must be trained on for that loss, and what that costs in all
        D = np.geomspace(1e9, 1e15, 4000)
        enough = D[np.argmax(law.predict(pd.DataFrame({"params": N, "tokens": D})) <= served.value)]
        if law.predict(pd.DataFrame({"params": [N], "tokens": [1e15]}))[0] < served.value:
            assert 6 * N * enough + 2 * N * 2e12 > 1e22 * 0.999


def test_predictors_without_a_formula_are_split_too(runs):
    found = allocate(runs, 3e20, predictor="log-quadratic[floor]")
    assert found.params == pytest.approx(optimal_params(3e20), rel=0.4) and found.bound is None


def test_what_has_no_best_split_says_so(runs):
    found = allocate(runs, 1e22, predictor="log-linear")
    assert found.bound == "the edge of the search" and {"no-optimum", "split"} <= {c.code for c in found.cautions if c.level == "warning"}


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"tokens": 1e10}, {}, "every run has the same tokens: the runs do not show how to split a budget"),
        ({}, {"predictor": "power-law"}, "power-law does not read params and tokens"),
        ({}, {"max_params": -1.0}, "--max-params: expected a positive number"),
        ({}, {"at": "unique_tokens=1e9"}, "no column 'unique_tokens'"),
    ],
)
def test_what_cannot_be_split_is_named(runs, change, options, message):
    with pytest.raises(InputError, match=message):
        allocate(runs.assign(**change), 1e22, **options)


def test_the_command_prints_it(runs, tmp_path):
    runs.to_csv(tmp_path / "runs.csv", index=False)
    done = scalingbench("allocate", "runs.csv", "--flops", "1e22", "--max-tokens", "1T", "--predictor", FIXED, "--json", cwd=tmp_path)
    found = data_of(done, "allocate")
    assert (
        done.returncode == 0 and found["budget"]["max_tokens"] == 1e12 and found["params"] == pytest.approx(optimal_params(1e22), rel=0.15)
    )
    done = scalingbench("allocate", "runs.csv", "--flops", "lots", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == "error: --flops: expected a positive number such as 1e9 or 7B, got 'lots'\n"


@pytest.fixture(scope="module")
def swept():
    """At every configuration nine learning rates, the best of which falls as params^-0.3."""
    rows = []
    for N in (1e7, 3e7, 1e8, 3e8):
        for D in (1e9, 4e9, 16e9):
            for lr in np.geomspace(1e-4, 1e-2, 9):
                best = 2e-3 * (N / 1e8) ** -0.3
                rows.append({"params": N, "tokens": D, "learning_rate": lr, "value": loss(N, D) * (1 + 0.01 * np.log(lr / best) ** 2)})
    return pd.DataFrame(rows)


def test_the_best_learning_rate_and_how_it_grows(swept):
    (setting,) = best_settings(read_runs(swept), {"params": 1e9, "tokens": 2e10})
    assert setting.name == "learning_rate" and setting.groups == 12
    assert setting.exponents["params"] == pytest.approx(-0.3, abs=0.01) and setting.exponents["tokens"] == pytest.approx(0, abs=0.01)
    assert setting.value == pytest.approx(2e-3 * 10**-0.3, rel=0.02) and setting.low <= setting.value <= setting.high


def test_sweeps_are_reduced_to_their_best_runs(swept, runs):
    best = best_of_sweeps(read_runs(swept))
    assert len(best.table) == 12 and "12 of 108" in best.notes[-1]
    assert best.table["value"].tolist() == swept.groupby(["params", "tokens"], sort=False)["value"].min().tolist()
    assert best_of_sweeps(read_runs(runs)).notes == ()
    assert best_settings(read_runs(runs), {"params": 1e9, "tokens": 2e10}) == ()
