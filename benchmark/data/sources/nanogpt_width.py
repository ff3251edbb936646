"""nanoGPT validation loss against embedding width under twelve settings."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "nanogpt_width",
        "nano_val_loss.csv",
        "4c99089d0141e044150cbf9fdbc56cb7d2bc2b4809139659ec1fcbfcfb2d07d4",
    ),
)


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per setting, width and kind of loss."""
    raw = pd.read_csv(paths["nano_val_loss.csv"])
    return pd.DataFrame(
        {
            "curve": "setting-" + raw["hparam_id"].astype(str).str.zfill(2),
            "run": "width" + raw["n_embd"].astype(str),
            "metric": "loss_" + raw["metric"].replace("min", "early"),
            "value": raw["val_loss"],
            "width": raw["n_embd"],
        }
    )
