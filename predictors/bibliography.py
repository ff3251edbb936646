"""The papers that the catalogue names by their arXiv number."""

from __future__ import annotations

import csv
import importlib.resources
import re
from functools import lru_cache

from scalingbench.common.references import Reference

__all__ = ["papers_of"]


@lru_cache(maxsize=1)
def _known() -> dict[str, Reference]:
    text = (importlib.resources.files("scalingbench.predictors") / "bibliography.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["arxiv"]: Reference(row["title"], row["authors"], int(row["year"]), arxiv=row["arxiv"]) for row in rows}


def papers_of(text: str) -> tuple[Reference, ...]:
    """Return the papers whose arXiv numbers a catalogue entry's `paper` names.

    Raises
    ------
    KeyError
        If the bibliography lacks one.
    """
    return tuple(_known()[number] for number in re.findall(r"\b\d{4}\.\d{5}\b", text))
