"""Names: the nearest known one where a name is unknown, and the form of a name that is safe in a file or an address."""

import difflib
import re
from collections.abc import Iterable

from scalingbench.common.errors import InputError

__all__ = ["listed", "nearest", "only_or_chosen", "slug", "unknown_name"]


def listed(names: Iterable[str]) -> tuple[str, ...]:
    """Return names; one that is not in a list is one name, and not its letters."""
    return (names,) if isinstance(names, str) else tuple(names)


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.5) -> str | None:
    """Return the known name that is most like `name`, or None where none is like it.

    Parameters
    ----------
    name : str
        The name that was given.
    known : iterable of str
        The names that exist.
    cutoff : float
        How like it must be, from 0 (anything) to 1 (equal).
    """
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)), None)


def unknown_name(kind: str, name: str, known: Iterable[str], error: type[InputError] = InputError) -> InputError:
    """Return the error for a name that is not known, with the nearest known one.

    Parameters
    ----------
    kind : str
        What was asked for, e.g. ``"collection"``.
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
    """Return a name that is safe in a file name or an address: ``chinchilla[l2]`` becomes ``chinchilla-l2``."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def only_or_chosen(column: str, names: Iterable[str], chosen: str | None, *, where: str = "") -> str:
    """Return the name that was chosen with an option, or the only one that there is.

    Parameters
    ----------
    column : str
        What is chosen, and the option's name.
    names : iterable of str
        Those of a table.
    chosen : str, optional
        What the option says.
    where : str
        The file, for the message.

    Raises
    ------
    InputError
        If there are several and none was chosen, or the chosen one is not there.
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
