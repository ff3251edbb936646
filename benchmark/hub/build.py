"""Build the data-set repository: tables, tasks, card, Croissant metadata and checksums. Two builds are byte-identical."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from scalingbench.benchmark.data.all_runs import load_all
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import arrow_of, list_collections, load_collection
from scalingbench.benchmark.hub.card import RUNS, render_card, render_croissant, short_name
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.documents import read_text
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing_folder, sha256_of
from scalingbench.common.names import unknown_name

__all__ = ["CARD", "CHECKSUMS", "CROISSANT", "build", "read_checksums", "redistributable", "refuse_taken", "task_tables", "write_table"]

CARD, CROISSANT, CHECKSUMS = "README.md", "croissant.json", "CHECKSUMS"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""A relative path; no part of it begins with a dot."""


def redistributable(names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the collections that may be published, or those of `names` that may.

    Raises
    ------
    InputError
        If a name is unknown or may not be redistributed.
    """
    allowed = tuple(n for n in list_collections() if load_card(n).bundled)
    for name in names or ():
        if name not in list_collections():
            raise unknown_name("collection", name, list_collections())
        if name not in allowed:
            raise InputError(f"collection {name!r} is fetch-only: its source does not allow redistribution")
    return tuple(n for n in allowed if names is None or n in names)


def build(out: Path, *, collections: Sequence[str] | None = None) -> tuple[str, ...]:
    """Write the data-set repository.

    Parameters
    ----------
    out : Path
        Folder to write; it must not exist or be empty. It is built beside its place and moved there when complete.
    collections : sequence of str, optional
        Only these.

    Returns
    -------
    tuple of str
        Names of the files written, relative to `out`.

    Raises
    ------
    InputError
        If the folder is not empty, or a collection may not be published.
    """
    names = redistributable(collections)
    refuse_taken(out)
    with replacing_folder(out) as staging:
        _fill(staging, names)
        files = tuple(sorted(str(p.relative_to(staging)) for p in staging.rglob("*") if p.is_file()))
    return files


def refuse_taken(out: Path) -> None:
    """Raise unless `out` does not exist or is an empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not empty; choose a new folder")


def _fill(folder: Path, names: Sequence[str]) -> None:
    suite = load_suite(DEFAULT_SUITE)
    wanted = {spec.collection for spec in suite.specs} & set(names)
    tasks: dict[str, list[Task]] = {name: [] for name in names}
    for task in suite.build(collections=tuple(sorted(wanted))) if wanted else ():
        tasks[task.collection].append(task)
    write_table(load_all(names), folder / RUNS)
    for name in names:
        write_table(load_collection(name).table, folder / "data" / name / "table.parquet")
        for task in tasks[name]:
            for side, table in zip(("train", "test"), task_tables(task), strict=True):
                write_table(table, folder / "data" / name / "tasks" / short_name(task.id) / f"{side}.parquet")
    (folder / CARD).write_text(render_card(names, tasks), encoding="utf-8")
    (folder / CROISSANT).write_text(render_croissant(folder, names), encoding="utf-8")
    lines = [f"{sha256_of(p)}  {p.relative_to(folder)}" for p in sorted(folder.rglob("*")) if p.is_file()]
    (folder / CHECKSUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def task_tables(task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the held-out rows of a task, with the same columns: inputs, fold, value and whether it is scored."""
    train = [fold.X_train.assign(fold=fold.name, value=fold.y_train, scored=False) for fold in task.folds]
    test = [fold.X_test.assign(fold=fold.name, value=fold.y_test, scored=fold.scored) for fold in task.folds]
    return pd.concat(train, ignore_index=True), pd.concat(test, ignore_index=True)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write Parquet with bytes that depend on the rows alone."""
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(arrow_of(table), path, compression="zstd")


def read_checksums(folder: Path) -> dict[str, str]:
    """Return the recorded sha256 of every file.

    Raises
    ------
    InputError
        If the list is missing or invalid, or names a file outside the folder.
    """
    path = folder / CHECKSUMS
    if not path.is_file():
        raise InputError(f"{path}: is missing; this is no data-set folder written by 'scalingbench hub build'")
    found: dict[str, str] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not _SHA256.fullmatch(digest) or not name:
            raise InputError(f"{path}: line {number}: expected '<sha256>  <file>'")
        if not _FILE.fullmatch(name) or name == CHECKSUMS:
            raise InputError(f"{path}: line {number}: {name[:80]!r} is no path of a file within the folder")
        if name in found:
            raise InputError(f"{path}: line {number}: {name} is listed twice")
        found[name] = digest
    return found
