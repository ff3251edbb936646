"""Importers: what experiment trackers write on disk, as a table with one row a run.

Each tracker's files are read through its own library, which an extra installs: ``pip install scalingbench[wandb]``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.common.errors import InputError

__all__ = ["import_document", "import_folder"]


def import_folder(path: Path) -> pd.DataFrame:
    """Return the runs that a tracker's folder (or one of its files) holds.

    Raises
    ------
    InputError
        If nothing that is known is in it, or the library that reads it is not installed.
    """
    inside = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    if any(p.suffix == ".wandb" for p in inside):
        from scalingbench.forecasting.importers.wandb import import_wandb

        return import_wandb([p for p in inside if p.suffix == ".wandb"])
    if any(".tfevents." in p.name for p in inside):
        from scalingbench.forecasting.importers.tensorboard import import_events

        return import_events(path, sorted({p.parent for p in inside if ".tfevents." in p.name}))
    if any(p.name == "meta.yaml" for p in inside):
        from scalingbench.forecasting.importers.mlflow import import_mlflow

        return import_mlflow(path)
    documents = [p for p in inside if p.suffix == ".json"]
    tables = [_document(p) for p in documents]
    found = [table for table in tables if table is not None]
    if found:
        return pd.concat(found, ignore_index=True)
    raise InputError(
        f"{path}: holds no runs of Weights & Biases (*.wandb), TensorBoard (*.tfevents.*), MLflow (meta.yaml), "
        "the Hugging Face trainer (trainer_state.json) or lm-evaluation-harness (results_*.json)"
    )


def _document(path: Path) -> pd.DataFrame | None:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    if not isinstance(loaded, dict):
        return None
    table = import_document(loaded)
    if table is not None and "run" not in table:
        # checkpoints of one run lie in folders of their own: the last of them holds the whole history
        folder = path.parent.parent if path.parent.name.startswith("checkpoint-") else path.parent
        table.insert(0, "run", str(folder))
        config = path.parent / "config.json"
        table = table.assign(**_sizes(config)) if config.is_file() else table
    return table


def _sizes(path: Path) -> dict[str, Any]:
    """Return what a model's ``config.json`` says of its shape."""
    config = json.loads(path.read_text(encoding="utf-8"))
    names = {"hidden_size": "width", "n_embd": "width", "num_hidden_layers": "depth", "n_layer": "depth", "vocab_size": "vocab_size"}
    return {name: config[key] for key, name in names.items() if isinstance(config.get(key), int)}


def import_document(document: dict[str, Any]) -> pd.DataFrame | None:
    """Return the rows of a JSON document that a known tool wrote, None where it is of none."""
    if "log_history" in document and "global_step" in document:
        from scalingbench.forecasting.importers.trainer_state import import_trainer_state

        return import_trainer_state(document)
    if isinstance(document.get("results"), dict) and ("configs" in document or "versions" in document):
        from scalingbench.forecasting.importers.lm_eval import import_lm_eval

        return import_lm_eval(document)
    return None
