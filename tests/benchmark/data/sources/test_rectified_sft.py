"""Facts of the fine-tuning losses and the evidence for their copied cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.collection import load_collection

SAMPLES = [0, *(200 * 2**i for i in range(14))]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("rectified_sft").table


@pytest.fixture(scope="module")
def losses(table: pd.DataFrame) -> pd.DataFrame:
    return table.pivot(index="curve", columns="samples", values="value")


def test_when_counted_then_30_models_on_three_datasets_at_15_numbers_of_samples(table: pd.DataFrame, losses: pd.DataFrame) -> None:
    assert len(table) == 1350
    assert losses.index.str.split("/").str[0].value_counts().to_dict() == {"FLAN": 30, "Gigaword": 30, "WMT19": 30}
    assert losses.columns.tolist() == SAMPLES
    assert losses.notna().all(axis=None)
    assert (table["split"] == "").all()


def test_when_ranges_are_taken_then_zero_shot_losses_stand_out(losses: pd.DataFrame, table: pd.DataFrame) -> None:
    assert losses[0].max() == pytest.approx(29.4837, abs=1e-4)
    assert losses.drop(columns=0).max(axis=None) == pytest.approx(4.386, abs=1e-3)
    assert losses.min(axis=None) == pytest.approx(0.5612, abs=1e-4)
    assert (table["params"].min(), table["params"].max()) == (60_506_624, 6_658_473_984)


def test_when_a_model_is_named_by_its_size_then_params_agree(table: pd.DataFrame) -> None:
    params = table.set_index("curve")["params"]
    named = {"facebook/opt-1.3b": 1.3e9, "facebook/opt-2.7b": 2.7e9, "facebook/opt-6.7b": 6.7e9, "MBZUAI/LaMini-GPT-774M": 774e6}
    for model, size in named.items():
        assert params[f"FLAN/{model}"].unique() == pytest.approx([size], rel=0.02)


def test_when_cells_are_copied_then_exactly_five_are_flagged(table: pd.DataFrame) -> None:
    flagged = table[table["flag"] != ""]
    assert set(flagged["flag"]) == {"copy-error"}
    assert set(zip(flagged["curve"], flagged["samples"], strict=True)) == {
        ("WMT19/facebook/opt-350m", 400),
        ("WMT19/gpt2-xl", 409_600),
        ("Gigaword/microsoft/phi-2", 409_600),
        ("Gigaword/microsoft/phi-2", 819_200),
        ("Gigaword/microsoft/phi-2", 1_638_400),
    }


def test_when_neighbouring_cells_are_equal_then_one_of_them_is_flagged(table: pd.DataFrame, losses: pd.DataFrame) -> None:
    equal = np.argwhere(np.diff(losses.to_numpy(), axis=1) == 0)
    pairs = {(losses.index[i], *losses.columns[[j, j + 1]]) for i, j in equal}
    assert pairs == {("WMT19/facebook/opt-350m", 400, 800), ("WMT19/gpt2-xl", 204_800, 409_600)}
    flags = table.set_index(["curve", "samples"])["flag"]
    for curve, first, second in pairs:
        assert sorted([flags[curve, first], flags[curve, second]]) == ["", "copy-error"]


def test_when_gpt2_xl_is_interpolated_then_the_flagged_cell_is_the_wrong_one(losses: pd.DataFrame) -> None:
    curve = np.log(losses.loc["WMT19/gpt2-xl"])
    between = np.interp(1, [0, 2], [curve[204_800], curve[819_200]])
    assert curve[409_600] - between > 0.15
    if_kept = np.interp(1, [0, 2], [curve[102_400], curve[204_800] + (between - curve[204_800])])
    assert abs(curve[204_800] - if_kept) < 0.03


def test_when_phi_2_is_compared_with_lamini_then_three_gigaword_losses_differ_by_round_numbers(losses: pd.DataFrame) -> None:
    phi, lamini = losses.loc["Gigaword/microsoft/phi-2"], losses.loc["Gigaword/MBZUAI/LaMini-GPT-1.5B"]
    assert (lamini - phi).loc[409_600:].to_list() == pytest.approx([0.05, 0.0, -0.02], abs=1e-13)
    rest = ((lamini - phi).loc[:204_800] * 1000) % 1
    assert rest.between(1e-5, 1 - 1e-5).all()
    for model, is_float32 in ((lamini, True), (phi, False)):
        cells = model[[409_600, 1_638_400]].to_numpy()
        assert (np.abs(cells.astype(np.float32).astype(float) - cells) < 1e-13).tolist() == [is_float32] * 2


def test_when_models_are_fine_tuned_then_the_loss_hardly_ever_rises(losses: pd.DataFrame) -> None:
    rise = np.diff(np.log(losses.drop(columns=0)), axis=1)
    assert (rise > 0).sum() == 3
    assert rise.max() < 0.01
    worse_than_zero_shot = losses.index[losses[0] < losses[200]]
    assert sorted(worse_than_zero_shot) == [
        "WMT19/cerebras/Cerebras-GPT-1.3B",
        "WMT19/facebook/opt-1.3b",
        "WMT19/microsoft/phi-1_5",
        "WMT19/microsoft/phi-2",
    ]


def test_when_published_errors_are_read_then_they_cover_the_same_90_curves(mirror: Path, losses: pd.DataFrame) -> None:
    published = pd.read_csv(mirror / "rectified_sft" / "raw" / "rmsd.csv")
    names = published["dataset"].map({"FLAN": "FLAN", "GIGAWORD": "Gigaword", "WMT19": "WMT19"}) + "/" + published["model"]
    assert set(names) == set(losses.index)
    means = published.groupby("dataset")[["our_rmsd_under_log", "vanilla_rmsd_under_log"]].mean().round(4)
    assert means.loc["FLAN"].to_list() == [0.0065, 0.0358]
    assert means.loc["GIGAWORD"].to_list() == [0.0052, 0.0106]
    assert means.loc["WMT19"].to_list() == [0.0123, 0.0629]
