"""Other people's errors as one line of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["described", "first_problem", "one_line"]

_LONGEST = 500


def one_line(text: object, longest: int = _LONGEST) -> str:
    """Return a text on one line, cut to `longest` characters, without what a terminal would act on."""
    line = " ".join(str(text).split())[:longest]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def described(error: BaseException, longest: int = _LONGEST) -> str:
    """Return the kind of an error and its message on one line."""
    text, kind = one_line(error), type(error).__name__
    return (f"{kind}: {text}" if text else kind)[:longest]


def first_problem(error: ValidationError) -> str:
    """Return the field and the rule of the first problem that pydantic found, as ``field: rule``."""
    first = error.errors()[0]
    return one_line(f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}")
