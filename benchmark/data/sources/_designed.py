"""What the two designed collections share: their run records, which are our own and part of the repository."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pandas as pd

from scalingbench.common.errors import FetchError
from scalingbench.common.files import sha256_of

__all__ = ["REACH", "curated"]

REACH = 30
"""Forecasts registered before the most expensive runs use runs of at most 1/30 of the top run's compute."""
_RENAMED = {"batch": "batch_size", "loss": "value"}
_VARIABLES = (
    "params", "params_nonembedding", "tokens", "unique_tokens", "epochs", "flops", "steps", "batch_size", "learning_rate", "width", "depth",
)  # fmt: skip


def curated(world: str, metric: str, sha256: str) -> pd.DataFrame:
    """Return a world's rows: the loss of every trained network, and its checkpoints as a metric of their own.

    Parameters
    ----------
    world : str
        Of ``raw/designed_<world>.parquet``, written by ``python -m perf.designed table``.
    metric : str
        Name of the loss.
    sha256 : str
        Of that file.
    """
    path = Path(str(importlib.resources.files("scalingbench.benchmark.data") / "raw" / f"designed_{world}.parquet"))
    if not path.is_file() or sha256_of(path) != sha256:
        raise FetchError(f"{path}: missing or altered, pinned is sha256 {sha256[:12]}...; 'python -m perf.designed table' writes it")
    runs = pd.read_parquet(path).rename(columns=_RENAMED)
    runs["curve"] = runs["stage"].where(runs["stage"] != "schedules", runs["schedule"])
    runs["run"] = [
        f"{r.curve}-n{r.params}-t{r.tokens}-b{r.batch_size}-e{r.epochs}-lr{r.learning_rate:.4g}-s{r.seed}" for r in runs.itertuples()
    ]
    top = runs.loc[runs["stage"] == "main", "flops"].max()
    runs["split"] = (runs["flops"] <= top / REACH).map({True: "train", False: "test"})
    runs["flag"] = runs["value"].isna().map({True: "diverged", False: ""})
    if (runs["params_nonembedding"] == runs["params"]).all():
        runs = runs.drop(columns="params_nonembedding")
    columns = [c for c in ("curve", "run", "metric", "value", *_VARIABLES, "seed", "flag", "split") if c in runs or c == "metric"]
    final = runs.assign(metric=metric)[columns]
    along = runs.explode(["checkpoint_steps", "checkpoint_losses"], ignore_index=True).assign(metric=f"{metric}_checkpoint")
    along["value"] = along["checkpoint_losses"].astype(float)
    along["flag"] = along["value"].isna().map({True: "diverged", False: ""})
    done = along["checkpoint_steps"].astype(float) / along["steps"]
    along["steps"] = along["checkpoint_steps"].astype(float)
    for column in ("tokens", "flops"):
        along[column] = (along[column] * done).round()
    return pd.concat([final, along.drop(columns=["epochs", "unique_tokens"])[[c for c in columns if c not in ("epochs", "unique_tokens")]]])
