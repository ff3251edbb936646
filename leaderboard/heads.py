"""The head of each family, which stands for it: the entry that does best on the tuning tasks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from scalingbench.leaderboard.scores import ScoreMatrix
from scalingbench.predictors.registry import families

__all__ = ["entry_of", "tuning_order"]


def tuning_order(predictors: Collection[str], scores: ScoreMatrix) -> tuple[str, ...]:
    """Return predictors by skill on the tuning tasks, ties in the order of the catalogue. The first of a family is its head.

    Parameters
    ----------
    predictors : collection of str
        The predictors; one without a score on the tuning tasks counts as the reference.
    scores : ScoreMatrix
        Scores on the tuning tasks.
    """
    place = {name: i for i, name in enumerate(families())}
    names = sorted(set(predictors), key=lambda name: (place.get(name, len(place)), name))
    known = dict(zip(scores.predictors, scores.skill() if len(scores.tasks) else (), strict=True))
    return tuple(sorted(names, key=lambda name: -round(float(known.get(name, 0.0)), 12)))


def entry_of(name: str, scores: pd.DataFrame, order: Sequence[str]) -> str:
    """Return the predictor that a name stands for: the head of the family of this name; without such a family the name itself."""
    first = scores[["predictor", "family"]].drop_duplicates("predictor")
    family = dict(zip(first["predictor"], first["family"], strict=True))
    return next((known for known in order if family[known] == name), name)
