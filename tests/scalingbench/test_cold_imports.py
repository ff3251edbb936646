"""What a quick command must not import: names are checked before pandas, and scikit-learn and SciPy are for commands that fit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import scalingbench

RUN = """
import contextlib, io, json, sys
from scalingbench.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        main()
        status = 0
    except SystemExit as ended:
        status = ended.code or 0
print(json.dumps([status, sorted({name.split(".")[0] for name in sys.modules})]))
"""
FITTING = {"sklearn", "scipy", "joblib"}
TABLES = {"pandas", "pyarrow"}
TABLE = str(Path(scalingbench.__file__).parent / "examples" / "base.csv")
TYPOS = (
    ("show", "chinchila"),
    ("tasks", "--track", "computer"),
    ("leaderboard", "--track", "computer"),
    ("predictors", "--track", "computer"),
    ("forecast", TABLE, "--target", "params=2B,tokns=40B"),
)
QUICK = (("tasks",), ("leaderboard",), ("cite",), ("read", TABLE))


def imported(*arguments):
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=True)
    status, names = json.loads(done.stdout)
    return status, set(names)


@pytest.mark.parametrize("arguments", TYPOS, ids=" ".join)
def test_a_typo_is_answered_before_tables_can_be_read(arguments):
    status, names = imported(*arguments)
    assert status == 2
    assert not names & (TABLES | FITTING)


@pytest.mark.parametrize("arguments", QUICK, ids=" ".join)
def test_a_command_that_fits_nothing_imports_nothing_that_fits(arguments):
    status, names = imported(*arguments)
    assert status == 0
    assert not names & FITTING
