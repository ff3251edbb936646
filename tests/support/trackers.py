"""Folders as experiment trackers write them, of three runs."""

import json
import sqlite3
from pathlib import Path

import pytest

SIZES = {1e7: 3.9, 2e7: 3.6, 4e7: 3.4}
"""Params and last value of each run."""
STATE = json.loads((Path(__file__).parents[1] / "scalingbench" / "forecasting" / "trainer_state.json").read_text())
"""Written by ``TrainerState.save_to_json`` of transformers 5.23."""


def mlflow_database(file, names=("sweep",)):
    """The tables of MLflow's default store that are read, as its migrations of version 3 make them."""
    with sqlite3.connect(file) as database:
        database.executescript("""
            CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT, lifecycle_stage TEXT);
            CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, status TEXT, lifecycle_stage TEXT, experiment_id INTEGER);
            CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
            CREATE TABLE latest_metrics (key TEXT, value REAL, timestamp INTEGER, step INTEGER, is_nan INTEGER, run_uuid TEXT);
        """)
        for number, name in enumerate(names):
            database.execute("INSERT INTO experiments VALUES (?, ?, 'active')", (number, name))
            for size, last in (*SIZES.items(), (8e7, None)):
                run, state = f"{number}-{size:.0f}", "RUNNING" if last is None else "FINISHED"
                database.execute("INSERT INTO runs VALUES (?, 'same-name', ?, 'active', ?)", (run, state, number))
                database.executemany("INSERT INTO params VALUES (?, ?, ?)", [("n_params", f"{size:.0f}", run), ("train_tokens", "2B", run)])
                database.execute("INSERT INTO latest_metrics VALUES ('val_loss', ?, 0, 2, ?, ?)", (last or 0.0, last is None, run))
        database.execute("INSERT INTO runs VALUES ('gone', 'gone', 'FINISHED', 'deleted', 0)")
    return file


def events_of(folder, suffix="", **series):
    writers = pytest.importorskip("tensorboardX")
    with writers.SummaryWriter(str(folder), filename_suffix=suffix) as writer:
        for tag, points in series.items():
            for step, value in points.items():
                writer.add_scalar(tag.replace("__", "/"), value, step)


def trainer_states(folder):
    for size, last in SIZES.items():
        state = json.loads(json.dumps(STATE))
        state["total_flos"] = 6 * size * 2e9
        state["log_history"][-1]["eval_loss"] = last
        checkpoint = folder / f"size-{size:.0f}" / "checkpoint-1000"
        checkpoint.mkdir(parents=True)
        (checkpoint / "trainer_state.json").write_text(json.dumps(state))
        (checkpoint / "config.json").write_text(json.dumps({"hidden_size": 256, "num_hidden_layers": 4}))
