"""How a fitted predictor shows itself in a terminal and in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """What a fit found.

    Attributes
    ----------
    lines : tuple of str
        Facts in words.
    table : DataFrame, optional
        One row for each constant, or for each law that shares the weight.
    latex : str
        The formula; empty where there is none.
    """

    lines: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    latex: str = ""

    def as_text(self, head: str) -> str:
        """Return a head, the formula, the facts and the table as lines."""
        table = [] if self.table is None else [self.table.to_string(float_format=_number, na_rep="")]
        return "\n".join([head, *([self.latex] if self.latex else []), *self.lines, *table])

    def as_html(self, head: str) -> str:
        """Return the same as HTML; the formula is for MathJax, which notebooks have."""
        formula = f"<div>$${html.escape(self.latex, quote=False)}$$</div>" if self.latex else ""
        lines = "".join(f"<div>{html.escape(line)}</div>" for line in self.lines)
        table = "" if self.table is None else self.table.to_html(float_format=_number, na_rep="", border=0)
        return f"<div><code>{html.escape(head)}</code>{formula}{lines}{table}</div>"


def _number(x: float) -> str:
    return f"{x:.4g}"
