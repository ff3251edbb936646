"""What ``import scalingbench`` gives, and what it says where a user's own file hides one of our packages."""

import contextlib
import io
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import scalingbench


def python(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, env=environment)


def test_every_public_name_is_there():
    for name in scalingbench.__all__:
        assert getattr(scalingbench, name) is not None
    assert set(dir(scalingbench)) == set(scalingbench.__all__) >= {"Results", "Board", "load_task", "reproduce", "load_collection"}
    assert scalingbench.__version__ == version("scalingbench")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = scalingbench.nothing


@pytest.fixture(scope="module")
def documented():
    """Run the code of docs/leaderboard.md; return its variables and what it printed."""
    page = (Path(__file__).parents[2] / "docs" / "leaderboard.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    variables, printed = {}, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block, variables)
    return variables, printed.getvalue()


def test_the_documented_way_to_a_board_works(documented):
    variables, printed = documented
    board = variables["board"]
    assert isinstance(board, scalingbench.Board) and board.track == "compute" and board.version.startswith("v0-")
    assert variables["best"]["skill_low"] < variables["best"]["skill"] < variables["best"]["skill_high"]
    assert board.version in printed and r"\toprule" in printed and "adjusted by Holm" in printed


def test_the_documented_reproduction_is_that_of_the_committed_result(documented):
    variables, printed = documented
    made = scalingbench.reproduce(variables["task"], "kaplan")
    assert made.difference < 1e-3 and repr(made) in printed


@pytest.mark.parametrize(
    ("hiding", "kind"),
    [("benchmark.py", "file"), ("predictors/__init__.py", "folder"), ("leaderboard/__init__.py", "folder")],
)
def test_a_file_that_hides_a_package_of_ours_is_named(hiding, kind, tmp_path):
    path = tmp_path / hiding
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise SystemExit('imported')\n")
    (tmp_path / "script.py").write_text("import scalingbench\n")
    done = python("script.py", cwd=tmp_path)
    package = hiding.split("/")[0].removesuffix(".py")
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"ImportError: {path} hides the package {package!r} of scalingbench; rename that {kind}"
    assert done.returncode == 1 and "imported" not in done.stderr


def test_files_that_hide_nothing_are_left_alone(tmp_path):
    (tmp_path / "predictors").mkdir()  # a folder that is no package
    (tmp_path / "mylaw.py").write_text("")
    (tmp_path / "script.py").write_text("import mylaw, scalingbench; print(scalingbench.list_suites()[0])\n")
    done = python("script.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "revisiting-nsl\n"), done.stderr
