"""Recipes whose laws are known: the multiplier, the flip and the noise are recovered, and what cannot be answered is refused."""

import io

import numpy as np
import pandas as pd
import pytest
from command import data_of, scalingbench

from scalingbench.common.errors import InputError
from scalingbench.forecasting.contrast import contrast
from scalingbench.forecasting.examples import example_text
from scalingbench.forecasting.recipe_backtests import BackTest, best_form, shares_of

RECIPES = pd.read_csv(io.StringIO(example_text("recipes")))
COMPUTE = np.geomspace(1e17, 1e20, 7)


def curve(C, gain=1.0, E=1.7, b=0.08):
    return E + 30.0 * (C * gain) ** -b


def table(laws, noise=0.001, shared=0.0, seed=0, **columns):
    """Return runs of recipes, each a function of compute, with noise of their own and of each configuration."""
    rng = np.random.default_rng(seed)
    common = shared * rng.standard_normal(len(COMPUTE))
    each = {name: law(COMPUTE) * np.exp(common + noise * rng.standard_normal(len(COMPUTE))) for name, law in laws.items()}
    return pd.concat([pd.DataFrame({"recipe": name, "flops": COMPUTE, "loss": y, **columns}) for name, y in each.items()])


@pytest.fixture(scope="module")
def optimizers():
    return contrast(RECIPES, "flops=1e21", by="optimizer")


def test_the_multiplier_of_the_example_is_recovered(optimizers):
    assert [r.name for r in optimizers.recipes] == ["muon", "lion", "adamw"] and optimizers.form == "multiplier"
    for pair, truth in zip(optimizers.pairs, (1.4 / 1.05, 1.4), strict=True):
        assert pair.multiplier == pytest.approx(truth, rel=0.06) and pair.multiplier_low < truth < pair.multiplier_high
        assert pair.low < pair.difference < pair.high and pair.first == "muon"


def test_the_noise_is_that_which_recipes_do_not_share(optimizers):
    """A configuration adds .3 % to all recipes, a run .1 % of its own."""
    assert optimizers.noise == pytest.approx(0.001, rel=0.4) and (optimizers.configurations, optimizers.common) == (16, 16)


def test_probabilities_of_the_best_are_a_distribution(optimizers):
    shares = [r.best for r in optimizers.recipes]
    assert sum(shares) == pytest.approx(1.0) and shares[0] == max(shares)
    assert "muon - adamw: " in str(optimizers) and "best with probability" in str(optimizers)


def test_an_order_that_flips_is_foreseen_with_its_scale():
    """The curves cross at 3e20: 2.0 + a C**-.1 and 1.9 + b C**-.07."""
    steep, flat = (lambda C: 2.0 + 60.0 * C**-0.1), (lambda C: 2.0 + 60.0 * 3e20**-0.1 * (C / 3e20) ** -0.06)
    found = contrast(table({"steep": steep, "flat": flat}, noise=2e-4), "flops=3e21", by="recipe")
    (pair,) = found.pairs
    assert pair.first == "steep" and pair.flip == pytest.approx(3e20, rel=0.5) and pair.flips > 0.7
    assert steep(1e20) > flat(1e20)


def test_equal_recipes_are_not_told_apart():
    found = contrast(table({"a": curve, "b": curve}, noise=0.003, seed=3), "flops=1e21", by="recipe")
    (pair,) = found.pairs
    assert pair.low < 0 < pair.high and found.recipes[0].best < 0.95


def test_what_a_configuration_does_to_all_recipes_cancels():
    laws = {"a": curve, "b": lambda C: curve(C, 1.5)}
    common = contrast(table(laws, noise=5e-4, shared=0.01), "flops=1e21", by="recipe", form="ratio").pairs[0]
    apart = contrast(table(laws, noise=0.01), "flops=1e21", by="recipe", form="ratio").pairs[0]
    assert common.high - common.low < 0.5 * (apart.high - apart.low)


def test_new_runs_are_less_certain_than_expected_values():
    rows = table({"a": curve, "b": lambda C: curve(C, 1.5)}, noise=0.005)
    mean, run = (contrast(rows, "flops=1e21", by="recipe", of=of, form="ratio") for of in ("mean", "run"))
    assert run.pairs[0].high - run.pairs[0].low > mean.pairs[0].high - mean.pairs[0].low
    assert run.recipes[0].value == mean.recipes[0].value


