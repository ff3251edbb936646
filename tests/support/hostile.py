"""What property tests throw at the code, and the one thing that may come of it: it loads, or one line says why not."""

from __future__ import annotations

import datetime
import math
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from hypothesis import event
from hypothesis import strategies as st

from scalingbench.common.errors import InputError

T = TypeVar("T")


def loads_or_is_refused(use: Callable[[], T], *names: object) -> T | None:
    """Return what `use` returns, or None where it was refused with one printable line that holds all of `names`.

    Any other error fails the test, and so does a warning: it would be printed beside the line.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of libraries that libraries use
        try:
            loaded = use()
        except InputError as error:
            line = str(error)
            assert line.isprintable() and 0 < len(line) < 1500, line
            assert all(str(name) in line for name in names), line
            event("refused")
            return None
    event("loaded")
    return loaded


ODD_NUMBERS = [0, -0.0, 1, math.inf, -math.inf, math.nan, 1e308, 5e-324, 10**400, -(10**400), 2**63, Decimal("1e999"), Decimal("NaN")]
ODD_TEXTS = ["", " ", "nan", "NA", "None", "1e9", "1_000", "0x10", "1,5", "true", "a\nb", "\x1b[31m", "\x00", "\u202e", "é"]
ODD_PATHS = ["../..", "/", "|", "#", "---", "=1+1"]
NUMBERS = st.one_of(st.floats(), st.integers(-5, 5), st.sampled_from(ODD_NUMBERS))
TEXT = st.one_of(st.text(max_size=12), st.sampled_from([*ODD_TEXTS, *ODD_PATHS]))
OTHERS = st.one_of(
    st.none(),
    st.booleans(),
    st.binary(max_size=6),
    st.complex_numbers(),
    st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 1, 1)),
    st.datetimes(min_value=datetime.datetime(1900, 1, 1), max_value=datetime.datetime(2100, 1, 1)),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from([np.float32(1), np.int8(3), np.datetime64("NaT"), np.bool_(True)]),
)
CELLS = st.one_of(NUMBERS, TEXT, OTHERS)
"""What a stranger may put into a cell."""

PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), TEXT, st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)
"""What YAML can hold."""


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every node of nested mappings and lists."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(p for key, value in inside for p in places(value, (*path, key)))]


@st.composite
def damaged(draw: st.DrawFn, whole: Any, most: int = 3) -> Any:
    """Draw a nested document with some of its nodes replaced, dropped, renamed or doubled."""
    document = _copy(whole)
    for _ in range(draw(st.integers(1, most))):
        if not isinstance(document, dict | list) or not document:
            return document
        path = draw(st.sampled_from(places(document)[1:]))
        owner = document
        for key in path[:-1]:
            owner = owner[key]
        _damage(draw, owner, path[-1])
    return document


def _damage(draw: st.DrawFn, owner: Any, key: Any) -> None:
    what = draw(st.sampled_from(["replace", "replace", "swap", "drop", "rename", "double"]))
    if what == "replace":
        owner[key] = draw(PLAIN)
    elif what == "swap":  # for another value that stands somewhere in the same place: plausible, and often wrong
        values = list(owner.values()) if isinstance(owner, dict) else list(owner)
        owner[key] = _copy(draw(st.sampled_from(values)))
    elif what == "drop":
        del owner[key]
    elif isinstance(owner, dict):
        owner[draw(TEXT)] = owner.pop(key) if what == "rename" else _copy(owner[key])
    else:
        owner.insert(0, _copy(owner[key]))


def _copy(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copy(value) for key, value in node.items()}
    return [_copy(value) for value in node] if isinstance(node, list) else node


@st.composite
def edited(draw: st.DrawFn, content: bytes, most: int = 4) -> bytes:
    """Draw a file's content with some stretches replaced, dropped or doubled."""
    for _ in range(draw(st.integers(1, most))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.sampled_from([0, 0, 1, 1, 2, 4, 40, 100_000])))
        text = TEXT.map(lambda t: t.encode("utf-8", "surrogatepass"))
        new = draw(st.one_of(st.binary(max_size=8), text, st.just(content[begin:end] * 2)))
        content = content[:begin] + new + content[end:]
    return content


def everything_in(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
