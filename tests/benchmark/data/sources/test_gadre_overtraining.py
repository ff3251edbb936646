"""Facts of the over-training testbed that the paper states."""

import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("gadre_overtraining").table


@pytest.fixture(scope="module")
def c4_loss(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["metric"] == "loss_c4_val"]


def test_when_loaded_then_104_models_carry_8_losses_46_accuracies_and_a_mean_error(table: pd.DataFrame) -> None:
    kinds = table["metric"].drop_duplicates().str.split("_").str[0].value_counts()
    assert kinds.to_dict() == {"loss": 8, "accuracy": 46, "error": 1}
    assert len(table) == 104 * 55
    assert table["value"].notna().all()
    assert (table["flag"] == "").all()


def test_when_counted_by_training_set_then_34_35_and_35_models(c4_loss: pd.DataFrame) -> None:
    assert c4_loss["curve"].value_counts().to_dict() == {"c4": 34, "rpj": 35, "refinedweb": 35}
    assert c4_loss["run"].is_unique


def test_when_split_as_published_then_five_training_runs_per_set(c4_loss: pd.DataFrame) -> None:
    train = c4_loss[c4_loss["split"] == "train"]
    assert train["curve"].value_counts().to_dict() == {"c4": 5, "rpj": 5, "refinedweb": 5}
    assert train["params"].max() == 411_616_256
    multiples = (train["tokens"] / train["params"]).round(6)
    assert sorted(multiples.unique()) == [20.0, 320.0]
    assert (train.loc[multiples == 320, "params"] == 10_569_312).all()
    assert set(c4_loss["split"]) == {"train", "test"}


def test_when_parameters_are_compared_then_they_differ_by_one_embedding_matrix(c4_loss: pd.DataFrame) -> None:
    embedding = c4_loss["params"] - c4_loss["params_nonembedding"]
    assert (embedding == c4_loss["vocab_size"] * c4_loss["width"]).all()


def test_when_shape_is_known_then_nonembedding_parameters_are_that_of_a_swiglu_transformer(c4_loss: pd.DataFrame) -> None:
    one_b = c4_loss[c4_loss["width"] == 2048].iloc[0]
    width, depth, hidden = 2048, 24, 5632
    blocks = depth * (4 * width**2 + 3 * width * hidden + 2 * width)
    assert one_b["depth"] == depth
    assert one_b["params_nonembedding"] == blocks + width + 50_432 * width


def test_when_batch_size_is_a_placeholder_then_it_is_empty(c4_loss: pd.DataFrame) -> None:
    largest = c4_loss["params"] > 6e9
    assert largest.sum() == 3
    assert c4_loss.loc[largest, "batch_size"].isna().all()
    assert set(c4_loss.loc[~largest, "batch_size"]) == {64.0, 256.0, 512.0}


def test_when_a_loss_has_an_interval_then_it_holds_the_value(table: pd.DataFrame) -> None:
    losses = table[table["metric"].str.startswith("loss_")]
    assert (losses["value_low"] < losses["value"]).all()
    assert (losses["value"] < losses["value_high"]).all()
    others = table[~table["metric"].str.startswith("loss_")]
    assert others[["value_low", "value_high"]].isna().all(axis=None)


def test_when_the_largest_models_are_averaged_over_17_tasks_then_errors_order_the_training_sets(table: pd.DataFrame) -> None:
    errors = table[(table["metric"] == "error_rate_mean_17") & (table["params"] > 6e9)].set_index("curve")["value"]
    assert {curve: round(float(value), 3) for curve, value in errors.items()} == {"c4": 0.480, "rpj": 0.472, "refinedweb": 0.450}
