"""Sources of upstream files: an offline mirror, the user's cache, or a pinned URL."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from scalingbench.common.errors import FetchError
from scalingbench.common.files import replacing, sha256_of
from scalingbench.common.messages import described

__all__ = ["MIRROR_VARIABLE", "UpstreamFile", "cache_folder", "file_is_available", "locate", "mirror"]

MIRROR_VARIABLE = "SCALINGBENCH_MIRROR"
"""Environment variable naming the mirror, laid out as ``<folder>/raw/<file>``."""


@dataclass(frozen=True)
class UpstreamFile:
    """One pinned upstream file.

    Parameters
    ----------
    folder : str
        Its folder in the mirror.
    name : str
        Path below that folder's ``raw/``; the file may also be there gzipped, as ``<name>.gz``.
    sha256 : str
        Hash of the uncompressed content.
    url : str, optional
        Address at a pinned commit. None marks a transcription of figures (from a notebook, a
        JSON tree or a plot), which exists in the mirror only.
    """

    folder: str
    name: str
    sha256: str
    url: str | None = None


def mirror() -> Path | None:
    """Return the offline mirror, or None where none is set.

    Raises
    ------
    FetchError
        If the variable names no folder.
    """
    value = os.environ.get(MIRROR_VARIABLE)
    if not value:
        return None
    path = Path(value)
    if not path.is_dir():
        raise FetchError(f"{MIRROR_VARIABLE}={value}: no such folder")
    return path


def locate(file: UpstreamFile) -> Path:
    """Return a local copy of an upstream file, with its hash checked.

    Sources, in order: the mirror, the user's cache, a download.

    Raises
    ------
    FetchError
        If it is unavailable, or its content is not the pinned one.
    """
    root = mirror()
    if root is not None:
        for name in (file.name, f"{file.name}.gz"):
            if (path := root / file.folder / "raw" / name).is_file():
                return _checked(path, file, path, "was altered")
    if file.url is None:
        raise FetchError(
            f"{file.folder}/raw/{file.name}: a transcription without an upstream address; set {MIRROR_VARIABLE} to a mirror that has it"
        )
    return _download(file)


def file_is_available(file: UpstreamFile) -> bool:
    """Return whether the file is available locally: in the mirror, or in the user's cache."""
    root = mirror()
    names = (file.name, f"{file.name}.gz")
    if root is not None and any((root / file.folder / "raw" / name).is_file() for name in names):
        return True
    return file.url is not None and (cache_folder() / file.folder / file.name).is_file()


def _checked(path: Path, file: UpstreamFile, place: object, what: str) -> Path:
    packed = path.suffix == ".gz" and not file.name.endswith(".gz")
    found = _sha256_unpacked(path) if packed else sha256_of(path)
    if found != file.sha256:
        raise FetchError(f"{place}: {what}: sha256 is {found[:12]}..., pinned is {file.sha256[:12]}...")
    return path


def _sha256_unpacked(path: Path) -> str:
    """Return the sha256 of the content of a gzipped file."""
    try:
        with gzip.open(path, "rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        raise FetchError(f"{path}: is not a whole gzip file: {described(error)}") from None


def cache_folder() -> Path:
    """Return the user's cache: ``$SCALINGBENCH_CACHE``, or the place that the operating system has for it."""
    import pooch

    return Path(os.environ.get("SCALINGBENCH_CACHE") or pooch.os_cache("scalingbench"))


def _download(file: UpstreamFile) -> Path:
    """Return the file from the cache; download it if it is missing there or differs."""
    import pooch

    target = cache_folder() / file.folder / file.name
    if target.is_file() and sha256_of(target) == file.sha256:
        return target
    with replacing(target) as temporary:
        try:
            pooch.HTTPDownloader()(file.url, str(temporary), None)
        except Exception as error:  # any network or host error
            raise FetchError(f"{file.folder}/{file.name}: cannot be downloaded from {file.url}: {described(error, 200)}") from None
        _checked(temporary, file, file.url, "is not what was pinned")
    return target
