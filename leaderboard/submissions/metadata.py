"""Submissions: other people's predictors, as code together with its results.

A submission is a folder of five files and nothing else: ``predictor.py``, ``submission.yaml`` (below), ``requirements.txt``
(see `scalingbench.leaderboard.submissions.dependencies`), ``results.parquet`` (predictions, in the format of every result file) and
``environment.json``.
"""

from __future__ import annotations

import importlib.resources
import logging
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from scalingbench.benchmark.data.collection import list_collections
from scalingbench.common.documents import parse_yaml, read_text
from scalingbench.common.errors import InputError, LeaderboardError
from scalingbench.common.files import sha256_of
from scalingbench.common.messages import first_problem, one_line
from scalingbench.common.names import slug, unknown_name
from scalingbench.leaderboard.submissions.dependencies import REQUIREMENTS, read_requirements
from scalingbench.predictors.registry import list_predictors

__all__ = [
    "ENVIRONMENT",
    "LICENSES",
    "METADATA",
    "RESULTS",
    "SOURCE",
    "Submission",
    "check_license",
    "check_name",
    "list_submissions",
    "read_submission",
    "submissions",
    "submissions_in_folders",
]

SOURCE = "predictor.py"
METADATA = "submission.yaml"
RESULTS = "results.parquet"
ENVIRONMENT = "environment.json"
_LARGEST = {METADATA: 2**16, SOURCE: 2**20, REQUIREMENTS: 2**16, ENVIRONMENT: 2**16, RESULTS: 2**26}
"""The files of a submission, with the largest size of each in bytes."""
LICENSES = (
    "Apache-2.0",
    "MIT",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "CC0-1.0",
    "Unlicense",
    "GPL-3.0-or-later",
    "LGPL-3.0-or-later",
)
"""Accepted licences by SPDX name: they allow the maintainers to run and keep the code."""
_ADDRESS = r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?"
_PAPER = rf"^(unpublished|\d{{4}}\.\d{{4,5}}(v\d+)?|[a-z-]+/\d{{7}}(v\d+)?|10\.\d{{4,9}}/[A-Za-z0-9._;()/:-]+|{_ADDRESS})$"
_DEVICES = ("con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in range(10)))
_RESERVED = frozenset((*_DEVICES, "scores", "index", "board", "readme"))
"""Reserved names: of devices, of other files in the folder of results, and of pages."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected printable text on one line")
    return text


Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]


class Submission(BaseModel):
    """The metadata of a submission.

    Attributes
    ----------
    name : str
        Name on the board.
    predictor : str
        The class in ``predictor.py``.
    authors, paper, license : str
        Authors, description (an arXiv number, a DOI, a URL or ``unpublished``), and the code's licence by SPDX name.
    year : int
        Year of the submission.
    suite : str
        Suite of its results.
    trained_on : tuple of str
        Collections that its constants, defaults or weights were fitted or chosen on; it is not ranked on them.
    fetch_only : tuple of str
        Fetch-only collections of the suite that it was run on, in addition to the bundled ones.
    source_sha256 : str
        Hash of the ``predictor.py`` that gave the results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.\[\]-]{1,47}$")
    predictor: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)
    authors: Line
    paper: str = Field(pattern=_PAPER, max_length=500)
    license: str
    year: int = Field(ge=2020, le=2100)
    suite: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)
    trained_on: tuple[Line, ...] = ()
    fetch_only: tuple[Line, ...] = ()
    source_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def read_submission(folder: Path) -> Submission:
    """Return the metadata of a submission, after a check that its folder is complete.

    Raises
    ------
    LeaderboardError
        If a file or field is missing or unknown, the licence is not accepted, a requirement is not pinned, the name belongs to
        another predictor, or the source was changed.
    """
    _check_files(folder)
    path = folder / METADATA
    try:
        submission = Submission.model_validate(parse_yaml(read_text(path, LeaderboardError)))
    except ValidationError as error:
        raise LeaderboardError(f"{path}: {first_problem(error)}") from None
    except LeaderboardError:
        raise
    except InputError as error:
        raise LeaderboardError(f"{path}: {error}") from None
    check_license(submission.license, str(path))
    check_name(submission.name, str(path))
    for collection in submission.trained_on:
        if collection not in list_collections():
            raise LeaderboardError(f"{path}: trained_on: {unknown_name('collection', collection, list_collections())}")
    if slug(submission.name) != folder.resolve().name:
        raise LeaderboardError(f"{path}: name: {submission.name!r} belongs in a folder {slug(submission.name)!r}")
    read_requirements(folder / REQUIREMENTS)
    if sha256_of(folder / SOURCE) != submission.source_sha256:
        raise LeaderboardError(f"{folder / SOURCE}: not the source that gave the results (its sha256 differs from {METADATA}'s)")
    return submission


def _check_files(folder: Path) -> None:
    """Raise an error unless the folder has exactly the five files, and each is a regular file that is not too large."""
    if not folder.is_dir():
        raise LeaderboardError(f"{folder}: no such folder")
    for name in _LARGEST:
        if not (folder / name).exists() and not (folder / name).is_symlink():
            raise LeaderboardError(f"{folder}: {name}: missing")
    for path in sorted(folder.iterdir()):
        if path.name not in _LARGEST:
            raise LeaderboardError(f"{folder}: {one_line(path.name, 80)}: a submission is {', '.join(_LARGEST)} and nothing else")
        if path.is_symlink() or not path.is_file():
            raise LeaderboardError(f"{folder}: {path.name}: expected a regular file, not a link or device")
        if path.stat().st_size > _LARGEST[path.name]:
            raise LeaderboardError(f"{folder}: {path.name}: larger than {_LARGEST[path.name] // 2**10} KiB")


def check_license(license_name: str, where: str) -> None:
    """Raise an error for a licence that is not accepted.

    Raises
    ------
    LeaderboardError
        If the licence is not in `LICENSES`.
    """
    if license_name not in LICENSES:
        raise LeaderboardError(f"{where}: license: expected one of {', '.join(LICENSES)}, got {one_line(license_name, 80)!r}")


def check_name(name: str, where: str) -> None:
    """Raise an error for a name that is reserved, or shares its page or result file with a predictor of the board.

    Raises
    ------
    LeaderboardError
        If the name cannot be used.
    """
    if slug(name).partition(".")[0] in _RESERVED:
        raise LeaderboardError(f"{where}: name: {name!r} is reserved; choose another")
    for entry in list_predictors():
        if slug(entry.name).casefold() == slug(name).casefold():
            same = "" if name == entry.name else f" has the same file and page: {entry.name!r}"
            raise LeaderboardError(f"{where}: name: {name!r}{same or ' is a predictor of the board'}; choose another")


def list_submissions() -> tuple[Path, ...]:
    """Return the folders of the submissions that come with the package."""
    return tuple(sorted(p.parent for p in _root().glob(f"*/{METADATA}")))


def submissions() -> dict[str, Submission]:
    """Return the submissions that come with the package, by name; an invalid one is left out with a warning."""
    return {submission.name: submission for submission in submissions_in_folders().values()}


def submissions_in_folders() -> dict[Path, Submission]:
    """Return the submissions that come with the package by their folders, without invalid ones."""
    found = {}
    for folder in list_submissions():
        try:
            submission = read_submission(folder)
        except LeaderboardError as error:
            _say_once(f"left out: {error}")
            continue
        found[folder] = submission
    return found


@cache
def _say_once(text: str) -> None:
    logging.getLogger(__name__).warning("%s", text)


def _root() -> Path:
    return Path(str(importlib.resources.files("scalingbench.leaderboard") / "submissions"))
