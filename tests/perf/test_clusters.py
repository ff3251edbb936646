"""The search for collections that share runs: what it finds, what it leaves alone, and that the cards say the same."""

import numpy as np
import pandas as pd
import pytest
from scripts import perf_module


@pytest.fixture(scope="module")
def search():
    return perf_module("regenerate.clusters")


def table(values, metric="loss", **scales):
    rows = {"curve": "c", "run": [f"r{i}" for i in range(len(values))], "metric": metric, "value": values}
    return pd.DataFrame(rows | {name: np.asarray(scale, float) for name, scale in scales.items()})


def runs(count):
    sizes = np.geomspace(1e7, 1e10, count)
    return sizes, 20 * sizes, 1.7 + 400 * sizes**-0.33


def test_the_same_values_at_the_same_scales_are_shared_runs(search):
    params, tokens, loss = runs(8)
    ours = search.figures_of(table(loss, params=params, tokens=tokens))
    theirs = search.figures_of(table(np.r_[loss[:5], loss[5:] + 0.01], "loss_val", params=params, tokens=tokens, width=params))
    assert search.shared_figures(ours, theirs) == 5


@pytest.mark.parametrize("change", ["scale", "value", "digits", "few"])
def test_values_that_chance_could_give_are_none(search, change):
    params, _, loss = runs(8)
    if change == "digits":
        loss = loss.round(2)
    ours = search.figures_of(table(loss, params=params))
    other = {"scale": (loss, params * 3.3), "value": (loss * 1.001, params), "few": (np.r_[loss[:2], loss[2:] * 1.1], params)}
    values, sizes = other.get(change, (loss, params))
    assert search.shared_figures(ours, search.figures_of(table(values, params=sizes))) == 0


def test_values_that_agree_as_often_after_a_shift_are_none(search):
    same = np.full(4000, 1e6)
    rng = np.random.default_rng(0)
    one, other = (search.figures_of(table(rng.uniform(2, 2.5, 4000), steps=same)) for _ in range(2))
    assert search._matches(one, other, 0.0)[0] > search.AT_LEAST and search.shared_figures(one, other) == 0


def test_ratios_of_small_numbers_need_the_same_metric_and_two_scales(search):
    params, tokens, _ = runs(6)
    shares = np.array([271, 301, 344, 400, 477, 555]) / 1319
    ours = search.figures_of(table(shares, "accuracy_gsm8k", params=params, tokens=tokens))
    assert search.shared_figures(ours, search.figures_of(table(shares, "accuracy_gsm8k", params=params, tokens=tokens))) == 6
    assert search.shared_figures(ours, search.figures_of(table(shares, "accuracy_math", params=params, tokens=tokens))) == 0
    assert search.shared_figures(ours, search.figures_of(table(shares, "accuracy_gsm8k", tokens=tokens))) == 0


@pytest.mark.parametrize(
    ("collection", "written", "model"),
    [
        ("obs_scaling", "EleutherAI/pythia-1.4b-deduped", "pythia-1.4b-deduped"),
        ("obs_scaling", "meta-llama/Llama-2-7b-hf", "llama-2-7b"),
        ("obs_scaling", "meta-llama/Meta-Llama-3-8B", "llama-3-8b"),
        ("sloth", "meta-llama-3-8b", "llama-3-8b"),
        ("cerebras_pythia_pile", "Pythia deduped-1.4B", "pythia-1.4b-deduped"),
        ("cerebras_pythia_pile", "Cerebras muP-111M", "cerebras-gpt-111m-mup"),
        ("cerebras_pythia_pile", "NeoX-20B", "gpt-neox-20b"),
        ("llm_line", "OLMo-1B#13", "olmo-1b"),
        ("colpret", "OLMo-1B", "olmo-1b"),
        ("monkeys", "Pythia_1.4B_200B", "pythia-1.4b"),
        ("hitchhiker", "OPT-0.17T", "opt-175b"),
        ("hitchhiker", "OPT-13.00B", "opt-13b"),
        ("hitchhiker", "GPT2-2.80B-oscar-14.0", "2.8b-oscar-14ep"),
        ("hitchhiker", "SlimPajama_DoReMi_mix", "slimpajama-doremi"),
        ("epoch_benchmarks", "o1-mini-2024-09-12_high", "o1-mini"),
    ],
)
def test_one_model_has_one_name_wherever_it_stands(search, collection, written, model):
    assert search.PUBLIC[collection][1](written) == model


def test_names_of_settings_are_no_models(search):
    tiny = pd.DataFrame({"run": ["run-001", "cosine", "n1024", "0.6b", "width12", "point-3", "gpt-100m"], "curve": "c"})
    assert search.model_names("farseer", tiny) == {"gpt-100m"}


@pytest.mark.full
def test_every_pair_that_is_found_is_in_both_cards_and_every_overlap_is_found(search, mirror):
    pairs = search.found_pairs()
    assert [(p.one, p.other) for p in pairs if not p.recorded] == []
    assert search.unfounded(pairs) == []
    found = {(p.one, p.other): p for p in pairs}
    assert found["obs_scaling", "sloth"].names > 90 and found["obs_scaling", "sloth"].figures > 70
    assert found["dclm_models", "gadre_overtraining"].figures >= 3, "the 7B models on C4, RedPajama and RefinedWeb"


@pytest.mark.full
def test_a_compilation_holds_what_others_hold(search, mirror):
    assert search.found_elsewhere("hitchhiker") > 0.8
