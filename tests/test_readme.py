"""The README's code runs, and its board is the one that the committed results give."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command import scalingbench

from scalingbench.benchmark.evaluation.wall.layers import raise_wall
from scalingbench.common.defaults import DEFAULT_SUITE

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)


def run(*arguments, cwd):
    return subprocess.run([*arguments], cwd=cwd, capture_output=True, text=True, timeout=600)


FIRST = re.findall(r"```bash\n(python3 -m venv .*)\n```", TEXT)
"""The two commands that a reader begins with, which .ci/run runs too."""


@pytest.mark.parametrize(("line", "end"), list(zip(FIRST, ("scalingbench run", "pytest"), strict=True)))
def test_each_first_command_leaves_its_environment_activated(line, end, tmp_path):
    stubs = 'python3() { command python3 "$@" --without-pip; }; pip() { :; }; scalingbench() { :; }; pytest() { :; }'
    done = run("bash", "-c", f"{stubs}; {line} && command -v python", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.strip() == str(tmp_path / ".venv" / "bin" / "python"), done.stderr
    assert line.split(" && ")[-1].startswith(end) and ".venv/bin/" not in TEXT.replace(". .venv/bin/activate", "")


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
    done = scalingbench(*command[1].split(), "--collections", "porian", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "JointPower" in done.stdout


BOARDS = re.findall(r"<!-- board: scalingbench (.*?) -->\n(.*?)<!-- /board -->", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize(("command", "board"), BOARDS, ids=[command for command, _ in BOARDS])
def test_the_board_is_what_the_command_prints(command, board, tmp_path):
    done = scalingbench(*command.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert board.strip() == done.stdout.strip()


def test_how_to_submit_works_as_it_stands(tmp_path):
    if missing := raise_wall(unconfined=True).missing:
        pytest.skip(f"its last line needs a whole wall: {'; '.join(missing)}")
    (block,) = re.findall(r"<!-- submit -->\n```bash\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "scalingbench"
        done = scalingbench(*arguments, cwd=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert "my-law" in done.stdout and "recomputed" in done.stdout
    assert (tmp_path / "leaderboard" / "submissions" / "my-law" / "submission.yaml").is_file()


def test_how_to_cite_works_as_it_stands(tmp_path):
    command = re.search(r"```bash\nscalingbench (cite .*?)\n```", TEXT)
    assert command
    done = scalingbench(*command[1].split(), cwd=tmp_path)
    assert done.returncode == 0 and "Kaplan, J." in done.stdout and f"version {DEFAULT_SUITE}-" in done.stdout
