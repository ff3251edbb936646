"""Facts of the Step Law grids, which are built from upstream files that cannot be bundled."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import bundled_path, load_collection


@pytest.fixture(scope="module")
def table(mirror: Path) -> pd.DataFrame:
    return load_collection("steplaw").table


@pytest.fixture(scope="module")
def smoothed(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["metric"] == "loss"]


def test_when_loaded_then_1911_dense_and_708_routed_runs_carry_two_losses(table: pd.DataFrame, smoothed: pd.DataFrame) -> None:
    assert len(smoothed) == 1911 + 708
    assert len(table) == 2 * len(smoothed)
    assert smoothed["run"].is_unique
    assert smoothed["curve"].value_counts().to_dict() == {
        "dense": 1911,
        "moe-1in89": 180,
        "moe-2in88": 180,
        "moe-1in8": 174,
        "moe-3in8": 174,
    }
    assert not bundled_path("steplaw").exists()


def test_when_cells_are_counted_then_17_dense_and_16_routed(smoothed: pd.DataFrame) -> None:
    cells = smoothed.groupby("curve").apply(lambda runs: len(runs[["params", "tokens"]].drop_duplicates()), include_groups=False)
    assert cells["dense"] == 17
    assert cells.drop("dense").to_dict() == {"moe-1in8": 4, "moe-1in89": 4, "moe-2in88": 4, "moe-3in8": 4}
    assert not smoothed.duplicated(["curve", "params", "tokens", "learning_rate", "batch_size"]).any()


def test_when_a_run_diverged_then_it_is_flagged_and_keeps_its_value(table: pd.DataFrame) -> None:
    smoothed = table[table["metric"] == "loss"]
    assert (smoothed["flag"] == "diverged").sum() == 181
    assert smoothed.loc[smoothed["flag"] == "diverged", "value"].min() > 4.1
    assert smoothed.loc[smoothed["flag"] == "", "value"].max() < 3.2
    assert table["value"].notna().all()


def test_when_steps_are_multiplied_out_then_they_give_the_tokens(smoothed: pd.DataFrame) -> None:
    np.testing.assert_allclose(smoothed["batch_size"] * smoothed["steps"] * 2048, smoothed["tokens"], rtol=2.5e-3)


def test_when_experts_are_counted_then_active_parameters_are_those_of_top_k_and_a_shared_expert(smoothed: pd.DataFrame) -> None:
    dense = smoothed[smoothed["curve"] == "dense"]
    assert (dense["params_active"] == dense["params"]).all()
    one = smoothed[smoothed["curve"] == "moe-1in89"].iloc[0]
    width, depth, inner, expert = 1408, 16, 3904, 352
    base = depth * 4 * width**2 + 3 * width * inner
    assert one["params_active"] == base + (depth - 1) * 3 * width * (one["top_k"] + 1) * expert
    assert one["params"] == base + (depth - 1) * 3 * width * (one["experts"] + 1) * expert


def test_when_the_best_of_each_dense_cell_is_found_then_it_lies_near_the_published_law(smoothed: pd.DataFrame) -> None:
    """The law gives lr 1.79 N^-.713 D^.307 and a batch of .58 D^.571 tokens; on a grid of ratio sqrt 2 to 2 the optima lie within 2."""
    dense = smoothed[(smoothed["curve"] == "dense") & (smoothed["flag"] == "")]
    best = dense.loc[dense.groupby(["params", "tokens"])["value"].idxmin()]
    rate = best["learning_rate"] / (1.79 * best["params"] ** -0.713 * best["tokens"] ** 0.307)
    batch = best["batch_size"] * 2048 / (0.58 * best["tokens"] ** 0.571)
    assert len(best) == 17
    assert rate.between(0.5, 2).all() and batch.between(0.5, 2).all()
    assert np.exp(np.log(rate).mean()) == pytest.approx(1, abs=0.3)
    assert np.exp(np.log(batch).mean()) == pytest.approx(1, abs=0.3)
