"""The Hub: a data-set folder pushed in one commit and pulled at a pinned revision, and result files; names are checked first."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import pandas as pd

from scalingbench.benchmark.data.fetch import cache_folder
from scalingbench.benchmark.data.schema import read_unchecked
from scalingbench.benchmark.evaluation.results import SCORES, read_results
from scalingbench.benchmark.hub.build import CHECKSUMS, read_checksums, refuse_taken
from scalingbench.benchmark.hub.validate import check_files
from scalingbench.common.errors import FetchError, InputError
from scalingbench.common.files import replacing_folder, sha256_of
from scalingbench.common.messages import described

__all__ = [
    "DEFAULT_REPO",
    "UNPINNED",
    "cache_place",
    "checked_name",
    "checked_repo",
    "checked_revision",
    "commit",
    "hub_is_reachable",
    "list_changes",
    "load_table",
    "pull",
    "push",
    "push_results",
]

DEFAULT_REPO = "scalingbench/scalingbench"
UNPINNED = "main"
"""The moving branch; every other revision counts as pinned."""
_LONGEST = 96
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def checked_name(name: str, what: str) -> str:
    """Return a name of letters, digits and single ``.``, ``_`` and ``-`` between them.

    Raises
    ------
    InputError
        For any other name, which could lead outside its folder.
    """
    if not _NAME.fullmatch(name) or ".." in name or "--" in name or len(name) > _LONGEST:
        raise InputError(f"{what} {name!r}: expected letters and digits, with single '.', '_' or '-' between them")
    return name


def checked_repo(repo: str) -> str:
    """Return a repository's name as the Hub forms it, ``owner/name``.

    Raises
    ------
    InputError
        If the form is invalid.
    """
    parts = repo.split("/")
    if len(parts) != 2:
        raise InputError(f"repository {repo!r}: expected owner/name")
    for part in parts:
        checked_name(part, f"repository {repo!r}:")
    return repo


def checked_revision(revision: str) -> str:
    """Return the name of a tag, branch or commit; ``refs/pr/1`` is one.

    Raises
    ------
    InputError
        If a part of it is not a name.
    """
    for part in revision.split("/"):
        checked_name(part, f"revision {revision!r}:")
    if len(revision) > _LONGEST:
        raise InputError(f"revision {revision[:_LONGEST]!r}...: longer than {_LONGEST} characters")
    return revision


def cache_place(name: str, repo: str, revision: str) -> Path:
    """Return the cache folder of a collection, unique per data set and revision."""
    folder = checked_repo(repo).replace("/", "--")
    return cache_folder() / "hub" / folder / checked_revision(revision).replace("/", "--") / checked_name(name, "collection")


class _NothingThereError(FetchError):
    """The Hub has no such repository, revision or file, or denies access."""


def _api() -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"))  # read now, because the library reads it once at import


def _refused(action: str, repo: str, error: Exception) -> FetchError:
    """Return a one-line error for a failed request to the Hub."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    kind = type(error).__name__
    if kind == "RevisionNotFoundError":
        return _NothingThereError(f"{action} {repo}: has no such revision")
    if kind in ("RepositoryNotFoundError", "EntryNotFoundError", "RemoteEntryNotFoundError") or status == 404:
        return _NothingThereError(f"{action} {repo}: not found, or private and you are not logged in")
    if kind == "GatedRepoError" or status in (401, 403):
        reason = "not allowed; log in with 'hf auth login' or set HF_TOKEN"
    elif status is not None:
        reason = f"the Hub answered {status}"
    else:
        reason = f"the Hub cannot be reached: {described(error, 160)}"
    return FetchError(f"{action} {repo}: {reason}")


def hub_is_reachable(seconds: float = 3.0) -> bool:
    """Return whether a connection to the Hub opens in time; True behind a proxy, where only a request shows it."""
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    if getproxies().get(address.scheme):
        return True
    try:
        socket.create_connection((address.hostname or "", address.port or 443), timeout=seconds).close()
    except OSError:
        return False
    return True


def list_changes(folder: Path, repo: str, revision: str = UNPINNED, *, compare: bool = True) -> list[str]:
    """Return the changes of a push, one line per file: ``add``, ``update`` or ``delete`` and the name.

    Without `compare` nothing is asked of the Hub, and every file is one to add.
    """
    checked_repo(repo)
    checked_revision(revision)
    ours = {**read_checksums(folder), CHECKSUMS: sha256_of(folder / CHECKSUMS)}
    theirs = _remote_checksums(repo, revision) if compare else None
    if theirs is None:
        return [f"add {name}" for name in sorted(ours)]
    lines = [
        f"{'update' if name in theirs else 'add'} {name}" for name in sorted(ours) if theirs.get(name) != ours[name] and name != CHECKSUMS
    ]
    lines += [f"delete {name}" for name in sorted(set(theirs) - set(ours))]
    return [*lines, f"update {CHECKSUMS}"] if lines else []


def _remote_checksums(repo: str, revision: str) -> dict[str, str] | None:
    """Return the checksums on the Hub, or None if the repository or its list does not exist."""
    with tempfile.TemporaryDirectory() as place:
        try:
            _download(repo, revision, (CHECKSUMS,), Path(place))
        except _NothingThereError:
            return None
        return read_checksums(Path(place))


