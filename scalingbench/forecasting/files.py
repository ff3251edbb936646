"""Opening tables of runs: any common form of table, standard input, the files of experiment trackers.

The files of Weights & Biases and of TensorBoard are read through their own libraries, which extras install.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from scalingbench.common.documents import parse_json, read_text
from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.limits import check_file, check_shape
from scalingbench.common.messages import described, one_line
from scalingbench.forecasting.delimited import decoded, read_delimited
from scalingbench.forecasting.headers import meaning_of
from scalingbench.forecasting.importers.documents import import_lm_eval, import_trainer_history, import_trainer_state, newest_evaluations
from scalingbench.forecasting.importers.mlflow import import_mlflow, import_mlflow_database
from scalingbench.forecasting.importers.tensorboard import import_event_history, import_events
from scalingbench.forecasting.importers.wandb import import_wandb, import_wandb_history
from scalingbench.forecasting.objects import from_json, json_lines, loads, read_feather, read_parquet

__all__ = ["DOCUMENTS", "TRACKERS", "Document", "Tracker", "open_table"]

STDIN = "-"
_T = TypeVar("_T")
_OTHERS: Mapping[bytes, str] = {
    b"pk\x03\x04": "a spreadsheet or an archive",
    b"\xd0\xcf": "a spreadsheet",
    b"<": "HTML or XML",
    b"\\begin": "LaTeX",
    b"sqlite format 3": "an SQLite database",
    b"\x93numpy": "a NumPy array",
    b"\x80\x04": "a pickle",
    b"%pdf": "a PDF",
    b"- ": "YAML",
}
"""First bytes of forms that are not read, in lower case."""
_SHAPE = ("width", "depth", "vocab_size")
"""Variables that are taken from a model's ``config.json``."""


@dataclass(frozen=True)
class Tracker:
    """An experiment tracker with files of its own, by the pattern of their names."""

    name: str
    files: str
    read: Callable[[Path, Sequence[Path]], pd.DataFrame]
    """From a folder (or a file) and the matching files in it to a table."""
    library: str = ""
    """The library that reads them, which an extra of the same name installs."""
    history: Callable[[Path, Sequence[Path]], pd.DataFrame] | None = None
    """As `read`, with a row for every logged value."""


@dataclass(frozen=True)
class Document:
    """A tool that writes JSON documents."""

    name: str
    files: str
    recognise: Callable[[dict[str, Any]], bool]
    read: Callable[[dict[str, Any]], pd.DataFrame]
    history: Callable[[dict[str, Any]], pd.DataFrame] | None = None
    """As `read`, with the learning rate at each step."""


TRACKERS = (
    Tracker("Weights & Biases", "*.wandb", import_wandb, "wandb", import_wandb_history),
    Tracker("TensorBoard", "*.tfevents.*", import_events, "tensorboard", import_event_history),
    Tracker("MLflow", "mlflow*.db", import_mlflow_database),
    Tracker("MLflow", "meta.yaml", import_mlflow),
)
DOCUMENTS = (
    Document(
        "the Hugging Face trainer",
        "trainer_state.json",
        lambda d: {"log_history", "global_step"} <= set(d),
        import_trainer_state,
        import_trainer_history,
    ),
    Document(
        "lm-evaluation-harness",
        "results_*.json",
        lambda d: isinstance(d.get("results"), dict) and ("configs" in d or "versions" in d),
        import_lm_eval,
    ),
)


