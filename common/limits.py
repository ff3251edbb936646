"""Limits on the files of other people, checked before a file is read: no input makes a command hang or fill the memory.

SECURITY.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scalingbench.common.errors import InputError
from scalingbench.common.variables import FAMILIES

__all__ = ["LARGEST_FILE", "MOST_COLUMNS", "MOST_OF_A_FAMILY", "MOST_ROWS", "check_file", "check_shape"]

LARGEST_FILE = 2**30
"""Size of a table, in bytes."""
MOST_ROWS, MOST_COLUMNS = 1_000_000, 10_000
MOST_OF_A_FAMILY = 1000
"""Columns that share the prefix of a family of variables, such as ``obs_``."""


def check_file(path: Path, error: type[InputError] = InputError) -> None:
    """Raise for a path that is there but no regular file, or too large: reading a pipe or a device may never end.

    Raises
    ------
    InputError
        If it cannot be read; `error` may name a subclass.
    """
    if path.exists() and not path.is_file():
        raise error(f"{path}: {'a folder' if path.is_dir() else 'a pipe or device'}, expected a regular file")
    if path.is_file() and path.stat().st_size > LARGEST_FILE:
        raise error(f"{path}: larger than {LARGEST_FILE // 2**20} MiB")


def check_shape(rows: int, columns: int, names: Iterable[object] = (), error: type[InputError] = InputError) -> None:
    """Raise for a table that is too large.

    Parameters
    ----------
    rows, columns : int
        Its size.
    names : iterable
        Names of its columns, where they are read already.

    Raises
    ------
    InputError
        If there are too many rows, or columns in all or of a family; the caller names the file. `error` may name a subclass.
    """
    for n, what, most in ((rows, "rows", MOST_ROWS), (columns, "columns", MOST_COLUMNS)):
        if n > most:
            raise error(f"{n:,} {what}; at most {most:,} are read")
    texts = [str(name) for name in names]
    for family in FAMILIES:
        found = sum(name.startswith(family.prefix) for name in texts)
        if found > MOST_OF_A_FAMILY:
            raise error(f"{found:,} columns {family.prefix}*; at most {MOST_OF_A_FAMILY:,} are read")
