"""The documentation as a site."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import scalingbench

ROOT = Path(__file__).parents[1]
LOADED = re.compile(r"<(?:script|img|iframe|link rel=\"(?:stylesheet|preload|icon)\")[^>]*\b(?:src|href)=\"(?:https?:)?//[^>]*>")
"""What a browser fetches from another host by itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for name in ("mkdocs", "material", "mkdocstrings_handlers", "mkdocs_jupyter", "latex2mathml"):
        pytest.importorskip(name, reason="the site is built where the extra 'docs' is installed")
    folder = tmp_path_factory.mktemp("docs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.full
def test_the_site_is_built_without_a_warning_and_its_pages_load_nothing_from_another_host(site):
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    assert {site / name for name in ("index.html", "changelog.html", "reference/api.html", "data.html")} <= pages.keys()
    assert [(page.name, found) for page, text in pages.items() for found in LOADED.findall(text)] == []
    api = pages[site / "reference" / "api.html"]
    assert [name for name in PUBLIC if f'id="scalingbench.{name}"' not in api] == []
    assert "<math" in pages[site / "laws.html"]


PUBLIC = sorted({*scalingbench.__all__} - {"__version__"})


def test_the_page_of_the_python_names_lists_each_once():
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: scalingbench\.(\w+)$", page, flags=re.MULTILINE)) == PUBLIC


def test_a_link_that_leaves_the_pages_leads_to_the_repository():
    pytest.importorskip("mkdocs")
    pytest.importorskip("latex2mathml")
    from scripts import perf_module

    from scalingbench.common.project import REPOSITORY

    in_site = perf_module("docs_hook").in_site
    assert in_site("../CONTRIBUTING.md", "docs/rules.md", "rules.md") == "contributing.md"
    assert in_site("docs/board.md", "README.md", "index.md") == "board.md"
    assert in_site("../../SECURITY.md", "docs/explanation/wall.md", "explanation/wall.md") == "../security.md"
    assert in_site("../leaderboard/forecasts/README.md", "docs/forecasting.md", "forecasting.md").startswith(f"{REPOSITORY}/blob/main/")
    assert in_site("../nothing.md", "docs/rules.md", "rules.md") == "../nothing.md"