def open_table(source: str | Path, *, history: bool = False) -> pd.DataFrame:
    """Return the cells of a file, of standard input (``-``) or of a tracker's folder, under the headers of the source.

    With `history` a tracker's run has a row for every logged value.

    Raises
    ------
    InputError
        If it does not exist, its form is unknown, or it cannot be read; whatever a library raises is one line.
    """
    path = Path(source)
    if str(source) == STDIN:
        return _guarded(lambda: _from_bytes(sys.stdin.buffer.read(), history), "standard input", "a table")
    if path.is_dir():
        return _guarded(lambda: _from_folder(path, history), str(path), "a folder of runs")
    check_file(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file or folder")
    table = _from_tracker(path, [path], history)
    return table if table is not None else _guarded(lambda: _from_file(path, history), str(path), "a table")


def _from_file(path: Path, history: bool) -> pd.DataFrame:
    raw = path.read_bytes()
    return import_mlflow_database(path, [path]) if raw.startswith(b"SQLite format 3") else _from_bytes(raw, history)


def _guarded(read: Callable[[], _T], name: str, what: str) -> _T:
    """Return what a reader returns; whatever it raises becomes one line that begins with the source."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries, about a source that is refused or read all the same
            return read()
    except InputError as error:
        text = one_line(error)
        raise InputError(text if text.startswith(name) else f"{name}: {text}") from None
    except Exception as error:
        raise InputError(f"{name}: cannot be read as {what}: {described(error, 200)}") from None


def _from_folder(path: Path, history: bool) -> pd.DataFrame:
    files = sorted(p for p in path.rglob("*") if p.is_file())
    table = _from_tracker(path, files, history)
    if table is not None:
        return table
    found = [table for file in files if file.suffix == ".json" and (table := _document_of_folder(file, history)) is not None]
    if not found:
        known = ", ".join(f"{tool.name} ({tool.files})" for tool in (*TRACKERS, *DOCUMENTS))
        raise InputError(f"no runs in it; the known trackers are {known}")
    table = pd.concat(found, ignore_index=True)
    table.attrs = found[0].attrs if len(found) == 1 else {}
    return newest_evaluations(table) if "shots" in table else table


def _from_tracker(path: Path, files: Sequence[Path], history: bool) -> pd.DataFrame | None:
    for tracker in TRACKERS:
        own = [file for file in files if fnmatch(file.name, tracker.files)]
        if own:
            if tracker.library:
                require(f"{path}: reading it", tracker.library, tracker.library)
            return _guarded(
                partial((tracker.history if history else None) or tracker.read, path, own), str(path), f"files of {tracker.name}"
            )
    return None


def _from_document(document: dict[str, Any], history: bool) -> pd.DataFrame | None:
    tool = next((tool for tool in DOCUMENTS if tool.recognise(document)), None)
    return None if tool is None else ((tool.history if history else None) or tool.read)(document)


def _document_of_folder(path: Path, history: bool) -> pd.DataFrame | None:
    return _guarded(lambda: _document(path, history), str(path), "a document of runs")


def _document(path: Path, history: bool) -> pd.DataFrame | None:
    expected = any(fnmatch(path.name, tool.files) for tool in DOCUMENTS)
    try:
        loaded = parse_json(read_text(path))
    except InputError:
        if expected:
            raise
        return None
    table = _from_document(loaded, history) if isinstance(loaded, dict) else None
    if table is None and expected:
        raise InputError("is no document of runs, though its name says so; remove it, or give one file")
    if table is not None and "run" not in table:
        # checkpoints of one run have folders of their own: the last of them has the whole history
        folder = path.parent.parent if path.parent.name.startswith("checkpoint-") else path.parent
        table.insert(0, "run", str(folder))
        config = path.parent / "config.json"
        for name, value in (_shape_of(config) if config.is_file() else {}).items():
            table[name] = value
    return table


def _shape_of(path: Path) -> dict[str, int]:
    """Return the variables of a model's shape that its ``config.json`` states."""
    config = parse_json(read_text(path))
    shape = config.items() if isinstance(config, dict) else ()
    known = [(meaning_of(key), value) for key, value in shape if isinstance(value, int)]
    return {meaning.name: value for meaning, value in known if meaning is not None and meaning.name in _SHAPE}


def _from_bytes(raw: bytes, history: bool = False) -> pd.DataFrame:
    if not raw.strip():
        raise InputError("is empty")
    table = _reader(raw, history)(raw)
    check_shape(*table.shape, table.columns)
    if len(table) == 0:
        raise InputError("has no rows below its header")
    return table


def _reader(raw: bytes, history: bool) -> Callable[[bytes], pd.DataFrame]:
    """Return the reader by content: standard input has no suffix, and suffixes can be wrong."""
    if raw[:4] == b"PAR1":
        return read_parquet
    if raw[:6] == b"ARROW1":
        return read_feather
    found = next((what for start, what in _OTHERS.items() if raw.lstrip()[:20].lower().startswith(start)), None)
    if found is not None:
        raise InputError(f"is {found}; save the table as CSV")
    if raw[:2] == b"\x1f\x8b" or raw[:3] == b"BZh" or raw[:6] == b"\xfd7zXZ\0":
        raise InputError("is compressed; unpack it first, e.g. 'gunzip -c FILE | scalingbench forecast - ...'")
    return partial(_from_text, history=history)


def _from_text(raw: bytes, history: bool) -> pd.DataFrame:
    text = decoded(raw).lstrip("\ufeff")
    return _json(text, history) if text.lstrip()[:1] in ("{", "[") else read_delimited(text)


def _json(text: str, history: bool) -> pd.DataFrame:
    try:
        loaded = loads(text)
    except json.JSONDecodeError:
        return json_lines(text)
    known = _from_document(loaded, history) if isinstance(loaded, dict) else None
    if known is None:
        return from_json(loaded)
    return newest_evaluations(known) if "shots" in known else known
