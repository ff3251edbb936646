"""xLSTM scaling laws (Beck et al. 2025): IsoFLOP runs of Llama and mLSTM at three context lengths."""

from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.fetch import UpstreamFile

FILES = (
    UpstreamFile(
        "xlstm",
        "xlstm_runs.csv",
        "1e0db48ef8f99ced70c0cd4c1cef6c64b1147deb01d19212c8795451201e79c4",
    ),
)

_DIVERGED_ABOVE = 4.0  # all other runs end below 3.6


def build(paths: dict[str, Path]) -> pd.DataFrame:
    """Return one row per run that reached its end."""
    raw = pd.read_csv(paths["xlstm_runs.csv"])
    raw = raw[raw["tokens"] > 0]
    rows = pd.DataFrame(
        {
            "curve": raw["arch"] + "/ctx" + raw["context_length"].astype(str),
            "run": raw["run_id"],
            "metric": "loss",
            "value": raw["val_loss"],
            "params": raw["params"],
            "tokens": raw["tokens"],
            "flops": raw["compute_6nd"],
            "learning_rate": raw["peak_lr"],
            "batch_size": raw["global_batch_size"] * raw["context_length"].astype(float),
            "steps": raw["steps"],
            "width": raw["embedding_dim"],
            "depth": raw["num_blocks"],
            "context_length": raw["context_length"],
        }
    )
    rows["flag"] = [_flag(done, loss) for done, loss in zip(raw["complete"], raw["val_loss"], strict=True)]
    return rows


def _flag(complete: bool, loss: float) -> str:
    flags = [*([] if complete else ["interrupted"]), *(["missing"] if loss != loss else [])]
    return "|".join([*flags, *(["diverged"] if loss > _DIVERGED_ABOVE else [])])
