"""The errors a user can cause; each message is one line that names what is wrong and where."""

import difflib
from collections.abc import Iterable

__all__ = ["BenchmarkError", "FetchError", "SchemaError", "TaskError", "unknown_name"]


class BenchmarkError(ValueError):
    """Base of every error in this package that bad input can cause."""


class SchemaError(BenchmarkError):
    """A table, card or suite file breaks a rule of the schema."""


class FetchError(BenchmarkError):
    """An upstream file is missing, unreachable or not the one that was pinned."""


class TaskError(BenchmarkError):
    """A task cannot be built from its collection."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> BenchmarkError:
    """Return the error for a name that is not known, with the nearest known one.

    Parameters
    ----------
    kind : str
        What was asked for, e.g. ``"collection"``.
    name : str
        The name that was given.
    known : iterable of str
        The names that exist.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return BenchmarkError(f"unknown {kind} {name!r}; {hint}")
