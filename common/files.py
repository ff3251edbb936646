"""Write files so that a reader never sees an incomplete one, and hash their content."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp, mkstemp

__all__ = ["replacing", "replacing_folder", "sha256_of", "sweep"]

_LEFT_SECONDS = 600.0


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; rename it to `path` on success, remove it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder in the parent folder of `path`; move it to `path` on success, remove it on failure.

    The caller checks first that an existing `path` may be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: Path, pattern: str) -> None:
    """Remove temporary files that a killed run left in a folder: those that match the pattern and are ten minutes old."""
    for path in folder.glob(pattern):
        try:
            if time.time() - path.stat().st_mtime > _LEFT_SECONDS:
                path.unlink()
        except OSError:  # it is gone, or not ours
            continue


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
