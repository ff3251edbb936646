"""The addresses of the project stand in one place, and nowhere is a placeholder."""

import re
import subprocess
from pathlib import Path

import pytest
from scripts import perf_module

from scalingbench.common.project import DATASET, DATASET_URL, REPOSITORY, SITE

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"ORG/NAME|OWNER/REPO|example\.(?:org|com)/scalingbench")


@pytest.fixture(scope="module")
def texts():
    """The text files of the repository, without results and data."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\0")
    if len(listed) < 2:
        pytest.skip("not a git checkout")
    names = [n for n in listed if Path(n).suffix in (".md", ".py", ".toml", ".cff", ".yml", ".j2", ".ipynb")]
    return {n: (ROOT / n).read_text(encoding="utf-8") for n in names if n != "tests/perf/test_links.py" and (ROOT / n).is_file()}


def test_no_page_has_a_placeholder_for_an_address(texts):
    assert [name for name, text in texts.items() if PLACEHOLDER.search(text)] == []


def test_every_address_of_the_project_is_the_one_of_links(texts):
    found = {
        (name, url)
        for name, text in texts.items()
        for url in re.findall(r"https://(?:github\.com/[\w.-]+|huggingface\.co/datasets/[\w.-]+|[\w.-]+\.github\.io)/scalingbench\b", text)
    }
    assert {url for _, url in found} == {REPOSITORY, DATASET_URL, SITE}


def test_another_organisation_reaches_every_page(monkeypatch):
    links, parts = perf_module("regenerate.links"), perf_module("regenerate").PARTS["links"]
    moved = [(form, address.replace("scalingbench/", "moved/").replace("//scalingbench.", "//moved.")) for form, address in links.FORMS]
    monkeypatch.setattr(links, "FORMS", moved)
    for part in parts:
        text = links.with_links(part.path.read_text(encoding="utf-8"))
        assert "moved/" in text and REPOSITORY not in text and DATASET_URL not in text and f'"{DATASET}"' not in text, part.path
