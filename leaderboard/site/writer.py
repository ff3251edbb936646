"""Write pages from content: Jinja templates, scripts and styles, and the data that pages load."""

from __future__ import annotations

import importlib.resources
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scalingbench.common.names import slug
from scalingbench.common.project import REPOSITORY, SITE
from scalingbench.common.tables import cell, interval, plain
from scalingbench.leaderboard.site.content import Page, Whisker
from scalingbench.leaderboard.site.pictures import formula

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Writer", "environment"]


_DIGITS = 5


class Writer:
    """Writes the pages of a site into an empty folder.

    Parameters
    ----------
    out : Path
        An empty folder.
    shared : mapping
        Values that every template gets.
    """

    def __init__(self, out: Path, shared: dict[str, Any]) -> None:
        self.out = out
        self.shared = {"repository": REPOSITORY, "site": SITE, **shared}
        self.pages = 0
        self.environment = environment()
        self._assets()

    def write(self, page: Page) -> None:
        """Write a page and its data."""
        path = self.out / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        values = dict(page.values)
        if "latex" in values:
            values["formula"] = formula(values["latex"])
        if page.data is not None:
            self.data(page.data_path, "SB.data", page.data)
        template = self.environment.get_template(page.template)
        path.write_text(template.render(**{"here": "", **self.shared, **values, "page": page}), encoding="utf-8")
        self.pages += 1

    def data(self, path: str, function: str, *values: object) -> None:
        """Write data as a script that calls a function: pages opened from a folder may load scripts, but not JSON."""
        file = self.out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{function}({', '.join(map(_json, values))});\n", encoding="utf-8")

    def text(self, path: str, text: str) -> None:
        """Write a file of text."""
        file = self.out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def _assets(self) -> None:
        source = importlib.resources.files("scalingbench.leaderboard.site") / "assets"
        (self.out / "assets").mkdir()
        for file in source.iterdir():
            (self.out / "assets" / file.name).write_bytes(file.read_bytes())
        self.text("README.md", self.environment.get_template("README.md.j2").render(**self.shared))
        (self.out / ".nojekyll").touch()


def environment() -> Environment:
    """Return the templates with their filters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("scalingbench.leaderboard.site"),
        autoescape=lambda name: name is not None and ".html" in name,
        undefined=StrictUndefined,
    )
    pages.trim_blocks = pages.lstrip_blocks = True
    pages.filters |= {"page": slug, "number": _number, "interval": _interval, "sort_key": _sort_key, "codes": _codes}
    pages.globals["rail"] = _rail
    return pages


def _json(value: Any) -> str:
    """Return a value as JSON: floats with the digits that a page can show, null for missing ones."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k), ensure_ascii=False)}:{_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, float) and math.isfinite(value):
        digits, _, power = f"{value:.{_DIGITS}g}".partition("e")
        return f"{digits}e{int(power)}" if power else digits
    return json.dumps(value if isinstance(value, str) else plain(value), ensure_ascii=False)


def _number(value: Any, digits: int = 3) -> str:
    return cell(value, f".{digits}f" if isinstance(value, float) and abs(value) < 1e4 else f".{digits}g", missing="–").replace("-", "−")


def _interval(low: float | None, high: float | None, digits: int = 2) -> str:
    return interval(low, high, digits, missing="").replace("-", "−")


def _sort_key(value: Any) -> str:
    """Return the sort key of a cell; an empty key sorts last."""
    return cell(value, "", missing="")


def _rail(rows: list[Whisker]) -> Any:
    """Return a function from a value to its place on the axis of these rows, in percent, and the ticks of the axis."""
    ends = [v for row in rows for v in (row.value, row.low, row.high) if v is not None]
    low, high = max(min([0.0, *ends]), -1.0), max([0.0, *ends])
    step = next(s for s in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0) if (high - low) / s <= 5)
    first, last = int(low // step), max(int(-(-high // step)), int(low // step) + 1)
    low, high = first * step, last * step

    def at(value: float) -> str:
        return f"{100 * (min(max(value, low), high) - low) / (high - low):.1f}"

    return at, [(at(i * step), f"{i * step:.2f}".rstrip("0").rstrip(".").replace("-", "−")) for i in range(first, last + 1)]


def _codes(text: str) -> str:
    """Return a sentence in which names between backticks are set as code."""
    from markupsafe import Markup, escape

    parts = (f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(text.split("`")))
    found: str = Markup("").join(map(Markup, parts))
    return found