def test_replicates_give_the_noise():
    rows = pd.concat(
        [table({"a": curve, "b": curve}, noise=0.004, seed=s, seed_column=s).rename(columns={"seed_column": "seed"}) for s in range(6)]
    )
    assert contrast(rows, "flops=1e21", by="recipe").noise == pytest.approx(0.004, rel=0.3)


def test_of_accuracies_the_largest_is_best():
    rows = table({"low": lambda C: 1.0 - curve(C, E=0.1) / 4, "high": lambda C: 1.0 - curve(C, 3.0, E=0.1) / 4}).rename(
        columns={"loss": "accuracy"}
    )
    found = contrast(rows, "flops=1e21", by="recipe")
    assert found.recipes[0].name == "high" and found.pairs[0].difference > 0 and 0 < found.recipes[0].value < 1
    assert any(c.code == "share" for c in found.cautions)


def test_every_pair_is_one_of_a_better_and_a_worse_recipe():
    gains = {"a": 1.0, "b": 2.0, "c": 4.0}
    found = contrast(table({n: lambda C, g=g: curve(C, g) for n, g in gains.items()}), "flops=1e21", by="recipe", pairs="all")
    assert [(p.first, p.second) for p in found.pairs] == [("c", "b"), ("c", "a"), ("b", "a")]


def test_the_answer_does_not_depend_on_the_order_of_rows():
    rows = table({"a": curve, "b": lambda C: curve(C, 1.5)})
    one, two = (contrast(t, "flops=1e21", by="recipe", form="multiplier") for t in (rows, rows.sample(frac=1.0, random_state=1)))
    assert one.pairs == two.pairs and one.recipes == two.recipes


@pytest.mark.parametrize(
    ("change", "at", "by", "message"),
    [
        (lambda t: t[t["recipe"] == "a"], "flops=1e21", "recipe", "has 1 recipe there"),
        (lambda t: t, "flops=1e21", "recipes", "unknown column 'recipes'; did you mean 'recipe'"),
        (lambda t: t[t["flops"] < 5e17], "flops=1e21", "recipe", "the runs are of 2 budgets of compute"),
        (lambda t: t[(t["recipe"] == "a") | (t["flops"] < 2e17)], "flops=1e21", "recipe", "b has 1 run"),
        (lambda t: t, "params=7B,tokens=1T", "recipe", "no column 'params'"),
        (lambda t: t.assign(recipe=t["recipe"].where(t["flops"] > 2e17, "")), "flops=1e21", "recipe", "row 1 names no recipe"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(change, at, by, message):
    with pytest.raises(InputError, match=message) as caught:
        contrast(change(table({"a": curve, "b": curve})), at, by=by)
    assert "\n" not in str(caught.value)


def test_a_score_without_an_end_is_refused():
    with pytest.raises(InputError, match="a contrast needs a positive loss, or shares below 1; the values are 'score'"):
        contrast(table({"a": curve, "b": curve}), "flops=1e21", by="recipe", metric="score")


@pytest.mark.parametrize(("option", "given"), [("of", "runs"), ("form", "one"), ("pairs", "each")])
def test_an_unknown_choice_is_refused_with_its_option(option, given):
    with pytest.raises(InputError, match=f"--{option}: unknown {option} '{given}'"):
        contrast(RECIPES, "flops=1e21", by="optimizer", **{option: given})


def test_a_simpler_form_is_chosen_within_a_standard_error_and_shares_the_draws():
    found = {"multiplier": BackTest(0.0019, 0, 1, 6, 1), "slope": BackTest(0.0016, 0, 1, 6, 1), "own": BackTest(0.004, 0, 1, 6, 1)}
    assert best_form(found) == "multiplier"
    shares = shares_of(found)
    assert shares["multiplier"] / shares["slope"] == pytest.approx((16 / 19) ** 6) and "own" not in shares
    assert best_form({**found, "slope": BackTest(0.001, 0, 1, 6, 1)}) == "slope"


def test_the_command_prints_the_envelope(tmp_path):
    rows = table({"a": curve, "b": lambda C: curve(C, 1.5)})
    rows.to_csv(tmp_path / "runs.csv", index=False)
    done = scalingbench("contrast", "runs.csv", "--at", "flops=1e21", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = data_of(done, "contrast")
    assert found["recipes"][0]["name"] == "b" and found["pairs"][0]["multiplier"] == pytest.approx(1.5, rel=0.3)
