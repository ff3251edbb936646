"""A 100M GPT under three learning-rate schedules: smoothed training loss."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "lr_annealing_gpt100m",
        "gpt100m_loss_lr.csv.gz",
        "9182d74156411c460cf2c992138ad1c08c4be784a1cc5da395704b24861167f3",
    ),
)

_SMOOTH = 200
_EVERY = 100
_FIRST = 2000


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return the mean loss of the last 200 steps at every hundredth step; one schedule is to be fitted, two to be predicted."""
    raw = pd.read_csv(paths["gpt100m_loss_lr.csv.gz"]).sort_values(["schedule", "step"])
    raw["value"] = raw.groupby("schedule")["loss"].transform(lambda loss: loss.rolling(_SMOOTH).mean())
    raw = raw[(raw["step"] >= _FIRST) & (raw["step"] % _EVERY == 0)]
    return pd.DataFrame(
        {
            "curve": "gpt-100m",
            "run": raw["schedule"].astype(str),
            "metric": "loss",
            "value": raw["value"],
            "steps": raw["step"],
            "learning_rate": raw["lr"],
            "split": ["train" if schedule == "811" else "test" for schedule in raw["schedule"].astype(str)],
        }
    )
