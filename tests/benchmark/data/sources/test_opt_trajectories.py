"""OPT checkpoints: the batch sizes of the OPT paper follow from the steps and tokens."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection

BATCH = {"opt-125m": 0.5e6, "opt-1.3b": 1e6, "opt-6.7b": 2e6, "opt-13b": 4e6, "opt-30b": 4e6, "opt-175b": 2e6}
"""Tokens a step, table 1 of Zhang et al. 2022 (arXiv 2205.01068)."""


@pytest.fixture(scope="module")
def table(mirror) -> pd.DataFrame:
    return load_collection("opt_trajectories").table


def test_tokens_over_steps_are_the_published_batch_sizes(table):
    batch = (table["tokens"] / table["steps"]).groupby(table["run"])
    assert batch.min().to_dict() == pytest.approx(BATCH) and batch.max().to_dict() == pytest.approx(BATCH)


def test_upstream_counts_six_n_d(table, mirror):
    raw = pd.read_csv(mirror / "colpret" / "raw" / "opt_trajectories.csv")
    ours = table[table["metric"] == "perplexity_val"]
    np.testing.assert_allclose(np.sort(ours["flops"]), np.sort(10.0 ** raw["flops"]), rtol=1e-6)


def test_perplexities_are_no_losses(table):
    perplexity = table[table["metric"] == "perplexity_val"]
    assert len(perplexity) == 142 and perplexity["value"].between(9.7, 67.6).all()
    ends = perplexity[perplexity["tokens"] == perplexity.groupby("run")["tokens"].transform("max")]
    assert ends.sort_values("params")["value"].is_monotonic_decreasing


def test_the_mean_is_that_of_the_six_tasks(table):
    tasks = table[table["metric"].str.startswith("accuracy_") & (table["metric"] != "accuracy_mean")]
    mean = tasks.groupby(["run", "steps"])["value"].mean()
    stated = table[table["metric"] == "accuracy_mean"].set_index(["run", "steps"])["value"]
    assert tasks["metric"].nunique() == 6
    np.testing.assert_allclose(mean[stated.index], stated, atol=1e-11)
