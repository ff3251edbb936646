"""Facts of the routed language models: counts, shapes, compute, noise."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("routed_lm_moe").table


@pytest.fixture(scope="module")
def final(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[(table["metric"] == "loss_validation") & table["value"].notna()]
    return rows.loc[rows.groupby("run")["steps"].idxmax()].set_index("run")


def test_when_counted_then_223_runs_carry_six_losses(table: pd.DataFrame, final: pd.DataFrame) -> None:
    assert table["metric"].value_counts().to_dict() == dict.fromkeys(load_card("routed_lm_moe").scalingbench.metrics, 5799)
    assert final["curve"].value_counts().to_dict() == {
        "S-Base": 87,
        "Hash": 69,
        "RL-R": 54,
        "Dense": 8,
        "Dense/flops4": 3,
        "Dense/flops2": 2,
    }
    assert final["steps"].value_counts().to_dict() == {249_000: 221, 248_000: 1, 250_000: 1}


def test_when_a_value_is_missing_then_the_row_is_flagged_and_the_run_did_not_diverge(table: pd.DataFrame) -> None:
    missing = table["value"].isna()
    assert (table["flag"] == missing.map({True: "missing", False: ""})).all()
    assert table[missing].groupby("metric").size().to_dict() == {
        "loss_validation": 8,
        "loss_c4": 9,
        "loss_curation_corpus": 11,
        "loss_lambada": 11,
        "loss_pile": 15,
        "loss_wikitext103": 9,
    }
    curves = table[(table["metric"] == "loss_validation") & (table["steps"] >= 20_000) & ~missing].sort_values(["run", "steps"])
    assert curves.groupby("run")["value"].transform(lambda v: np.log(v).diff()).max() < 0.01


def test_when_default_routing_is_selected_then_three_routers_share_the_dense_runs(final: pd.DataFrame) -> None:
    default = final[(final["top_k"] == 1) & (final["routing_frequency"] == 0.5)]
    sizes = pd.crosstab(default["curve"], default["params"] > 4e8)
    assert sizes.loc["Dense"].to_list() == [7, 1]
    assert sizes.loc["S-Base"].to_list() == [44, 9]
    assert sizes.loc["RL-R"].to_list() == [45, 9]
    assert sizes.loc["Hash"].to_list() == [42, 9]


def test_when_shapes_are_known_then_params_are_those_of_a_transformer_without_embeddings(final: pd.DataFrame) -> None:
    attended = {512: (256, 512), 640: (768,), 896: (1024,), 1536: (1536,), 2048: (2048,)}
    for row in final.itertuples():
        attention = [5 * row.width * inner for inner in attended[row.width]]  # with projected relative positions
        expected = [row.depth * (8 * row.width**2 + part) for part in attention]
        assert min(abs(row.params / e - 1) for e in expected) < 0.005


def test_when_experts_are_added_then_total_parameters_grow_by_feed_forward_layers(final: pd.DataFrame) -> None:
    hash_370m = final[(final["curve"] == "Hash") & (final["params"] == 368_123_904) & (final["routing_frequency"] == 0.5)]
    layers, feed_forward = 6, 8 * 1536**2
    extra = (hash_370m["params_total"] - hash_370m["params"]) / ((hash_370m["experts"] - 1) * layers * feed_forward)
    assert extra.to_list() == pytest.approx([1.0] * 9, rel=1e-3)
    assert final["params_total"].max() == pytest.approx(2.07e11, rel=1e-3)


def test_when_tokens_and_flops_are_derived_then_they_agree_with_an_independent_count(table: pd.DataFrame, final: pd.DataFrame) -> None:
    assert final["tokens"].max() == pytest.approx(131e9, rel=1e-3)
    dense = final[final["curve"] == "Dense"]
    weights = dense["params"] + 32_000 * dense["width"]
    keys = dense["width"].map({512: 512, 640: 768, 896: 1024, 1536: 1536, 2048: 2048}).where(dense["params"] != 16_527_360, 256)
    attention = 3 * 2048 * keys * dense["depth"]  # content and position scores, weighted values
    np.testing.assert_allclose(dense["flops"], 6 * (weights + attention) * dense["tokens"], rtol=0.02)
    untrained = table["steps"] == 0
    assert table.loc[untrained, ["tokens", "flops"]].isna().all(axis=None)
    assert table.loc[~untrained, ["tokens", "flops"]].notna().all(axis=None)


def test_when_three_seeds_are_compared_then_noise_is_that_of_the_card(table: pd.DataFrame) -> None:
    seeds = table[table["seed"].isin([1, 2, 3]) & (table["steps"] == 249_000)]
    spread = np.log(seeds["value"]).groupby(seeds["metric"]).std()
    for name, metric in load_card("routed_lm_moe").scalingbench.metrics.items():
        assert spread[name] == pytest.approx(metric.noise, abs=6e-5)


def test_when_settings_repeat_then_only_four_ablation_pairs_do(final: pd.DataFrame) -> None:
    settings = ["curve", "params", "experts", "top_k", "routing_frequency", "seed"]
    repeated = final[final.duplicated(settings, keep=False)]
    assert set(repeated.index) == {"run-028", "run-067", "run-047", "run-056", "run-049", "run-057", "run-054", "run-066"}
    assert (repeated["routing_frequency"] != 0.5).all()


def test_when_experts_are_added_at_the_largest_size_then_every_step_helps(final: pd.DataFrame) -> None:
    default = final[(final["top_k"] == 1) & (final["routing_frequency"] == 0.5) & (final["params"] > 1e9)]
    for router in ("S-Base", "RL-R", "Hash"):
        losses = default[default["curve"].isin([router, "Dense"])].sort_values("experts")["value"]
        assert len(losses) == 10
        assert (losses.diff().dropna() < 0).all()
    assert default["value"].min() == pytest.approx(1.9991, abs=1e-4)
