"""predictors/heads.json: which entry a family's name stands for, where no entry has that name."""

from __future__ import annotations

import json

from scalingbench.leaderboard.results import Results
from scalingbench.predictors.registry import families


def table() -> str:
    """Return the heads of the families: the first of each by skill on the tuning tasks, as on the board."""
    known = families()
    unnamed = [family for family in dict.fromkeys(known.values()) if family not in known]
    ranked = Results.load().order
    order = [*ranked, *(name for name in known if name not in ranked)]
    heads = {family: next(name for name in order if known.get(name) == family) for family in unnamed}
    return json.dumps(heads, indent=2, sort_keys=True) + "\n"
