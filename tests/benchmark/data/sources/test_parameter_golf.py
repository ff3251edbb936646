"""Parameter golf: ten minutes on eight machines, and scores as the logs print them."""

import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("parameter_golf").table


def test_the_scores_of_the_record_table_are_there(table):
    """Naive baseline 1.2244 after compression; the best of the selection 1.1307."""
    final = table[table["metric"] == "loss_bpb_compressed"].set_index("curve")["value"]
    assert final["10min_16mb/2026-03-17_NaiveBaseline"] == pytest.approx(1.2244, abs=5e-5)
    assert final.min() == pytest.approx(1.1307, abs=5e-5) and len(final) == 45


def test_the_record_track_stops_after_ten_minutes(table):
    """600 s on eight H100 are 1.33 hours; one log goes on for forty minutes."""
    hours = table[table["device_hours"].notna()].groupby("run")["device_hours"].max()
    assert len(hours) == 25 and (hours > 1.34).sum() == 1
    assert hours.drop("2026-03-17_LoRA_TTT/train_v1").between(1.33, 1.34).all()


def test_hours_are_left_out_where_the_machine_is_another(table):
    other = table[~table["curve"].str.startswith("10min_16mb")]
    assert other["device_hours"].isna().all() and other["run"].nunique() == 21


def test_bits_per_byte_are_kept_and_not_losses_of_different_tokenizers(table):
    assert set(table["metric"]) == {"loss_bpb", "loss_bpb_compressed"}
    assert table[(table["metric"] == "loss_bpb") & (table["steps"] > 2_000)]["value"].between(1.1, 2.0).all()
