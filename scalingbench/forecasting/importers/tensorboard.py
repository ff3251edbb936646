"""Runs of TensorBoard, from event files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.forecasting.headers import TRAINING, meaning_of

__all__ = ["import_event_history", "import_events"]

_START = "_hparams_/session_start_info"
_WRITERS = frozenset({"train", "training", "validation", "valid", "val", "eval", "evaluation", "test", "dev"})
Series = dict[int, float]
"""The values of a tag by step."""


def import_events(root: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return one row a run: its last measured value, every other scalar at that step, and its hyper-parameters.

    A run is a folder with event files. Folders of its writers (``train``, ``validation``) are joined to it, their tags under
    the writer's name, and so is the subfolder that ``add_hparams`` makes.
    """
    tags, hyper = _read(files)
    return pd.DataFrame([{"run": _name(root, home), **_at_last_value(own), **hyper[home]} for home, own in tags.items()])


def import_event_history(root: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return a row for every step at which a run has a measured value; parameters as for `import_events`."""
    tags, hyper = _read(files)
    ranks = {home: _ranks(own) for home, own in tags.items()}
    rows = [
        {"run": _name(root, home), **_at_step(own, step, ranks[home]), **hyper[home]}
        for home, own in tags.items()
        for step in sorted({step for tag in _best(own, ranks[home]) for step in own[tag]})
    ]
    return pd.DataFrame(rows)


def _read(files: Sequence[Path]) -> tuple[dict[Path, dict[str, Series]], dict[Path, dict[str, Any]]]:
    """Return the scalars of each run by tag, and its hyper-parameters."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tags: dict[Path, dict[str, Series]] = {}
    hyper: dict[Path, dict[str, Any]] = {}
    folders = sorted({file.parent for file in files})
    for folder in folders:
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()
        parameters = _hyper_parameters(events)
        home, writer = _home_and_writer(folder, folders)
        home = folder.parent if parameters and folder.parent in tags else home
        own = tags.setdefault(home, {})
        for tag, series in _scalars(events).items():
            own.setdefault(f"{writer}/{tag}" if writer else tag, series)
        hyper.setdefault(home, {}).update(parameters)
    return tags, hyper


def _name(root: Path, home: Path) -> str:
    return str(home.relative_to(root)) if root.is_dir() and home != root and home.is_relative_to(root) else home.name


def _home_and_writer(folder: Path, folders: Collection[Path]) -> tuple[Path, str]:
    """Return the run's folder, and the name of its writer where the folder is that of one writer of several."""
    base, writer = _split_writer(folder.name)
    others = (_split_writer(other.name) for other in folders if other.parent == folder.parent and other != folder)
    inside = folder.parent in folders
    if not writer or not (inside or any(name == base and word for name, word in others)):
        return folder, ""
    return (folder.parent if inside or not base else folder.parent / base), writer


def _split_writer(name: str) -> tuple[str, str]:
    """Return a folder's name without the word that names a writer, and that word: ``loss_val`` is ``loss`` and ``val``."""
    words = re.split(r"[_\-.]", name.lower())
    found = [w for w in words if w in _WRITERS]
    return ("_".join(w for w in words if w not in _WRITERS), found[0]) if len(found) == 1 else (name.lower(), "")


def _scalars(events: Any) -> dict[str, Series]:
    """Return the scalars of a folder by tag and step, those of TensorFlow 2 too; what was written later replaces earlier steps."""
    from tensorboard.util import tensor_util

    found: dict[str, Series] = {}
    for tag in events.Tags()["scalars"]:
        found[tag] = {int(e.step): float(e.value) for e in sorted(events.Scalars(tag), key=lambda e: e.wall_time)}
    for tag in events.Tags()["tensors"]:
        values = [(int(e.step), tensor_util.make_ndarray(e.tensor_proto)) for e in sorted(events.Tensors(tag), key=lambda e: e.wall_time)]
        if values and all(v.size == 1 and v.dtype.kind in "fiu" for _, v in values):
            found.setdefault(tag, {step: float(v.reshape(())) for step, v in values})
    return found


def _at_last_value(tags: Mapping[str, Series]) -> dict[str, float]:
    """Return the last measured value with its step, and what the other tags were by then.

    Of several measured values those are used that `headers` ranks first: held-out before training.
    """
    ranks = _ranks(tags)
    return _at_step(tags, max((max(tags[tag]) for tag in _best(tags, ranks)), default=0), ranks)


def _ranks(tags: Mapping[str, Series]) -> dict[str, int]:
    return {tag: meaning.rank for tag in tags if (meaning := meaning_of(tag)) is not None and meaning.name == "value"}


def _best(tags: Mapping[str, Series], ranks: Mapping[str, int]) -> list[str]:
    return [tag for tag, rank in ranks.items() if rank == min(ranks.values())] or list(tags)


def _at_step(tags: Mapping[str, Series], step: int, ranks: Mapping[str, int]) -> dict[str, float]:
    """Return every tag as of a step; a held-out value only if it was measured at it."""
    found = {tag: _by(series, step, exactly=ranks.get(tag, TRAINING) < TRAINING) for tag, series in tags.items()}
    return {tag: value for tag, value in found.items() if value is not None} | {"step": float(step)}


def _by(series: Series, step: int, *, exactly: bool) -> float | None:
    """Return a tag's value at a step, or the last before it; a constant is known at every step."""
    if step in series or exactly:
        return series.get(step)
    before = [s for s in series if s < step]
    if before:
        return series[max(before)]
    return next(iter(series.values())) if len(set(series.values())) == 1 else None


def _hyper_parameters(events: Any) -> dict[str, Any]:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = events.summary_metadata.get(_START)
    if content is None:
        return {}
    data = HParamsPluginData.FromString(content.plugin_data.content)
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in data.session_start_info.hparams.items()}
