"""Check a data-set folder: checksums, schema, equality with the package, card, Croissant and loading."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmark.data.collection import load_collection
from benchmark.data.fetch import sha256_of
from benchmark.data.schema import validate
from benchmark.hub.build import CARD, CROISSANT, read_checksums
from scalingbench.common.errors import InputError

__all__ = ["check_files", "collections_in", "validate_folder"]


def validate_folder(folder: Path, *, load: bool = True, say: Callable[[str], None] = lambda line: None) -> None:
    """Check everything that a reader of the data set relies on.

    Parameters
    ----------
    folder : Path
        A folder from `build`, or one that was pulled.
    load : bool
        Whether to load every collection with the ``datasets`` library as well.
    say : callable
        Given one line per finished check.

    Raises
    ------
    InputError
        On the first thing wrong; names the file.
    """
    say(f"checksums: {check_files(folder)} files")
    names = collections_in(folder)
    for name in names:
        _check_table(folder, name)
    say(f"tables: {len(names)} keep the schema and equal the package's own")
    say(f"card: {_check_card(folder)} configurations, every file there")
    _check_croissant(folder)
    say("croissant: no errors")
    if load:
        _check_loading(folder, names)
        say(f"datasets: {len(names)} collections load")


def check_files(folder: Path) -> int:
    """Compare every file with its checksum; returns how many there are."""
    recorded = read_checksums(folder)
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"CHECKSUMS"}
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
    table = pd.read_parquet(path)
    try:
        validate(table)
        pd.testing.assert_frame_equal(table, load_collection(name).table, check_exact=True, check_dtype=False)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except AssertionError as error:
        raise InputError(f"{path}: is not the package's own table: {str(error).splitlines()[0]}") from None


def _check_card(folder: Path) -> int:
    from huggingface_hub import DatasetCard

    path = folder / CARD
    try:
        configs = DatasetCard.load(path).data.to_dict()["configs"]
    except Exception as error:
        raise InputError(f"{path}: its front matter cannot be read: {' '.join(str(error).split())[:200]}") from None
    for config in configs:
        for file in config["data_files"]:
            if not (folder / file["path"]).is_file():
                raise InputError(f"{path}: config {config['config_name']!r}: {file['path']} is not there")
    return len(configs)


def _check_croissant(folder: Path) -> None:
    try:
        import mlcroissant
    except ImportError:
        raise InputError("croissant metadata is checked with mlcroissant: pip install 'scalingbench[hub]'") from None
    path = folder / CROISSANT
    try:
        issues = mlcroissant.Dataset(jsonld=path).metadata.ctx.issues
    except Exception as error:
        raise InputError(f"{path}: {' '.join(str(error).split())[:300]}") from None
    if issues.errors:
        raise InputError(f"{path}: {next(iter(issues.errors))}")


def _check_loading(folder: Path, names: tuple[str, ...]) -> None:
    import datasets

    with tempfile.TemporaryDirectory() as cache:  # its own cache: the library may serve rows of a folder as it was before
        for name in names:
            try:
                loaded = datasets.load_dataset(str(folder), name, split="train", cache_dir=cache)
            except Exception as error:
                raise InputError(f"{folder}: config {name!r} does not load: {' '.join(str(error).split())[:200]}") from None
            if len(loaded) != len(load_collection(name).table):
                raise InputError(f"{folder}: config {name!r} loads {len(loaded)} rows, expected {len(load_collection(name).table)}")
