"""Where a data set lies: its name and revision, checked before a path or a request is made of them, and its place in the cache."""

from __future__ import annotations

import re
from pathlib import Path

from scalingbench.benchmark.data.fetch import cache_folder
from scalingbench.common.errors import InputError

__all__ = ["DEFAULT_REPO", "UNPINNED", "cache_place", "checked_name", "checked_repo", "checked_revision"]

DEFAULT_REPO = "scalingbench/scalingbench"
UNPINNED = "main"
"""The branch that moves; every other revision is taken for a pin."""

_LONGEST = 96
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def checked_name(name: str, what: str) -> str:
    """Return a name of letters, digits and single ``.``, ``_`` and ``-`` between them.

    Raises
    ------
    InputError
        If it is anything else: such a name could leave the folder that it is put into.
    """
    if not _NAME.fullmatch(name) or ".." in name or "--" in name or len(name) > _LONGEST:
        raise InputError(f"{what} {name!r}: expected letters and digits, with single '.', '_' or '-' between them")
    return name


def checked_repo(repo: str) -> str:
    """Return a repository's name as the Hub forms it, ``ORG/NAME``.

    Raises
    ------
    InputError
        If it is not of that form.
    """
    parts = repo.split("/")
    if len(parts) != 2:
        raise InputError(f"repository {repo!r}: expected ORG/NAME")
    for part in parts:
        checked_name(part, f"repository {repo!r}:")
    return repo


def checked_revision(revision: str) -> str:
    """Return the name of a tag, branch or commit; ``refs/pr/1`` is one.

    Raises
    ------
    InputError
        If a part of it is no name.
    """
    for part in revision.split("/"):
        checked_name(part, f"revision {revision!r}:")
    if len(revision) > _LONGEST:
        raise InputError(f"revision {revision[:_LONGEST]!r}...: longer than {_LONGEST} characters")
    return revision


def cache_place(name: str, repo: str, revision: str) -> Path:
    """Return the folder of the cache that holds a collection of a data set; no two data sets or revisions share one."""
    folder = checked_repo(repo).replace("/", "--")
    return cache_folder() / "hub" / folder / checked_revision(revision).replace("/", "--") / checked_name(name, "collection")
