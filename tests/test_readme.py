"""The README's code runs, and its board is the one that the committed results give."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.common.defaults import DEFAULT_SUITE

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def run(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return subprocess.run([*arguments], cwd=cwd, capture_output=True, text=True, env=environment, timeout=300)


@pytest.mark.parametrize("block", BLOCKS, ids=[b.strip().splitlines()[0] for b in BLOCKS])
def test_code_blocks_run(block, tmp_path):
    (tmp_path / "block.py").write_text(block)
    done = run(sys.executable, "block.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_law_of_the_readme_can_be_evaluated(tmp_path):
    (law,) = [b for b in BLOCKS if b.startswith("# file: mylaw.py")]
    (tmp_path / "mylaw.py").write_text(law)
    command = re.search(r"```bash\nscalingbench (evaluate .*?)\n```", TEXT)
    assert command
    done = run(sys.executable, "-m", "scalingbench", *command[1].split(), "--collections", "porian", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "JointPower" in done.stdout


BOARDS = re.findall(r"<!-- board: scalingbench (.*?) -->\n(.*?)<!-- /board -->", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize(("command", "board"), BOARDS, ids=[command for command, _ in BOARDS])
def test_the_board_is_what_the_command_prints(command, board, tmp_path):
    done = run(sys.executable, "-m", "scalingbench", *command.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert board.strip() == done.stdout.strip()


def test_how_to_submit_works_as_it_stands(tmp_path):
    if missing := raise_wall(unconfined=True).missing:
        pytest.skip(f"its last line needs a whole wall: {'; '.join(missing)}")
    (block,) = re.findall(r"<!-- submit -->\n```bash\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "scalingbench"
        done = run(sys.executable, "-m", "scalingbench", *arguments, cwd=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert "my-law" in done.stdout and "recomputed" in done.stdout
    assert (tmp_path / "leaderboard" / "submissions" / "my-law" / "submission.yaml").is_file()


def test_how_to_cite_works_as_it_stands(tmp_path):
    command = re.search(r"```bash\nscalingbench (cite .*?)\n```", TEXT)
    assert command
    done = run(sys.executable, "-m", "scalingbench", *command[1].split(), cwd=tmp_path)
    assert done.returncode == 0 and "Kaplan, J." in done.stdout and f"version {DEFAULT_SUITE}-" in done.stdout
