"""Tables as text: Markdown and HTML for readers, LaTeX for papers, CSV and JSON for programs.

CSV is written by pandas and JSON by the standard library. The rest is written here, because no library keeps the
format of the boards: tabulate and rich write different Markdown; pandas' Styler needs jinja2 and unique headings, and LaTeX
reads its unescaped ``[`` of an interval as an argument of the line break before it.
"""

from __future__ import annotations

import html
import json
import math
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "Format", "Table", "Tabular", "cell", "csv_of", "facts_html", "interval", "number", "plain", "settled", "table_of"]

Format = Literal["md", "csv", "json", "latex"]
FORMATS: tuple[Format, ...] = get_args(Format)
_SHOWN = 20  # rows in a notebook
_LONGEST = 44  # characters of a cell on a terminal
_NARROW = 12  # characters of a column on a terminal up to which its heading is not broken
_SETTLED = 10  # significant digits that are the same on all processors


@dataclass(frozen=True)
class Table:
    """A table of formatted cells.

    Attributes
    ----------
    header : sequence of str
        Heading of each column.
    rows : sequence of sequence of str
        The cells.
    text : collection of int
        Columns of text, which are aligned left; the others are numbers.
    note : str
        A sentence below the table.
    compact : bool
        Whether Markdown has no padding, and LaTeX has the note as a comment instead of a last row.
    minor : sequence of int
        Columns that a terminal which is too narrow leaves out first; then the last ones.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: frozenset[int] = frozenset({0})
    note: str = ""
    compact: bool = False
    minor: Sequence[int] = ()

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [self.header, *self.rows]
        widths = [3 if self.compact else max(len(line[i]) for line in lines) for i in range(len(self.header))]
        rule = [self._rule(i, width) for i, width in enumerate(widths)]
        padded = [self.header, rule, *self.rows] if self.compact else [self._pad(line, widths) for line in (self.header, rule, *self.rows)]
        return "\n".join([*(f"| {' | '.join(line)} |" for line in padded), *self._below()])

    def _rule(self, column: int, width: int) -> str:
        if column in self.text or width < 2:
            return "-" * max(width, 1)
        return "-" * (3 if self.compact else width - 1) + ":"

    def _pad(self, line: Sequence[str], widths: Sequence[int]) -> list[str]:
        cells = zip(line, widths, strict=True)
        return [text.ljust(width) if i in self.text else text.rjust(width) for i, (text, width) in enumerate(cells)]

    def _below(self) -> list[str]:
        return ["", self.note] if self.note else []

    def aligned(self) -> str:
        """Return the table as lines of text for a terminal, every column aligned left."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)

    def fitted(self, width: int) -> str:
        """Return the table for a terminal of a width: long cells are cut, headings broken, and columns that do not fit left out and named.

        Cells of the first column, which are names that other commands take, are cut at the width alone.
        """
        rows = [[_short(text, _LONGEST if i else width) for i, text in enumerate(row)] for row in self.rows]
        cells = [max([_NARROW, *(len(row[i]) for row in rows)]) for i in range(len(self.header))]
        heads = _broken(self.header, cells)
        widths = [max(len(line[i]) for line in (*heads, *rows)) for i in range(len(self.header))]
        kept = self._fitting(widths, width)
        padded = [self._pad(line, widths) for line in (*heads, *rows)]
        body = ["  ".join(line[i] for i in kept).rstrip() for line in padded]
        left_out = ", ".join(heading for i, heading in enumerate(self.header) if heading and i not in kept)
        note = " ".join(filter(None, [self.note, left_out and f"Not shown: {left_out}; a pipe or another format has all columns."]))
        return "\n".join([*body, *(["", *textwrap.wrap(note, width)] if note else [])])

    def _fitting(self, widths: Sequence[int], width: int) -> list[int]:
        """Return the columns that fit side by side; the first always does, minor ones come last."""
        kept: list[int] = []
        left = width + 2
        major = [i for i in range(len(widths)) if i not in self.minor]
        for i in [*major, *reversed(self.minor)]:
            alone = i and not self.header[i] and i - 1 not in kept  # a column without a heading belongs to the one before
            if not kept or (widths[i] + 2 <= left and not alone):
                kept.append(i)
                left -= widths[i] + 2
        return sorted(kept)

    def latex(self) -> str:
        """Return the table as LaTeX that uses the package booktabs."""
        head, *body = [" & ".join(map(_escape, line)) + r" \\" for line in (self.header, *self.rows)]
        columns = "".join("l" if i in self.text else "r" for i in range(len(self.header)))
        lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
        if self.compact:
            return "\n".join([*lines, r"\end{tabular}", f"% {self.note}"])
        note = rf"\multicolumn{{{len(self.header)}}}{{l}}{{\footnotesize {_escape(self.note)}}}"
        return "\n".join([*lines, *([note] if self.note else []), r"\end{tabular}"])

    def head(self, n: int) -> Table:
        """Return the first rows only; the note gives their number."""
        if len(self.rows) <= n:
            return self
        return replace(self, rows=self.rows[:n], note=f"The first {n} of {len(self.rows)} rows. {self.note}".rstrip())

    def html(self) -> str:
        """Return the table as HTML, for notebooks."""
        head = "".join(f"<th>{html.escape(text)}</th>" for text in self.header)
        body = "".join(f"<tr>{''.join(self._html_cell(i, text) for i, text in enumerate(row))}</tr>" for row in self.rows)
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"

    def _html_cell(self, column: int, text: str) -> str:
        return f'<td style="text-align: {"left" if column in self.text else "right"}">{html.escape(text)}</td>'


