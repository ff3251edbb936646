"""A run that is killed while it writes leaves nothing that stays."""

import os

import pytest

from scalingbench.common.files import replacing, replacing_folder


def left(folder, name, age):
    """Write what a killed run leaves: a file, or a folder with a file."""
    path = folder / name
    inner = path / "page.html" if name.endswith(".part") else path
    inner.parent.mkdir(exist_ok=True)
    inner.write_text("half")
    for old in (inner, path):
        os.utime(old, (0, 0)) if age == "old" else None
    return path


@pytest.mark.parametrize(("write", "name"), [(replacing, ".out.abc.tmp"), (replacing_folder, ".out.abc.part")])
def test_the_next_run_sweeps_what_a_killed_run_left_and_not_what_another_one_writes(write, name, tmp_path):
    old, new = left(tmp_path, name, "old"), left(tmp_path, name.replace("abc", "def"), "new")
    others = left(tmp_path, name.replace("out", "other"), "old")
    with write(tmp_path / "out"):
        assert not old.exists() and new.exists() and others.exists()


def test_a_folder_that_is_still_being_filled_is_not_swept(tmp_path):
    path = left(tmp_path, ".out.abc.part", "old")
    os.utime(path / "page.html")
    with replacing_folder(tmp_path / "out"):
        assert path.exists()
