"""Runs of TensorBoard, from event files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["import_events"]

_START = "_hparams_/session_start_info"


def import_events(root: Path, files: Sequence[Path]) -> pd.DataFrame:
    """Return one row a run: the last value of every scalar, its step, and the hyper-parameters that were logged.

    A run is a folder with event files. ``add_hparams`` writes into a subfolder of it, which is joined to the run.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    rows: dict[Path, dict[str, Any]] = {}
    for folder in sorted({file.parent for file in files}):
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
        hyper = _hyper_parameters(events)
        home = folder.parent if hyper and folder.parent in rows else folder
        row = rows.setdefault(home, {"run": str(home.relative_to(root)) if root.is_dir() and home != root else home.name})
        for tag in events.Tags()["scalars"]:
            last = events.Scalars(tag)[-1]
            row.setdefault(tag, last.value)
            if home is folder:
                row["step"] = max(int(last.step), row.get("step", 0))
        row.update(hyper)
    return pd.DataFrame(list(rows.values()))


def _hyper_parameters(events: Any) -> dict[str, Any]:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    content = events.summary_metadata.get(_START)
    if content is None:
        return {}
    data = HParamsPluginData.FromString(content.plugin_data.content)
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in data.session_start_info.hparams.items()}
