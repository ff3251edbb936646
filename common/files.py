"""Write files so that a reader never sees an incomplete one, and hash their content.

A run that is killed leaves a temporary file or folder beside the target; the next run that writes there removes it.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
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
    sweep(path.parent, f".{escape(path.name)}.*.tmp")
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
    sweep(path.parent, f".{escape(path.name)}.*.part")
    temporary = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(folder: Path, pattern: str) -> None:
    """Remove what a killed run left in a folder: files and folders that match the pattern and were not written to for ten minutes."""
    for path in folder.glob(pattern):
        with suppress(OSError):  # it is gone, or not ours
            if time.time() - max(p.lstat().st_mtime for p in (path, *path.rglob("*"))) > _LEFT_SECONDS:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
