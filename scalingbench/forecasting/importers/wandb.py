"""Runs of Weights & Biases, from the ``.wandb`` files of a local or offline run folder."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.common.errors import InputError

__all__ = ["import_wandb", "import_wandb_history"]

_MAGIC, _HEADER, _BLOCK = b":W&B", 7, 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def import_wandb(_: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return one row a run: its configuration and its summary (the last value of everything logged).

    The records are decoded by wandb's own message types; the framing around them is that of a LevelDB log, which recent
    versions of wandb no longer read from Python.
    """
    from wandb.proto import wandb_internal_pb2

    return pd.DataFrame([_run(path, wandb_internal_pb2.Record) for path in files])


def import_wandb_history(_: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return a row for every logged step of every run, with the run's configuration."""
    from wandb.proto import wandb_internal_pb2

    return pd.DataFrame([row for path in files for row in _history(path, wandb_internal_pb2.Record)])


def _history(path: Path, record_type: Any) -> list[dict[str, Any]]:
    """Return the logged steps; the state of a run is none of a step's."""
    steps: list[dict[str, Any]] = []
    for record in _records(path, record_type):
        if record.WhichOneof("record_type") == "history":
            step: dict[str, Any] = {"step": float(record.history.step.num)}
            _update(step, record.history.item)
            steps.append(step)
    logged = {name for step in steps for name in step} | {"state"}
    same = {name: value for name, value in _run(path, record_type).items() if name not in logged}
    return [same | step for step in steps]


def _records(path: Path, record_type: Any) -> Iterator[Any]:
    for payload in _payloads(path):
        record = record_type()
        record.ParseFromString(payload)
        yield record


def _run(path: Path, record_type: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"run": path.stem}
    exit_code: int | None = None
    for record in _records(path, record_type):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            row["run"] = record.run.display_name or record.run.run_id
            row["run_id"] = record.run.run_id or path.stem
            _update(row, record.run.config.update)
            _update(row, record.run.summary.update)
        elif kind in ("config", "summary"):
            _update(row, getattr(record, kind).update)
        elif kind == "exit":
            exit_code = record.exit.exit_code
    row["state"] = "crashed" if exit_code is None else "finished" if exit_code == 0 else "failed"
    return row


def _update(row: dict[str, Any], items: Any) -> None:
    """Enter items, whose values are JSON; names of nested ones are joined by points."""
    for item in items:
        name = ".".join(item.nested_key) or item.key
        if not name.startswith("_"):
            row.update(_flat(name, json.loads(item.value_json)))


def _flat(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in _flat(f"{name}.{key}", inner).items()}
    return {name: value if isinstance(value, int | float | str) and not isinstance(value, bool) else str(value)}


def _payloads(path: Path) -> Iterator[bytes]:
    """Yield the complete records of a file; the file of a killed run ends within a record."""
    raw = path.read_bytes()
    if raw[:4] != _MAGIC:
        raise InputError(f"{path}: is not a file of Weights & Biases")
    at, part = _HEADER, b""
    while at + _HEADER <= len(raw):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", raw[at : at + _HEADER])
        if kind == 0:
            at += left
            continue
        part = (b"" if kind in (_FULL, _FIRST) else part) + raw[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        if kind in (_FULL, _LAST) and at <= len(raw):
            yield part
