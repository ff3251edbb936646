"""Works to cite."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["Reference"]


@dataclass(frozen=True)
class Reference:
    """A work to cite: the paper of a collection or of a law, or a version of this benchmark.

    Attributes
    ----------
    title, authors : str
        Authors as in BibTeX: ``Last, First and Last, First and others``.
    year : int
        Year of publication.
    arxiv, venue : str, optional
        Where it appeared.
    version : str, optional
        Release, of software and data.
    url : str, optional
        Where it is published, for software and data.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}  # cards contain references: a misspelt field is an error

    title: str
    authors: str
    year: int
    arxiv: str | None = None
    venue: str | None = None
    version: str | None = None
    url: str | None = None

    @property
    def key(self) -> str:
        """BibTeX key: first author, year, first word of the title."""
        first = re.sub(r"[^a-z]", "", self.authors.split(" and ")[0].split(",")[0].lower())
        words = [w for w in re.findall(r"[a-z]+", self.title.lower()) if w not in ("a", "an", "the", "on", "how", "are", "is")]
        return f"{first}{self.year}{words[0] if words else ''}"

    @property
    def short(self) -> str:
        """One line: first author, year, title, arXiv number."""
        first, *others = self.authors.split(" and ")
        names = first.split(",")[0] + (" et al." if others else "")
        return f"{names} ({self.year}). {self.title}." + (f" arXiv:{self.arxiv}" if self.arxiv else "")
