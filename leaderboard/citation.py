"""Citations: of the suite at a version, of a law's paper, of the collections that a score rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["CitationFormat", "Reference", "cite"]

CitationFormat = Literal["bibtex", "apa", "cff"]


@dataclass(frozen=True)
class Reference:
    """A work to cite.

    Attributes
    ----------
    title, authors : str
        Authors as in BibTeX: ``Last, First and Last, First and others``.
    year : int
        Of publication.
    arxiv, venue : str, optional
        Where it appeared.
    version : str, optional
        Of software and data: which release.
    """

    title: str
    authors: str
    year: int
    arxiv: str | None = None
    venue: str | None = None
    version: str | None = None

    @property
    def key(self) -> str:
        """BibTeX key: first author, year, first word of the title."""
        first = re.sub(r"[^a-z]", "", self.authors.split(" and ")[0].split(",")[0].lower())
        words = [w for w in re.findall(r"[a-z]+", self.title.lower()) if w not in ("a", "an", "the", "on", "how", "are", "is")]
        return f"{first}{self.year}{words[0] if words else ''}"


def cite(references: Iterable[Reference], form: CitationFormat) -> str:
    """Return the citations, each work once, in the order given."""
    seen: dict[tuple[str, str | None], Reference] = {}
    for reference in references:
        seen.setdefault((reference.title.lower(), reference.version), reference)
    if form == "cff":
        return "\n".join(["references:", *(_cff(r) for r in seen.values())])
    return "\n\n".join((_bibtex if form == "bibtex" else _apa)(r) for r in seen.values())


_TEX = {c: "\\" + c for c in "&%$#_"}


def _bibtex(r: Reference) -> str:
    fields = {"title": f"{{{r.title}}}", "author": r.authors, "year": str(r.year)}
    if r.arxiv:
        fields |= {"eprint": r.arxiv, "archivePrefix": "arXiv"}
    if r.venue:
        fields["booktitle" if not r.version else "howpublished"] = r.venue
    if r.version:
        fields["note"] = f"Version {r.version}"
    kind = "misc" if r.version or not r.venue else "inproceedings"
    body = ",\n".join(f"  {name} = {{{''.join(_TEX.get(c, c) for c in value)}}}" for name, value in fields.items())
    return f"@{kind}{{{r.key},\n{body}\n}}"


def _apa(r: Reference) -> str:
    where = " ".join(part for part in (f"{r.venue}." if r.venue else "", f"arXiv:{r.arxiv}." if r.arxiv else "") if part)
    version = f" (version {r.version})" if r.version else ""
    stop = "" if r.title.endswith(("?", "!")) and not version else "."
    return f"{_apa_authors(r.authors)} ({r.year}). {r.title}{version}{stop} {where}".strip()


def _apa_authors(authors: str) -> str:
    names = [_initials(name) for name in authors.split(" and ")]
    if names[-1] == "others":
        return ", ".join(names[:-1]) + ", et al."
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f", & {names[-1]}"


def _initials(name: str) -> str:
    last, _, first = name.partition(", ")
    return f"{last}, {' '.join(f'{part[0]}.' for part in first.split())}" if first else last


def _cff(r: Reference) -> str:
    lines = [f"  - type: {'software' if r.version else 'article'}", f"    title: {_quoted(r.title)}", "    authors:"]
    for name in r.authors.split(" and "):
        last, _, first = name.partition(", ")
        lines.append(
            f"      - family-names: {_quoted(last)}\n        given-names: {_quoted(first)}" if first else f"      - name: {_quoted(last)}"
        )
    lines.append(f"    year: {r.year}")
    if r.arxiv:
        lines.append(f"    identifiers:\n      - type: other\n        value: {_quoted('arXiv:' + r.arxiv)}")
    if r.version:
        lines.append(f"    version: {_quoted(r.version)}")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
