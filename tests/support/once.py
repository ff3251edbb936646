"""A folder that one worker makes for all."""

import os
from pathlib import Path

from filelock import FileLock


def once(tmp_path_factory, name, make) -> Path:
    """Return a folder of this test run; the first worker that asks calls `make` with it, the others wait."""
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / name
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    assert (folder / "made").exists(), f"{name}: could not be made"
    return folder
