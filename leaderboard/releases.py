"""Board releases: a board frozen under a version that identifies its content, and printed unchanged from then on."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.suite_board import SuiteBoard

__all__ = ["board_from_json", "list_releases", "load_release", "version_of"]


def version_of(suite: str, tasks: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Return the version of a suite's boards: its name, and a hash of the content of its tasks and results.

    Parameters
    ----------
    suite : str
        Name of the suite.
    tasks : DataFrame
        Descriptions of the counted tasks: held-out rows, role and weight.
    scores : DataFrame
        The scores on them, each row with the digest of its predictions.
    """
    described = (tasks[name].tolist() for name in ("task", "fingerprint", "track", "kind", "role", "cluster", "weight"))
    ranked = (scores[name].tolist() for name in ("predictor", "task", "digest"))
    lines = ["task " + " ".join(map(str, row)) for row in zip(*described, strict=True)]
    lines += ["|".join(row) for row in zip(*ranked, strict=True)]
    return f"{suite}-{hashlib.sha256(chr(10).join(sorted(lines)).encode()).hexdigest()[:10]}"


def board_from_json(text: str) -> Board:
    """Return the board in the JSON written by `scalingbench.leaderboard.board.Board.render`."""
    facts = json.loads(text)
    if "tracks" not in facts:
        return Board(**_fields(facts))
    tracks, specialists = facts.pop("tracks"), pd.DataFrame(facts.pop("specialists"))
    published = {name: tuple(board.pop("published") or ()) for name, board in tracks.items()}
    return SuiteBoard(
        **_fields(facts),
        tracks={name: Board(**_fields(board)) for name, board in tracks.items()},
        published={name: (months[0], months[1]) for name, months in published.items() if months},
        specialists=specialists,
    )


def _fields(facts: dict[str, Any]) -> dict[str, Any]:
    rows = pd.DataFrame(facts.pop("rows"))
    rows["rank"] = rows["rank"].astype("Int64")
    for column in rows.columns.difference(["rank", "predictor", "family", "variant_of"]):
        rows[column] = pd.to_numeric(rows[column])
    return {**facts, "rows": rows, "pool": tuple(facts["pool"])}


def _folder() -> Path:
    return Path(str(importlib.resources.files("scalingbench.leaderboard") / "releases"))


def list_releases() -> tuple[str, ...]:
    """Return the versions that come with the package."""
    return tuple(sorted(f.stem for f in _folder().glob("*.json"))) if _folder().is_dir() else ()


def load_release(version: str, track: str | None = None) -> Board:
    """Return a released board, or that of one of its tracks.

    Raises
    ------
    LeaderboardError
        If no release has that version, or the release not that track.
    """
    if not re.fullmatch(r"[A-Za-z0-9.-]+", version) or version not in list_releases():
        raise LeaderboardError(f"release: expected one of {', '.join(list_releases()) or '(none yet)'}, got {version!r}")
    board = board_from_json((_folder() / f"{version}.json").read_text(encoding="utf-8"))
    if track is None:
        return board
    tracks = board.tracks if isinstance(board, SuiteBoard) else {}
    if track not in tracks:
        raise LeaderboardError(f"track: release {version} has {', '.join(tracks) or 'no tracks'}, got {track!r}")
    return replace(tracks[track], version=board.version)
