"""Speedruns of NanoGPT (Jordan et al. 2024-2026): validation curves of 1,462 runs, and the history of records by date.

Upstream holds one log per run, each with its whole program. The files read here are a selection by a stated rule: the
validation points alone, at most sixty a run. `scalingbench.benchmark.data.sources._selections` repeats the rule on a checkout.
"""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile
from scalingbench.benchmark.data.sources._thinning import evenly_placed

FILES = (
    UpstreamFile("nanogpt_speedrun", "speedrun_curves.csv", "df7acea90414a0ab9bf283d950ccd9286427afa2427d851e74865294e9acc117"),
    UpstreamFile("nanogpt_speedrun", "speedrun_runs.csv", "845823ffc98515f24cd243456f1da63cc22a510279dc4857e3807691bd7604d7"),
    UpstreamFile("nanogpt_speedrun", "history.csv", "7d6c8f9221ce7b75b589408e88128d387c7a5d3362832dbe5ee3b1ff146cfb82"),
)

_POINTS = 20
_EPOCH = pd.Timestamp("2020-01-01")
_MINUTES = {"minutes": 1.0, "minutes*": 1.0, "hours": 60.0}
_RECORD = "(!)"
"""Marks results of track 3 that were the best of their day."""


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return at most twenty points a run, the training time of each run that states it, and one row per dated result."""
    runs = pd.read_csv(paths["speedrun_runs.csv"])
    folder = runs["path"].str.removeprefix("results/").str.split("/").map(lambda parts: parts[0] if len(parts) > 1 else "results")
    identity = pd.DataFrame({"curve": "track-" + runs["track"].astype(str) + "/" + folder})
    identity["run"] = runs["path"].str.replace(r"\.(txt|log)$", "", regex=True)
    identity.index = runs["run"]
    seconds = identity.assign(metric="cost_seconds", value=(runs["last_train_time_ms"] / 1e3).to_numpy())
    seconds["steps"] = runs["last_step"].to_numpy(float)
    curves = pd.read_csv(paths["speedrun_curves.csv"])
    curves = curves[evenly_placed(curves, "run", _POINTS)]
    losses = identity.loc[curves["run"]].reset_index(drop=True)
    losses = losses.assign(metric="loss", value=curves["val_loss"].to_numpy(), steps=curves["step"].to_numpy(float))
    return pd.concat([losses, seconds.dropna(subset="value"), _history(paths["history.csv"])], ignore_index=True)


def _history(path: Path) -> pd.DataFrame:
    raw = pd.read_csv(path)
    by_time = raw["readme"] == "root"
    value = [_minutes(text) if timed else float(text.removesuffix(_RECORD)) for text, timed in zip(raw["value"], by_time, strict=True)]
    track = raw["section"].map({"World record history": "1", "Speedrun track 2: GPT-2 Medium": "2"}).fillna("3")
    tried = ~by_time & ~raw["value"].str.endswith(_RECORD)
    again = raw.groupby(["section", "record"]).cumcount()
    return pd.DataFrame(
        {
            "curve": "history/track-" + track + tried.map({True: "-tried", False: ""}),
            "run": "record-" + raw["record"].map("{:02d}".format) + again.map(lambda k: "" if k == 0 else f"-retimed-{k}"),
            "metric": by_time.map({True: "cost_minutes", False: "cost_steps"}),
            "value": value,
            "date": (pd.to_datetime(raw["date"]) - _EPOCH).dt.days / 365.25,
        }
    )


def _minutes(text: str) -> float:
    number, unit = text.split()
    return float(number) * _MINUTES[unit]
