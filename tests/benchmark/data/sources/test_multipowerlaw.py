"""Facts of the Multi-Power Law loss curves, their schedules and their split."""

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection

PEAK, FINAL, WARMUP = 3e-4, 3e-5, 2160


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("multipowerlaw").table


def schedule(table: pd.DataFrame, run: str, curve: str = "100M") -> pd.DataFrame:
    return table[(table["curve"] == curve) & (table["run"] == run)].sort_values("steps")


def test_when_counted_then_nine_schedules_at_three_sizes(table: pd.DataFrame) -> None:
    assert len(table) == 6265
    assert table.groupby("curve")["run"].nunique().to_dict() == {"25M": 9, "100M": 9, "400M": 9}
    assert table.groupby("curve")["params"].unique().map(list).to_dict() == {"25M": [25e6], "100M": [100e6], "400M": [400e6]}


def test_when_split_as_configured_upstream_then_three_schedules_are_fitted(table: pd.DataFrame) -> None:
    train = table[table["split"] == "train"]
    assert set(train["run"]) == {"cosine_24000", "constant_24000", "wsdcon_9"}
    assert train["curve"].value_counts().to_dict() == {"25M": 437, "100M": 451, "400M": 451}
    test = table[table["split"] == "test"]
    assert test["curve"].value_counts().to_dict() == {"25M": 1622, "100M": 1652, "400M": 1652}
    assert test["run"].nunique() == 6


def test_when_ranges_are_taken_then_they_are_those_of_the_schedules(table: pd.DataFrame) -> None:
    assert table["steps"].min() == WARMUP
    assert table["steps"].max() < 72_000
    assert table["learning_rate"].between(FINAL * (1 - 1e-9), PEAK * (1 + 1e-9)).all()
    assert table["value"].between(2.6, 4.2).all()


def test_when_the_schedule_is_cosine_then_rates_follow_the_formula(table: pd.DataFrame) -> None:
    for run, total in (("cosine_24000", 24_000), ("cosine_72000", 72_000)):
        rows = schedule(table, run)
        phase = np.pi * (rows["steps"] - WARMUP) / (total - WARMUP)
        expected = FINAL + (PEAK - FINAL) * (1 + np.cos(phase)) / 2
        np.testing.assert_allclose(rows["learning_rate"], expected, rtol=1e-9)


def test_when_the_schedule_decays_then_wsd_is_exponential_and_wsdld_linear(table: pd.DataFrame) -> None:
    for run, decay in (("wsd_20000_24000", lambda s: 0.1**s), ("wsdld_20000_24000", lambda s: 1 - 0.9 * s)):
        rows = schedule(table, run)
        progress = ((rows["steps"] - 20_000) / 4_000).clip(lower=0)
        np.testing.assert_allclose(rows["learning_rate"], PEAK * decay(progress), rtol=1e-9)


def test_when_the_schedule_steps_down_then_it_does_so_at_step_8000(table: pd.DataFrame) -> None:
    for run, low in (("wsdcon_3", 3e-5), ("wsdcon_9", 9e-5), ("wsdcon_18", 18e-5)):
        rows = schedule(table, run)
        np.testing.assert_allclose(rows["learning_rate"], np.where(rows["steps"] < 8_000, PEAK, low), rtol=1e-9)


def test_when_two_runs_share_a_schedule_then_their_difference_is_the_noise_of_the_card(table: pd.DataFrame) -> None:
    pairs = [
        schedule(table, "constant_24000", curve).merge(schedule(table, "constant_72000", curve), on="steps")
        for curve in ("25M", "100M", "400M")
    ]
    difference = np.concatenate([np.log(pair["value_x"] / pair["value_y"]) for pair in pairs])
    assert len(difference) == 3 * 171
    noise = load_card("multipowerlaw").scalingbench.metrics["loss"].noise
    assert np.sqrt(np.mean(difference**2) / 2) == pytest.approx(noise, rel=0.05)


def test_when_runs_share_a_trunk_then_test_rows_repeat_training_rows_as_the_card_says(table: pd.DataFrame) -> None:
    keys = ["curve", "steps", "learning_rate", "value"]
    train = table.loc[table["split"] == "train", keys].drop_duplicates()
    repeated = table[table["split"] == "test"].merge(train, on=keys)
    assert repeated["curve"].value_counts().to_dict() == {"25M": 244, "100M": 376, "400M": 316}
    flagged = table[table["flag"] == "duplicate"]
    assert (flagged["split"] == "test").all() and len(flagged) == len(repeated)


def test_when_training_ends_then_longer_and_decayed_runs_are_better(table: pd.DataFrame) -> None:
    last = table.sort_values("steps").groupby(["curve", "run"])["value"].last().unstack()
    assert (last["cosine_72000"] < last["cosine_24000"]).all()
    assert (last["wsd_20000_24000"] < last["cosine_24000"]).all()
    assert (last["cosine_24000"] < last["constant_24000"]).all()
    assert last.loc["400M", "cosine_72000"] == 2.6154
