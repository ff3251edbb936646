"""Check a data-set folder: checksums, schema, equality with the package, card, Croissant and loading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from scalingbench.benchmark.data.all_runs import load_all
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.data.collection import arrow_of, read_facts, table_digest
from scalingbench.benchmark.data.schema import read_table
from scalingbench.benchmark.hub.build import CARD, CHECKSUMS, CROISSANT, read_checksums, redistributable
from scalingbench.benchmark.hub.card import RUNS
from scalingbench.common.documents import parse_json, read_text
from scalingbench.common.errors import InputError
from scalingbench.common.extras import require
from scalingbench.common.files import sha256_of
from scalingbench.common.messages import described, first_problem, one_line

__all__ = ["check_files", "collections_in", "validate_folder"]


def validate_folder(folder: Path, *, load: bool = True, say: Callable[[str], None] = lambda line: None) -> None:
    """Check everything that users of the data set rely on.

    Parameters
    ----------
    folder : Path
        A folder from `build`, or one that was pulled.
    load : bool
        Whether to load every collection with the ``datasets`` library as well.
    say : callable
        Called with one line per finished check.

    Raises
    ------
    InputError
        At the first error; names the file.
    """
    require(f"{folder}: checking it", "hub", "mlcroissant", *(("datasets",) if load else ()))
    say(f"checksums: {check_files(folder)} files")
    names = collections_in(folder)
    for name in names:
        _check_table(folder, name)
    say(f"tables: {len(names)} keep the schema and equal the package's own")
    _check_runs(folder, names)
    say(f"{RUNS}: the rows of {len(names)} collections")
    say(f"card: {_check_card(folder)} configurations, every file there")
    _check_croissant(folder)
    say("croissant: no errors")
    if load:
        _check_loading(folder, names)
        say(f"datasets: {len(names)} collections load")


def check_files(folder: Path) -> int:
    """Compare every file with its checksum; return their number."""
    recorded = read_checksums(folder)
    if links := sorted(p for p in folder.rglob("*") if p.is_symlink()):
        raise InputError(f"{links[0]}: is a link; a data-set folder contains files only")
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {CHECKSUMS}
    present = {p for p in present if not p.startswith(".")}
    for name, digest in recorded.items():
        if name not in present:
            raise InputError(f"{folder / name}: is missing")
        if sha256_of(folder / name) != digest:
            raise InputError(f"{folder / name}: was altered: its sha256 is not the one in CHECKSUMS")
    if extra := sorted(present - set(recorded)):
        raise InputError(f"{folder / extra[0]}: is not in CHECKSUMS")
    return len(recorded)


def collections_in(folder: Path) -> tuple[str, ...]:
    """Return the collections of a folder."""
    return tuple(sorted(p.parent.name for p in folder.glob("data/*/table.parquet")))


def _check_table(folder: Path, name: str) -> None:
    path = folder / "data" / name / "table.parquet"
    if name not in redistributable():
        raise InputError(f"{path}: {name!r} is no collection that may be published")
    table = read_table(path, load_card(name).scalingbench.own_variables)
    if table_digest(table) != read_facts()[name]["digest"]:
        raise InputError(f"{path}: is not the package's own table")


def _check_runs(folder: Path, names: tuple[str, ...]) -> None:
    """Check that the table of all runs has the rows of the folder's collections."""
    path = folder / RUNS
    if not path.is_file():
        raise InputError(f"{path}: is missing; 'scalingbench hub build' writes it")
    try:
        found = pq.read_table(path)
    except Exception as error:  # the library raises many kinds of errors on invalid files
        raise InputError(f"{path}: cannot be read: {described(error, 200)}") from None
    if not found.equals(arrow_of(load_all(names))):
        raise InputError(f"{path}: is not the rows of the folder's {len(names)} collections")


class _DataFile(BaseModel):
    split: Literal["train", "test"]
    path: str


class _Configuration(BaseModel):
    config_name: str
    data_files: tuple[_DataFile, ...] = Field(min_length=1)


def _check_card(folder: Path) -> int:
    from huggingface_hub import DatasetCard

    path = folder / CARD
    try:
        metadata = DatasetCard.load(path).data.to_dict()
    except Exception as error:  # the library raises many kinds of errors on invalid front matter
        raise InputError(f"{path}: its front matter cannot be read: {described(error, 200)}") from None
    try:
        configs = TypeAdapter(tuple[_Configuration, ...]).validate_python(metadata.get("configs"))
    except ValidationError as error:
        raise InputError(f"{path}: configs: {first_problem(error)}") from None
    files = read_checksums(folder)
    for config in configs:
        for file in config.data_files:
            if file.path not in files:
                raise InputError(f"{path}: config {config.config_name!r}: {file.path} is not there")
    return len(configs)


def _check_croissant(folder: Path) -> None:
    import mlcroissant

    path = folder / CROISSANT
    text = read_text(path)
    try:
        document = parse_json(text)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if not isinstance(document, dict) or _looks_elsewhere(document):
        raise InputError(f"{path}: must be an object with its @context spelt out")
    try:
        issues = mlcroissant.Dataset(jsonld=path).metadata.ctx.issues
    except Exception as error:  # the library raises many kinds of errors on invalid metadata
        raise InputError(f"{path}: {described(error, 300)}") from None
    if issues.errors:
        raise InputError(f"{path}: {one_line(next(iter(issues.errors)))}")


def _looks_elsewhere(node: object) -> bool:
    """Return whether JSON-LD refers to a context by address, which a reader would fetch."""
    if isinstance(node, dict):
        return "@import" in node or isinstance(node.get("@context", {}), str | list) or any(map(_looks_elsewhere, node.values()))
    return isinstance(node, list) and any(map(_looks_elsewhere, node))


def _check_loading(folder: Path, names: tuple[str, ...]) -> None:
    import datasets

    rows = read_facts()
    with tempfile.TemporaryDirectory() as cache:  # a new cache, because the library may serve outdated rows of a folder
        for name in (None, *names):  # None: the default configuration
            expected = rows[name]["rows"] if name else sum(rows[n]["rows"] for n in names)
            try:
                loaded = datasets.load_dataset(str(folder), name, split="train", cache_dir=cache)
            except Exception as error:  # the library raises many kinds of errors on invalid data
                raise InputError(f"{folder}: config {name or 'runs'!r} does not load: {described(error, 200)}") from None
            if len(loaded) != expected:
                raise InputError(f"{folder}: config {name or 'runs'!r} loads {len(loaded)} rows, expected {expected}")
