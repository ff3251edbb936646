"""Pages of text: pages of the documentation, which is their only source, with the header of the site."""

from __future__ import annotations

import importlib.resources
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from scalingbench.common.errors import InputError
from scalingbench.common.project import REPOSITORY

__all__ = ["PAGES", "html_of", "text_of"]

PAGES = {"rules": "docs/rules.md", "audit": "docs/audit.md", "submit": "CONTRIBUTING.md#submit-a-predictor"}
"""Files of the repository by the page that shows them; after ``#`` the one section that it shows."""
_COMMENT = re.compile(r"<!--.*?-->\n?", flags=re.DOTALL)


def text_of(name: str) -> str:
    """Return a page of `PAGES` as HTML, without its first heading. Links to other such pages lead there, others into the repository.

    Raises
    ------
    InputError
        If the file is neither in the package nor in a checkout; names it.
    """
    source, _, section = PAGES[name].partition("#")
    text = _read(source)
    if section:
        text = next(own for own in re.split(r"^(?=## )", text, flags=re.MULTILINE) if _anchor(own.splitlines()[0].lstrip("# ")) == section)
    return html_of(text.partition("\n")[2], lambda link: _target(link, source))


def _read(source: str) -> str:
    """Return a file of the documentation: the wheel has it beside the templates, a checkout where it is written."""
    here = importlib.resources.files("scalingbench.leaderboard.site")
    for place in (here / "texts" / Path(source).name, Path(str(here)).resolve().parents[1] / source):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise InputError(f"{source}: not in this installation, and the site shows it")


def _target(link: str, source: str) -> str:
    """Return the target of a link of a file."""
    if re.match(r"[a-z]+:|#", link):
        return link
    file, sharp, anchor = link.partition("#")
    path = os.path.normpath(os.path.join(os.path.dirname(source), file))
    page = next((name for name, of in PAGES.items() if of == path), None)
    return (f"{REPOSITORY}/blob/main/{path}" if page is None else f"{page}.html") + sharp + anchor


def html_of(markdown: str, target: Any = lambda link: link) -> str:
    """Return Markdown as HTML: headings can be linked to, wide tables scroll.

    Parameters
    ----------
    markdown : str
        The text; HTML in it is shown as text, comments are left out.
    target : callable
        Function from the target of a link to the one that is written.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(_COMMENT.sub("", markdown))
    for heading, inside in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", _anchor(inside.content))
    for link in (t for token in tokens for t in token.children or () if t.type == "link_open"):
        link.attrSet("href", target(str(link.attrGet("href"))))
    html = str(parser.renderer.render(tokens, parser.options, {}))
    scroll = '<div class="scroll" tabindex="0" role="region" aria-label="Table">'
    return html.replace("<table>", f"{scroll}<table>").replace("</table>", "</table></div>")


def _anchor(heading: str) -> str:
    """Return the identifier that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