def push(folder: Path, repo: str, *, create_pr: bool = False, revision: str | None = None, message: str = "Update the collections") -> str:
    """Upload a data-set folder in one commit.

    Parameters
    ----------
    folder : Path
        From `build`; it is compared with its checksums first.
    repo : str
        ``owner/name``.
    create_pr : bool
        Open a pull request instead of committing.
    revision : str, optional
        Tag to give the commit.

    Returns
    -------
    str
        Address of the commit or pull request.

    Raises
    ------
    InputError
        If the folder is invalid, or the Hub denies access.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    checked_repo(repo)
    if revision is not None:
        checked_name(revision, "tag")
    check_files(folder)
    changes = [line.split(" ", 1) for line in list_changes(folder, repo)]
    if not changes:
        return f"{repo}: nothing to change"
    operations: list[Any] = [CommitOperationAdd(name, str(folder / name)) for what, name in changes if what != "delete"]
    operations += [CommitOperationDelete(name) for what, name in changes if what == "delete"]
    return commit(repo, operations, message, create_pr=create_pr, tag=revision)


def commit(repo: str, operations: list[Any], message: str, *, create_pr: bool = False, tag: str | None = None) -> str:
    """Make one commit or pull request, and the repository if needed; return its address.

    Raises
    ------
    FetchError
        If the Hub denies access.
    """
    api = _api()
    checked_repo(repo)
    try:
        api.create_repo(repo, repo_type="dataset", exist_ok=True)
        made = api.create_commit(repo, operations, commit_message=message, repo_type="dataset", create_pr=create_pr)
        if tag is not None and not create_pr:
            api.create_tag(repo, tag=tag, revision=made.oid, repo_type="dataset")
    except Exception as error:  # any error of the client, the Hub or the network
        raise _refused("push to", repo, error) from None
    return str(made.pr_url or made.commit_url)


def pull(repo: str, revision: str, out: Path, *, collections: Sequence[str] | None = None) -> Path:
    """Download a data set at a revision and check every file.

    Parameters
    ----------
    repo : str
        ``owner/name``.
    revision : str
        Tag, branch or commit; a tag or commit pins the content.
    out : Path
        Folder to write; it must not exist or be empty. It appears only if the download is complete.
    collections : sequence of str, optional
        Only the tables of these.

    Raises
    ------
    InputError
        If the Hub denies access, a file is missing or differs from CHECKSUMS.
    """
    checked_repo(repo)
    checked_revision(revision)
    refuse_taken(out)
    with replacing_folder(out) as staging:
        _download(repo, revision, (CHECKSUMS,), staging)
        recorded = read_checksums(staging)
        wanted = [n for n in recorded if collections is None or any(n == f"data/{c}/table.parquet" for c in collections)]
        if not wanted:
            raise InputError(f"{repo}@{revision}: holds none of {', '.join(collections or ())}")
        _download(repo, revision, wanted, staging)
        for name in wanted:
            if not (staging / name).is_file():
                raise FetchError(f"pull from {repo}@{revision}: {name} is missing there")
            if sha256_of(staging / name) != recorded[name]:
                raise FetchError(f"pull from {repo}@{revision}: {name} was altered: its sha256 is not the one in CHECKSUMS")
        shutil.rmtree(staging / ".cache", ignore_errors=True)
    return out


def _download(repo: str, revision: str, names: Sequence[str], place: Path) -> None:
    api = _api()
    for name in names:
        try:
            api.hf_hub_download(repo, name, repo_type="dataset", revision=revision, local_dir=place)
        except Exception as error:  # any error of the client, the Hub or the network
            raise _refused("pull from", f"{repo}@{revision}", error) from None


def load_table(name: str, repo: str, revision: str, *, again: bool = False) -> pd.DataFrame:
    """Return a collection's table from the Hub, not validated.

    Parameters
    ----------
    name : str
        The collection.
    repo, revision : str
        The data set and its revision.
    again : bool
        Whether to pull it even if the user's cache has it. Cached files are always compared with their checksums.

    Raises
    ------
    InputError
        If a name is malformed, the Hub denies access, or the file differs from CHECKSUMS or is not a table.
    """
    place = cache_place(name, repo, revision)
    if again:
        shutil.rmtree(place, ignore_errors=True)
    if not place.is_dir():
        pull(repo, revision, place, collections=(name,))
    path, recorded = place / "data" / name / "table.parquet", read_checksums(place)
    if not path.is_file() or sha256_of(path) != recorded.get(f"data/{name}/table.parquet"):
        raise FetchError(f"{path}: was altered since it was pulled; delete {place} to pull it again")
    return read_unchecked(path)


_CARD = """---
pretty_name: ScalingBench results, suite {suite}
license: cc0-1.0
tags: [scaling-laws, benchmark, leaderboard]
configs:
  - config_name: {suite}
    data_files: [{{split: train, path: "{suite}/*.parquet"}}]
---
# ScalingBench results, suite {suite}

One file per predictor, with the predictions of every task and fold. Rebuild the board from a copy of this folder:

```bash
scalingbench leaderboard --suite {suite} --results {suite}
```
"""


def push_results(folder: Path, suite: str, repo: str) -> str:
    """Upload a folder of result files in one commit; every file is read first.

    Raises
    ------
    InputError
        If there are no results, one cannot be read, or the Hub denies access.
    """
    from huggingface_hub import CommitOperationAdd

    checked_repo(repo)
    checked_name(suite, "suite")
    files = [file for file in sorted(folder.glob("*.parquet")) if file.name != SCORES] if folder.is_dir() else []
    if not files:
        raise InputError(f"{folder}: holds no result files")
    for file in files:
        read_results(file)
    operations: list[Any] = [CommitOperationAdd(f"{suite}/{file.name}", str(file)) for file in files]
    operations.append(CommitOperationAdd("README.md", _CARD.format(suite=suite).encode()))
    return commit(repo, operations, f"Results of suite {suite}")
