"""Imitation learning in NetHack and Atari (Tuyls et al. 2023): loss and return on grids of size and compute."""

from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "il_scaling_games",
        "nethack_runs.csv",
        "cff37fd17b88eb8bc38d3f20ea8176477217e3b8ae4726d47354a4d273e42c4d",
    ),
    UpstreamFile(
        "il_scaling_games",
        "atari_runs.csv",
        "ab310b9854d504bd6fa42dbae46bf70c67e9c5da002e9eb073c611ba67a0effa",
    ),
)

_GRID, _LOSS_FORECAST, _RETURN_FORECAST = "llama_iso_flop", "llama_loss_prediction", "llama_return_prediction"
_FRAMES = 1e9  # unit of the checkpoints outside the grid
_FLOPS = 6.0  # per parameter and frame, as the authors count


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per checkpoint and metric; the runs trained after the authors' fits are the split's held-out rows."""
    return pd.concat([_nethack(pd.read_csv(paths["nethack_runs.csv"])), _atari(pd.read_csv(paths["atari_runs.csv"]))], ignore_index=True)


def _nethack(raw: pd.DataFrame) -> pd.DataFrame:
    raw = raw[raw["experiment"].isin([_GRID, _LOSS_FORECAST, _RETURN_FORECAST])].sort_values("checkpoint")
    on_grid = raw["experiment"] == _GRID
    frames = raw["samples"].fillna(raw["checkpoint"] * _FRAMES)
    points = pd.DataFrame(
        {
            "curve": "NetHack",
            "run": raw["run"],
            "params": raw["params"],
            "tokens": frames,
            "flops": _FLOPS * raw["params"] * frames,
            "split": np.where(on_grid, "train", "test"),
        }
    )
    seen_before = points.duplicated(["run", "tokens"])
    points["flag"] = seen_before.map({True: "duplicate", False: ""})
    loss = _measured(points, "loss", raw["eval_loss"], raw["eval_se"])
    returns = _measured(points, "score_return", raw["returns_mean"], raw["returns_sd"] / np.sqrt(raw["episodes"]))
    return pd.concat([loss, returns], ignore_index=True)


def _measured(points: pd.DataFrame, metric: str, value: pd.Series, error: pd.Series) -> pd.DataFrame:
    rows = points.assign(metric=metric, value=value, value_low=value - error, value_high=value + error)
    return rows[value.notna()]


def _atari(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of all games; frames are stated with the losses, and hold for the returns of the same cell."""
    cell = ["game", "params", "flops"]
    frames = raw.loc[raw["metric"] == "loss", [*cell, "samples"]].drop_duplicates(cell)
    raw = raw.drop(columns="samples").merge(frames, on=cell, how="left")
    seeded = raw["seed"] != "base"
    size = raw["params"].astype(int).astype(str)
    return pd.DataFrame(
        {
            "curve": raw["game"],
            "run": size.where(~seeded, size + "-seed" + raw["seed"]),
            "metric": raw["metric"].map({"loss": "loss", "return": "score_return"}),
            "value": raw["value"],
            "params": raw["params"],
            "tokens": raw["samples"],
            "flops": raw["flops"],
            "seed": pd.to_numeric(raw["seed"].where(seeded)),
        }
    )
