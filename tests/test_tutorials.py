"""The tutorials and explanations of docs/ run as they stand, block by block, in a folder of their own."""

import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest
from command import scalingbench

from scalingbench.forecasting.examples import example_text

DOCS = Path(__file__).parents[1] / "docs"
FENCE = re.compile(r"^```(bash|python|pycon)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
PAGES = [page for folder in ("tutorials", "explanation") for page in sorted((DOCS / folder).glob("*.md"))]
ELSEWHERE = ("submit", "verify")
"""Commands that run a whole suite behind the wall, as a test of README.md does."""
LONG = {"downstream.md", "forecast.md", "law.md"}
"""Pages of more than a few fits."""


def _shell(text, shown):
    """Run the commands, except those that test_readme.py runs: their output is shown on the page."""
    for line in text.splitlines():
        command, _, file = line.partition(" > ")
        program, name, *words = shlex.split(command)
        assert program == "scalingbench"
        if name not in ELSEWHERE and line not in shown:
            done = scalingbench(name, *words)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            Path(file or "output").write_text(done.stdout, encoding="utf-8")


def _session(text, variables):
    """Compare what each statement prints with what the page shows."""
    test = doctest.DocTestParser().get_doctest(text, {}, "page", None, 0)
    test.globs = variables
    assert doctest.DocTestRunner().run(test, clear_globs=False).failed == 0


def _file(text):
    (name,) = re.findall(r"\A# file: (\w+\.py)\n", text)
    Path(name).write_text(text, encoding="utf-8")
    sys.modules.pop(Path(name).stem, None)


@pytest.mark.parametrize("page", [pytest.param(p, id=p.stem, marks=pytest.mark.full if p.name in LONG else ()) for p in PAGES])
def test_a_page_runs_as_it_stands(page, tmp_path, monkeypatch):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"^>>> import (\w+)", text, flags=re.MULTILINE):
        pytest.importorskip(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("runs.csv").write_text(example_text("base"), encoding="utf-8")
    variables: dict[str, object] = {}
    shown = re.findall(r"<!-- output: (.*?) -->", text)
    for language, block in FENCE.findall(text):
        if language == "bash":
            _shell(block, shown)
        elif language == "python":
            _file(block)
        else:
            _session(block, variables)
