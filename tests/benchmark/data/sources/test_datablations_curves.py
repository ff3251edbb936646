"""Training curves of the data-constrained runs: they end where the authors' list of final losses says."""

import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("datablations_curves").table


def test_the_curves_on_c4_end_at_the_published_final_losses(table):
    """22 of 24 runs are in the authors' list (the unseeded runs of `datablations`); the ends agree to .34 %."""
    published = load_collection("datablations").table.query("curve == 'C4' and seed != seed")
    repeated = table[table["curve"] == "c4"]
    ends = repeated[repeated["tokens"] == repeated.groupby("run")["tokens"].transform("max")]
    found = 0
    for _, end in ends.iterrows():
        apart = (published[["params", "tokens", "unique_tokens"]] / end[["params", "tokens", "unique_tokens"]].astype(float) - 1.0).abs()
        same = published[(apart < [0.02, 0.02, 0.05]).all(axis=1)]
        if len(same):
            found += 1
            assert abs(end["value"] / same["value"].iloc[0] - 1.0) < 0.0034, end["run"]
    assert (len(ends), found) == (24, 22)


def test_the_percentage_is_that_of_c4(table):
    """More of it lowers the loss on C4 and raises that on Python; upstream's reader calls it the share of code."""
    mixed = table[table["curve"] == "c4+python"]
    ends = mixed[mixed["tokens"] == mixed.groupby("run")["tokens"].transform("max")].sort_values("mix_c4")
    on = {metric: rows["value"] for metric, rows in ends.groupby("metric")}
    assert on["loss_c4"].is_monotonic_decreasing and on["loss_python"].is_monotonic_increasing and len(on["loss_c4"]) == 9
    assert (ends["mix_c4"] + ends["mix_python"]).unique() == pytest.approx([1.0])


def test_one_curve_on_oscar_is_another_run_twice(table):
    four, three = (table[table["run"] == f"2.8B-oscar-{n}ep"] for n in (4, 3))
    assert (four["flag"] == "copy-error").all() and (three["flag"] == "").all()
    assert four["value"].tolist() == three["value"].tolist()


def test_epochs_are_passes_over_the_unique_tokens(table):
    repeated = table[table["curve"].isin(["c4", "oscar"])]
    assert (repeated["epochs"] - repeated["tokens"] / repeated["unique_tokens"]).abs().max() < 1e-9
    ends = repeated.groupby("run")["epochs"].max()
    assert ends["8.7B-c4-44ep"] == pytest.approx(44, rel=0.01) and ends["2.8B-c4-1ep"] == pytest.approx(1, rel=0.01)
