"""Hook of mkdocs.yml: pages at the top of the repository, links that leave docs/, and formulas without a script.

On GitHub the pages of docs/ are read as they stand, so their links follow the repository. In the site the pages in `TOP` stand beside
those of docs/, and every other file that a page links to is the repository's.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from scalingbench.common.project import REPOSITORY

ROOT = Path(__file__).parents[1]
TOP = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
"""Pages at the top of the repository, and their place in the site."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
BADGES = re.compile(r"^(?:\[!\[.*\n)+", flags=re.MULTILINE)
"""Images of other hosts, which a page of the site does not load."""
FORMULA = re.compile(r"^\$\$ (.*) \$\$$", flags=re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top of the repository."""
    for source, page in TOP.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page with its links and formulas as the site needs them."""
    place = page.file.src_uri
    source = next((top for top, at in TOP.items() if at == place), f"docs/{place}")
    linked = LINK.sub(lambda found: in_site(found[1], source, place), BADGES.sub("", markdown))
    return FORMULA.sub(lambda found: convert(found[1], display="block"), linked)


def in_site(link: str, source: str, place: str) -> str:
    """Return a link of the file `source` as it must be on the page `place`; as it is, for mkdocs to report, if it leads nowhere."""
    target = os.path.normpath(os.path.join(os.path.dirname(source), link))
    if not (ROOT / target).exists():
        return link
    page = TOP.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
    return f"{REPOSITORY}/blob/main/{target}" if page is None else os.path.relpath(page, os.path.dirname(place))
