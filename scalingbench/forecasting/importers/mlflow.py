"""Runs of MLflow, from its file store and from its SQLite database; both are read without MLflow."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from scalingbench.common.errors import InputError

__all__ = ["import_mlflow", "import_mlflow_database"]

_STATES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_INFINITE = 1.7e308
"""The database holds the largest number in place of infinity."""
_DELETED = "deleted"
_RUNS = """
    SELECT r.run_uuid, r.name, r.status, e.name FROM runs r JOIN experiments e USING (experiment_id)
    WHERE r.lifecycle_stage != 'deleted' AND e.lifecycle_stage != 'deleted'
"""


def import_mlflow(path: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return one row a run of a folder of the file store, at whatever level: its parameters and the last value of each metric.

    Parameters
    ----------
    path : Path
        The folder, for messages.
    files : sequence of Path
        Every ``meta.yaml`` in it; those of experiments and of models are none of runs.
    """
    found = [(file.parent, _meta(file)) for file in files if ".trash" not in file.parts]
    names = {str(meta["experiment_id"]): str(meta["name"]) for _, meta in found if {"experiment_id", "name"} <= meta.keys()}
    rows = [_run(folder, meta, names) for folder, meta in found if "run_id" in meta and meta.get("lifecycle_stage") != _DELETED]
    return _table(path, rows)


def _meta(file: Path) -> dict[str, Any]:
    meta = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(meta, dict):
        raise InputError(f"{file}: is no mapping")
    return meta


def _run(folder: Path, meta: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    state, experiment = meta.get("status"), str(meta.get("experiment_id"))
    known = {
        "run": str(meta.get("run_name") or meta["run_id"]),
        "run_id": str(meta["run_id"]),
        "state": _STATES.get(state, str(state)) if isinstance(state, int) else str(state),
        "experiment": names.get(experiment, experiment),
    }
    params = {key: file.read_text(encoding="utf-8").strip() for key, file in _files(folder / "params")}
    return known | params | {key: _last(file) for key, file in _files(folder / "metrics")}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder by key; keys with a slash are folders."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _last(file: Path) -> float:
    """Return the last value of a metric, whose lines are time, value and step."""
    points = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            time, value, *step = line.split()
            points.append((int(step[0]) if step else 0, int(time), float(value)))
        except ValueError:
            raise InputError(f"{file}: line {number}: expected time, value and step, got {line[:40]!r}") from None
    return max(points, key=lambda point: point[:2])[2] if points else math.nan


def import_mlflow_database(path: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return one row a run of SQLite databases, as `import_mlflow` does."""
    return _table(path, [row for file in files for row in _of_database(file)])


def _of_database(file: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if not {"runs", "experiments", "params", "latest_metrics"} <= tables:
            raise InputError(f"{file}: is an SQLite database, but none of MLflow; save the table as CSV")
        rows: dict[str, dict[str, Any]] = {
            str(run): {"run": str(name or run), "run_id": str(run), "state": str(state), "experiment": str(experiment)}
            for run, name, state, experiment in database.execute(_RUNS)
        }
        for run, key, value in database.execute("SELECT run_uuid, key, value FROM params"):
            rows.get(str(run), {})[str(key)] = value
        for run, key, value, is_nan in database.execute("SELECT run_uuid, key, value, is_nan FROM latest_metrics"):
            rows.get(str(run), {})[str(key)] = math.nan if is_nan or abs(value) > _INFINITE else value
    return list(rows.values())


def _table(path: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        raise InputError(f"{path}: this MLflow store has no runs")
    table = pd.DataFrame(rows)
    return table if table["experiment"].nunique() > 1 else table.drop(columns="experiment")