class Tabular(ABC):
    """An object that converts to a table for readers, a DataFrame, and records for programs."""

    rows: pd.DataFrame
    """The numbers in full precision, whose last digits depend on the processor. A named index is a column of the CSV."""

    @abstractmethod
    def table(self) -> Table:
        """Return the formatted cells, rounded for readers."""

    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """Return the content of the JSON, before its numbers are rounded."""

    def render(self, form: Format = "md") -> str:
        """Return the table as text.

        Parameters
        ----------
        form : {"md", "csv", "json", "latex"}
            CSV and JSON have ten significant digits, which are the same on all processors; the others are rounded for readers.

        Raises
        ------
        ValueError
            If the format is unknown.
        """
        if form == "md":
            return self.table().markdown()
        if form == "latex":
            return self.table().latex()
        if form == "json":
            return json.dumps(settled(plain(self.facts())), indent=2)
        if form == "csv":
            return csv_of(self.rows, index=self.rows.index.name is not None)
        raise ValueError(f"form: expected {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {form!r}")

    def tables(self) -> list[Table]:
        """Return the tables of formatted cells, one or several."""
        return [self.table()]

    def fitted(self, width: int) -> str:
        """Return the tables for a terminal of a width, see `Table.fitted`."""
        return "\n\n".join(table.fitted(width) for table in self.tables())

    def _repr_html_(self) -> str:
        return self.table().head(_SHOWN).html()


def table_of(rows: Sequence[Mapping[Any, Any]], major: Sequence[str] = ()) -> Table:
    """Return records, one or more with the same keys, as a table.

    A column is of numbers, which are aligned right, if no cell of it has text. Columns that are not `major`, if any are, are the
    first that a narrow terminal leaves out.
    """
    names = list(rows[0])
    text = frozenset(i for i, name in enumerate(names) if any(isinstance(row[name], str | list | tuple) for row in rows))
    minor = [i for i in reversed(range(len(names))) if major and names[i] not in major]
    return Table(names, [[_listed(row[name]) for name in names] for row in rows], text or frozenset({0}), minor=minor)


def _listed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return cell(value, ".3g")


def _broken(header: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """Return a header as lines: headings are broken at blanks where they are wider than their column."""
    parts = [textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) for text, width in zip(header, widths, strict=True)]
    height = max(1, *map(len, parts))
    return [[part[i - height] if i >= height - len(part) else "" for part in parts] for i in range(height)]


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def cell(value: object, spec: str, missing: str = "-") -> str:
    """Return a value as the text of a cell: a float in the given format, NaN and None as `missing`, others by `str`."""
    if _is_missing(value):
        return missing
    return format(value, spec) if isinstance(value, float) else str(value)


def number(value: float | None, digits: int, missing: str = "-") -> str:
    """Return a number with the given decimals."""
    return cell(None if value is None else settled(float(value)), f".{digits}f", missing)


def interval(low: float | None, high: float | None, digits: int, missing: str = "-") -> str:
    """Return an interval as ``[low, high]``."""
    return missing if _is_missing(low) else f"[{number(low, digits)}, {number(high, digits)}]"


def plain(value: Any) -> Any:
    """Return a value of JSON types: plain containers and numbers, and None for missing and non-finite values."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    value = value.item() if hasattr(value, "item") else value
    return None if _is_missing(value) or (isinstance(value, float) and not math.isfinite(value)) else value


def settled(value: Any) -> Any:
    """Return a value with its floats rounded to ten digits; further ones differ between processors and change the rounding of halves."""
    if isinstance(value, dict):
        return {k: settled(v) for k, v in value.items()}
    if isinstance(value, list):
        return [settled(v) for v in value]
    return float(f"{value:.{_SETTLED}g}") if isinstance(value, float) and math.isfinite(value) else value


def csv_of(rows: pd.DataFrame, *, index: bool = False) -> str:
    """Return rows as CSV, their floats rounded to ten digits."""
    shown = rows.apply(lambda column: column.map(settled) if column.dtype.kind in "fO" else column)
    return str(shown.to_csv(index=index)).strip()


def _is_missing(value: object) -> bool:
    # pandas' NA is recognised by its name, because commands that import this module must not wait for pandas
    return value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType"


def facts_html(title: str, facts: Iterable[tuple[str, object]]) -> str:
    """Return a heading and a table of two columns, for notebooks."""
    rows = [(name, str(value)) for name, value in facts]
    body = "".join(f'<tr><th style="text-align: left">{html.escape(n)}</th><td>{html.escape(v)}</td></tr>' for n, v in rows)
    return f"<table><caption>{html.escape(title)}</caption><tbody>{body}</tbody></table>"


_ESCAPES = {"\\": r"\textbackslash{}", **{c: "\\" + c for c in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def _escape(text: str) -> str:
    # LaTeX reads a leading bracket as the optional argument of the line break before it
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    return escaped.replace("[", "{[}").replace("]", "{]}")
