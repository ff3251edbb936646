"""Parameter golf (OpenAI 2026): bits per byte along training of 46 models that must fit in sixteen megabytes.

Upstream holds one log per run; see `nanogpt_speedrun` for the selection, which is the same.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile("nanogpt_speedrun", "golf_curves.csv", "f6d845573437ed6d3c9a0db69d13f411acf953941ddda2d64db8234c3f11aab3"),
    UpstreamFile("nanogpt_speedrun", "golf_runs.csv", "43cba30c37a7eeced3b0c68016bc2af371b6738bab32858508f68fb78029588a"),
)

_DEVICES = 8
_ON_EIGHT = "10min_16mb"
"""The track on eight H100; machines of the other track differ by folder."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return every kept validation point, and the score after compression where a log prints one."""
    runs = pd.read_csv(paths["golf_runs.csv"])
    identity = pd.DataFrame({"run": runs["path"].str.replace(r"\.(txt|log)$", "", regex=True), "params": runs["model_params"]})
    identity["curve"] = runs["track"] + "/" + runs["path"].str.split("/").str[0]
    identity.index = runs["run"]
    timed = (runs["track"] == _ON_EIGHT).to_numpy()
    curves = pd.read_csv(paths["golf_curves.csv"])
    points = identity.loc[curves["run"]].reset_index(drop=True)
    hours = curves["train_time_ms"] / 3.6e6 * _DEVICES
    points["device_hours"] = hours.where(timed[curves["run"]] & (hours > 0))
    points = points.assign(metric="loss_bpb", value=curves["val_bpb"], steps=curves["step"].astype(float))
    final = identity.assign(metric="loss_bpb_compressed", value=runs["final_val_bpb"].to_numpy(), steps=runs["last_step"].to_numpy(float))
    return pd.concat([points, final.dropna(subset="value")], ignore_index=True)
