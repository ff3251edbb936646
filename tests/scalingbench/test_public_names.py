"""What ``import scalingbench`` gives."""

import contextlib
import doctest
import importlib
import importlib.metadata
import io
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import scalingbench
from scalingbench.forecasting.examples import example_text


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


def test_a_law_is_written_with_public_names_alone(tmp_path):
    """The template of new-predictor: it imports the package and nothing below it, and can be fitted."""
    done = python("-m", "scalingbench", "new-predictor", "my_law", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    source = (tmp_path / "my_law.py").read_text(encoding="utf-8")
    assert re.findall(r"^(?:import|from) .*", source, flags=re.MULTILINE) == ["import scalingbench as sb"]
    code = "from my_law import MyLaw; print(*(p.role for p in MyLaw.parameters))"
    assert python("-c", code, cwd=tmp_path).stdout.split() == ["irreducible", "amplitude", "exponent", "amplitude", "exponent"]


def test_importing_the_package_imports_nothing_heavy(tmp_path):
    code = "import sys, scalingbench; print({'numpy', 'pandas', 'sklearn', 'scipy', 'typer'} & {*sys.modules})"
    assert python("-c", code, cwd=tmp_path).stdout.strip() == "set()"


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
    assert isinstance(board, scalingbench.Board) and board.track == "compute" and board.version.startswith("v3-")
    assert variables["best"]["skill_low"] < variables["best"]["skill"] < variables["best"]["skill_high"]
    assert board.version in printed and r"\toprule" in printed and "adjusted by Holm" in printed


def test_the_documented_reproduction_is_that_of_the_committed_result(documented):
    variables, printed = documented
    made = scalingbench.reproduce(variables["task"], "kaplan")
    assert made.difference < 1e-3 and repr(made) in printed


@pytest.mark.parametrize(
    "own",
    [
        "benchmark.py",
        *(pytest.param(p, marks=pytest.mark.full) for p in ("predictors/__init__.py", "leaderboard/__init__.py", "common.py")),
    ],
)
def test_a_users_file_named_like_a_room_of_ours_harms_nothing(own, tmp_path):
    path = tmp_path / own
    path.parent.mkdir(exist_ok=True)
    path.write_text("MINE = 1\n")
    name = own.split("/")[0].removesuffix(".py")
    check = f"import {name}, scalingbench as sb; print({name}.MINE, sb.make('kaplan').variables, sb.load_suite('v3').reference)"
    (tmp_path / "script.py").write_text(check + "\n")
    done = python("script.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 ('params', 'tokens') nearest-neighbor\n"), done.stderr


def test_the_package_installs_one_import_name():
    files = importlib.metadata.files("scalingbench") or ()
    tops = {f.parts[0] for f in files if f.suffix == ".py"}
    assert tops <= {"scalingbench"}


HOME = Path(scalingbench.__file__).parent
EXAMPLES = sorted(
    str(path.relative_to(HOME).with_suffix("")).replace(os.sep, ".")
    for room in ("benchmark", "common", "forecasting", "leaderboard", "predictors")
    for path in (HOME / room).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
"""Modules with examples in docstrings."""


def test_every_public_name_has_an_example():
    undocumented = [name for name in scalingbench.__all__ if ">>> " not in (getattr(scalingbench, name).__doc__ or "")]
    assert undocumented == ["__version__"]


LONG = {"forecasting.allocate", "forecasting.forecast", "forecasting.pictures", "forecasting.report", "leaderboard.findings.report"}


@pytest.mark.parametrize("module", [pytest.param(m, marks=pytest.mark.full) if m in LONG else m for m in EXAMPLES])
def test_the_examples_of_a_module_run(module, tmp_path, monkeypatch):
    (tmp_path / "runs.csv").write_text(example_text("base"), encoding="utf-8")  # the table that the README makes first
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(f"scalingbench.{module}"))
    assert tried and not failed
