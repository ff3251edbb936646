"""Speedruns: the records' times are those of their logs; last losses are the target by selection."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.sources._selections import select_speedruns


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_collection("nanogpt_speedrun").table


@pytest.fixture(scope="module")
def history(table) -> pd.DataFrame:
    return table[table["curve"] == "history/track-1"].set_index("run")


@pytest.mark.parametrize(
    ("folder", "record"),
    [("2024-12-08_UNetValueEmbedsTweaks", "record-15"), ("2024-12-04_ValueEmbed", "record-14"), ("2024-10-10_Muon", "record-04")],
)
def test_the_time_of_a_record_is_that_of_its_logs(table, history, folder, record):
    seconds = table[(table["curve"] == f"track-1/{folder}") & (table["metric"] == "cost_seconds")]["value"].median()
    assert seconds / 60.0 == pytest.approx(history.loc[record, "value"], rel=0.01)


def test_the_history_is_as_the_table_states_it(history):
    """Record 1 on 2024-05-28 in 45 minutes, 88 in 1.243, 89 in 1.23; only the new timings of record 21 rise."""
    assert history["value"][["record-01", "record-02", "record-88", "record-89"]].tolist() == [45.0, 31.4, 1.243, 1.23]
    assert history.loc["record-01", "date"] == pytest.approx(4.405, abs=0.002)
    rises = history.sort_values(["date", "value"], ascending=[True, False])["value"].diff() > 0
    assert len(history) == 91 and set(history[rises.reindex(history.index)].index) <= {"record-21-retimed-1", "record-21-retimed-2"}


def test_hours_are_minutes_and_marks_are_no_numbers(table):
    medium = table[table["curve"] == "history/track-2"].set_index("run")
    assert medium.loc["record-01", "value"] == pytest.approx(5.8 * 60) and medium.loc["record-06", "value"] == 25.95
    assert pd.isna(medium.loc["record-11", "date"])
    steps = table[table["metric"] == "cost_steps"]
    records = steps[steps["curve"] == "history/track-3"]
    assert len(steps) == 46 and records.sort_values("run")["value"].iloc[[0, -1]].tolist() == [3600, 2690]


def test_the_last_loss_is_the_target_by_selection(table):
    """Mean 3.2788 with a deviation of .0037 over the runs of track 1 that end between 3.2 and 3.4: nothing is left to forecast."""
    losses = table[(table["metric"] == "loss") & table["curve"].str.startswith("track-1/")]
    last = losses[losses["steps"] == losses.groupby(["curve", "run"])["steps"].transform("max")]["value"]
    near = last[last.between(3.2, 3.4)]
    assert (len(last), len(near)) == (1_083, 1_076)
    assert near.mean() == pytest.approx(3.278798, abs=1e-6) and near.std() == pytest.approx(0.003681, abs=1e-6)


def test_a_folder_of_the_contest_of_optimisers_holds_repeats_of_one_recipe(table):
    repeats = table[(table["curve"] == "track-3/20260509_contra_soft_muon") & (table["metric"] == "loss")]
    last = repeats[repeats["steps"] == repeats.groupby("run")["steps"].transform("max")]["value"]
    assert len(last) == 30 and (round(last.mean(), 5), round(last.std(), 5)) == (3.2785, 0.00114)


def test_each_run_keeps_its_first_and_last_point_and_twenty_at_most(table):
    losses = table[table["metric"] == "loss"].groupby(["curve", "run"])
    assert losses.ngroups == 1_462 and losses.size().max() == 20
    muon = table[table["run"].str.startswith("2024-10-10_Muon/eb5659d0") & (table["metric"] == "loss")].set_index("steps")["value"]
    assert muon.loc[0] == 10.9264 and muon.loc[6200] == 3.2785


def test_the_noise_is_the_median_deviation_between_runs_of_a_folder(table):
    losses = table[table["metric"] == "loss"]
    last = losses[losses["steps"] == losses.groupby(["curve", "run"])["steps"].transform("max")]
    spread = np.log(last["value"]).groupby(last["curve"]).agg(["std", "size"])
    noise = load_card("nanogpt_speedrun").scalingbench.metrics["loss"].noise
    assert noise == pytest.approx(spread.loc[spread["size"] >= 5, "std"].median(), rel=0.1)


def log(count: int, first: float = 3.0, extra: str = "") -> str:
    lines = [f"step:{25 * i}/5000 val_loss:{first + i / 1000:.4f} train_time:{100 * i}ms" for i in range(count)]
    return "\n".join(["import torch", *lines, "step:30/5000 train_loss:1.0 train_time:1ms", extra])


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_selection_follows_its_rule(tmp_path):
    """Sixty of 101 points; copies of bytes and of points, and logs with fewer than four, left out; tables without their links."""
    modded, golf, out = (tmp_path / name for name in ("modded", "golf", "out"))
    put(modded / "records/track_1_short/a/one.txt", log(101))
    put(modded / "records/track_1_short/b/bytes.txt", log(101))
    put(modded / "records/track_1_short/b/points.log", log(101, extra="another end"))
    put(modded / "records/track_3_optimization/c/few.txt", log(3, 4.0))
    put(modded / "records/track_3_optimization/README.md", "## Notable\n| 1 | 3600(!) | 04/26/26 | [Muon](u) rest | x |\n")
    put(modded / "README.md", "## World\n| # | Time | What | Date | Log |\n| 1 | 45 minutes | [base](u) | 05/28/24 | l |\n")
    put(
        golf / "records/track_10min_16mb/d/run.log",
        "model_params:123\n" + log(5).replace(" train_time", " val_bpb:1.5 train_time") + "final_x val_bpb:1.25\n",
    )
    select_speedruns(modded, golf, out)
    runs = pd.read_csv(out / "speedrun_runs.csv")
    assert runs[["track", "path", "n_points", "last_step", "total_steps"]].values.tolist() == [[1, "a/one.txt", 101, 2500, 5000]]
    steps = pd.read_csv(out / "speedrun_curves.csv")["step"]
    assert len(steps) == 60 and steps.iloc[[0, -1]].tolist() == [0, 2500]
    history = pd.read_csv(out / "history.csv")
    assert history[["record", "value", "date", "description"]].values.tolist() == [
        [1, "45 minutes", "2024-05-28", "[base]"],
        [1, "3600(!)", "2026-04-26", "[Muon] rest"],
    ]
    small = pd.read_csv(out / "golf_runs.csv").iloc[0]
    assert (small["track"], small["model_params"], small["last_val_bpb"], small["final_val_bpb"]) == ("10min_16mb", 123, 1.5, 1.25)
