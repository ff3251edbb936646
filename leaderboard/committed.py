"""The results that come with the package: one file per predictor and suite version."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

__all__ = ["committed_folder"]


def committed_folder(suite: str) -> Path:
    """Return the folder of a suite's committed results; it may not exist."""
    return Path(str(importlib.resources.files("leaderboard") / "results" / suite))
