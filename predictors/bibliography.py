"""The papers that the catalogue names by their arXiv number."""

from __future__ import annotations

import csv
import importlib.resources
import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Paper", "papers_of"]


@dataclass(frozen=True)
class Paper:
    """A paper to cite; `authors` as in BibTeX."""

    arxiv: str
    year: int
    authors: str
    title: str


@lru_cache(maxsize=1)
def _known() -> dict[str, Paper]:
    text = (importlib.resources.files("predictors") / "bibliography.csv").read_text(encoding="utf-8")
    return {row["arxiv"]: Paper(row["arxiv"], int(row["year"]), row["authors"], row["title"]) for row in csv.DictReader(text.splitlines())}


def papers_of(text: str) -> tuple[Paper, ...]:
    """Return the papers whose arXiv numbers a catalogue entry's `paper` names.

    Raises
    ------
    KeyError
        If the bibliography lacks one.
    """
    return tuple(_known()[number] for number in re.findall(r"\b\d{4}\.\d{5}\b", text))
