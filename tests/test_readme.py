"""The README's code runs, and its board is the one that the committed results give."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from command import scalingbench

from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
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
    done = scalingbench(*command[1].split(), "--collections", "datablations", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "JointPower" in done.stdout


DOCS = README.parent / "docs"
PAGES = (README, *(DOCS / f"{name}.md" for name in ("board", "collections", "findings", "other-benchmarks")))
EXPLAINED = tuple(sorted(page for folder in ("tutorials", "explanation") for page in (DOCS / folder).glob("*.md")))
"""Pages whose other blocks are run by test_tutorials.py."""
PRINTED = [
    (page, *found)
    for page in (*PAGES, *EXPLAINED)
    for found in re.findall(
        r"<!-- (?:board|findings|output): scalingbench (.*?) -->\n(.*?)<!-- /", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the table that the README makes first."""
    made = tmp_path_factory.mktemp("reader")
    (command,) = re.findall(r"\nscalingbench (example .*?) > runs.csv\n", TEXT)
    (made / "runs.csv").write_text(scalingbench(*command.split()).stdout, encoding="utf-8")
    return made


@pytest.mark.parametrize(
    ("page", "command", "text"),
    # of the other pages, `perf.regenerate --check` does the same
    [pytest.param(*row, id=f"{row[0].stem}: {row[1]}", marks=[pytest.mark.full] * (row[0].stem != "README")) for row in PRINTED],
)
def test_a_page_shows_what_the_command_prints(page, command, text, folder):
    words, _, lines = command.partition(" | head -")
    done = scalingbench(*words.split(), cwd=folder)
    assert done.returncode == 0, done.stderr
    shown = text.strip().removeprefix("```text\n").removesuffix("\n```")
    assert shown.splitlines() == done.stdout.strip().splitlines()[: int(lines) if lines else None]


OWN_TESTS = ("evaluate", "example", "new-predictor", "check", "submit", "verify", "cite", "collections")
COMMANDS = [
    (page, line)
    for page in PAGES
    for block in re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("scalingbench ") and line.split()[1] not in OWN_TESTS
]


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page.stem}: {line}" for page, line in COMMANDS])
def test_a_command_of_a_page_runs(page, line, folder):
    done = scalingbench(*shlex.split(line)[1:], cwd=folder)
    assert done.returncode == 0 and done.stdout, done.stderr


NAMED = re.compile(r"`scalingbench ((?:leaderboard|compare) [^`]*)`")
INLINE = sorted({found for page in PAGES[:2] for found in NAMED.findall(page.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("command", [c for c in INLINE if "--recompute" not in c])
def test_a_command_in_the_text_runs(command):
    done = scalingbench(*command.split())
    assert done.returncode == 0, done.stderr


def test_the_readme_is_short_and_begins_with_a_picture_and_findings():
    assert len(TEXT.encode()) <= 8192
    assert TEXT.index("](docs/pictures/") < TEXT.index("## Findings") < TEXT.index("## Install")


LINKING = (*sorted(DOCS.rglob("*.md")), *README.parent.glob("*.md"))


@pytest.mark.parametrize("page", LINKING, ids=[str(page.relative_to(README.parent)) for page in LINKING])
def test_links_of_a_page_lead_to_files(page):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


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
