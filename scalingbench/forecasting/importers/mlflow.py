"""Runs of MLflow, from its file store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from scalingbench.common.errors import InputError

__all__ = ["import_mlflow"]


def import_mlflow(path: Path, _: Sequence[Path]) -> pd.DataFrame:
    """Return one row a run of every experiment in the store: its parameters and the last value of each metric."""
    path = path if path.is_dir() else path.parent
    store = path.parent if (path / "meta.yaml").is_file() else path
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow 3.17 on opens a file store only when told to
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=store.resolve().as_uri())
    wanted = [e.experiment_id for e in client.search_experiments() if store == path or e.experiment_id == path.name]
    rows = [
        {
            "run": run.info.run_name or run.info.run_id,
            "run_id": run.info.run_id,
            "state": run.info.status,
            **run.data.params,
            **run.data.metrics,
        }
        for experiment in wanted
        for run in client.search_runs([experiment], max_results=10_000)
    ]
    if not rows:
        raise InputError(f"{path}: this MLflow store has no runs")
    return pd.DataFrame(rows)
