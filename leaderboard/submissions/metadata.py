"""Submissions: other people's predictors, as code with the results that their code gives.

A submission is a folder: ``predictor.py``, ``submission.yaml`` (below), ``requirements.txt`` (pinned packages that the
source imports), ``results.parquet`` (predictions, in the format of every result file) and ``environment.json``.
"""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scalingbench.common.errors import LeaderboardError
from scalingbench.common.files import sha256_of
from scalingbench.common.messages import first_problem

__all__ = [
    "LICENSES",
    "METADATA",
    "RESULTS",
    "SOURCE",
    "Submission",
    "check_license",
    "list_submissions",
    "read_submission",
    "submissions",
]

SOURCE = "predictor.py"
METADATA = "submission.yaml"
RESULTS = "results.parquet"
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
"""Licences, by SPDX name, that let the maintainers run and keep the code."""


class Submission(BaseModel):
    """What a submission says of itself.

    Attributes
    ----------
    name : str
        As on the board.
    predictor : str
        The class in ``predictor.py``.
    authors, paper, license : str
        Who, where it is described (an arXiv number, a DOI, a URL or ``unpublished``), and the code's licence by SPDX name.
    year : int
        Of the submission.
    suite : str
        What its results are of.
    trained_on : tuple of str
        Collections that went into its constants, defaults or weights; it is not ranked on them.
    source_sha256 : str
        Of the ``predictor.py`` that gave the results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.\[\]-]{1,47}$")
    predictor: str = Field(pattern=r"^[A-Za-z_]\w*$")
    authors: str = Field(min_length=1)
    paper: str = Field(min_length=1)
    license: str
    year: int
    suite: str
    trained_on: tuple[str, ...] = ()
    source_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def read_submission(folder: Path) -> Submission:
    """Return what a submission's folder says of itself, after checking that the folder is whole.

    Raises
    ------
    LeaderboardError
        If a file or field is missing, the licence is none that is accepted, a requirement is not pinned, or the source
        was changed.
    """
    for name in (METADATA, SOURCE, RESULTS, "requirements.txt", "environment.json"):
        if not (folder / name).is_file():
            raise LeaderboardError(f"{folder}: {name}: missing")
    path = folder / METADATA
    try:
        submission = Submission.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise LeaderboardError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise LeaderboardError(f"{path}: {first_problem(error)}") from None
    check_license(submission.license, str(path))
    for line in (folder / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line):
            raise LeaderboardError(f"{folder / 'requirements.txt'}: expected lines of the form name==version, got {line!r}")
    if sha256_of(folder / SOURCE) != submission.source_sha256:
        raise LeaderboardError(f"{folder / SOURCE}: not the source that gave the results (its sha256 differs from {METADATA}'s)")
    return submission


def check_license(license_name: str, where: str) -> None:
    """Refuse a licence that is not on the list.

    Raises
    ------
    LeaderboardError
        If it is not.
    """
    if license_name not in LICENSES:
        raise LeaderboardError(f"{where}: license: expected one of {', '.join(LICENSES)}, got {license_name!r}")


def list_submissions() -> tuple[Path, ...]:
    """Return the folders of the submissions that come with the package."""
    return tuple(sorted(p.parent for p in _root().glob(f"*/{METADATA}")))


def submissions() -> dict[str, Submission]:
    """Return the submissions that come with the package, by name."""
    return {s.name: s for s in map(read_submission, list_submissions())}


def _root() -> Path:
    return Path(str(importlib.resources.files("leaderboard") / "submissions"))
