"""Format text and errors from other libraries as one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["count_of", "described", "first_problem", "one_line", "printable"]

_LONGEST = 500


def printable(text: str) -> str:
    """Return a text with every unprintable character (line break, escape code, lone surrogate) replaced by its escape sequence."""
    return text if text.isprintable() else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: object, longest: int = _LONGEST) -> str:
    """Return a text on one line, cut to `longest` characters, without control codes."""
    return printable(" ".join(str(text).split()))[:longest]


def described(error: BaseException, longest: int = _LONGEST) -> str:
    """Return the class of an error and its message on one line."""
    text, kind = one_line(error), type(error).__name__
    return (f"{kind}: {text}" if text else kind)[:longest]


def first_problem(error: ValidationError) -> str:
    """Return the field and the rule of the first problem that pydantic found, as ``field: rule``."""
    first = error.errors()[0]
    return one_line(f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}")


def count_of(n: int, noun: str) -> str:
    """Return a count with its noun: ``1 task``, ``3 tasks``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"
