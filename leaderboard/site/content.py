"""The content of a page, and the counts that all pages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Counts", "Page", "Whisker"]


@dataclass(frozen=True)
class Page:
    """A page: its path, template and values, and the data that its scripts draw."""

    path: str
    template: str
    values: Mapping[str, Any]
    data: Mapping[str, Any] | None = None
    """Written once, to a file that the page loads."""
    scripts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    """Lists that it shares with other pages, to which its data refer."""

    @property
    def data_path(self) -> str:
        """Path of the data of the page."""
        return f"data/{self.path.removesuffix('.html')}.js"

    @property
    def root(self) -> str:
        """Path from the page to the first page's folder."""
        return "../" * self.path.count("/")


@dataclass(frozen=True)
class Counts:
    """Every count that the pages state."""

    tasks: int
    ranked_tasks: int
    clusters: int
    collections: int
    predictors: int
    families: int
    general: int
    """General-purpose entries on the overall board."""
    tracks: int


@dataclass(frozen=True)
class Whisker:
    """A row of a picture of values with intervals."""

    name: str
    value: float
    low: float | None
    high: float | None
    href: str = ""
    kind: str = ""
