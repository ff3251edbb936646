"""Names: suggestions for an unknown name, and forms that are safe in a file name or a URL."""

import difflib
import re
from collections.abc import Iterable

from scalingbench.common.errors import InputError

__all__ = ["listed", "nearest", "only_or_chosen", "slug", "unknown_name"]


def listed(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single string is one name."""
    return (names,) if isinstance(names, str) else tuple(names)


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """Return the known name most similar to `name`, or None if none is similar.

    Parameters
    ----------
    name : str
        The name that was given.
    known : iterable of str
        The names that exist.
    cutoff : float
        Least similarity, from 0 (any name) to 1 (equal).
    """
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)), None)


def unknown_name(kind: str, name: str, known: Iterable[str], error: type[InputError] = InputError) -> InputError:
    """Return the error for a name that is not known, with the nearest known one.

    Parameters
    ----------
    kind : str
        What the name is of, e.g. ``"collection"``.
    name : str
        The name that was given.
    known : iterable of str
        The names that exist.
    error : type
        Class of the error.
    """
    names = sorted(known)
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(names)}"
    return error(f"unknown {kind} {name!r}; {hint}")


def slug(name: str) -> str:
    """Return a name that is safe in a file name or a URL: ``chinchilla[l2]`` becomes ``chinchilla-l2``."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def only_or_chosen(column: str, names: Iterable[str], chosen: str | None, *, where: str = "") -> str:
    """Return the name chosen with an option, or the only one.

    Parameters
    ----------
    column : str
        What is chosen, and the option's name.
    names : iterable of str
        The names in a table.
    chosen : str, optional
        Value of the option.
    where : str
        The file, for the message.

    Raises
    ------
    InputError
        If there are several and none was chosen, or the chosen one does not exist.
    """
    known = sorted(set(names))
    if chosen is None and len(known) == 1:
        return str(known[0])
    if chosen is None:
        place = f"{where}: " if where else ""
        raise InputError(f"{place}has several of {column}: {', '.join(known[:8])}; choose one with --{column}")
    if chosen not in known:
        raise unknown_name(column, chosen, known)
    return chosen
