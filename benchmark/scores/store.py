"""Stored scores: the score table of a suite's results as one file, so that boards are made without any collection.

The file is no second truth: every row names the predictions it was made from, and `differences` compares it with what they
give wherever the data are at hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import SCORES, TaskResult
from scalingbench.benchmark.scores.table import COLUMNS, check_scores
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing
from scalingbench.common.messages import described

__all__ = ["SCORES", "differences", "digest_of", "read_scores", "with_provenance", "write_scores"]

PROVENANCE = ("fingerprint", "digest", "source")
"""Columns beside those of the score table: hash of the task's rows, of the predictions, of the result file they stand in."""
_KEY = ["predictor", "task"]
_NUMBERS = tuple(c.name for c in COLUMNS if c.kind != "text")
_SAME = 1e-9  # relative: other machines round the last bits of exp and log differently


def digest_of(result: TaskResult) -> str:
    """Return a hash of what was predicted in every fold, to the digits that result files hold."""
    digest = hashlib.sha256()
    for fold in result.folds:
        digest.update(f"\x1e{fold.fold}\x1f{fold.status}\x1f".encode())
        for level in (None, *sorted(fold.quantiles)):
            values = fold.predictions if level is None else fold.quantiles[level]
            digest.update(f"{level}\x1f".encode() + np.ascontiguousarray(values, dtype="<f4").tobytes())
    return digest.hexdigest()[:16]


def with_provenance(scores: pd.DataFrame, results: Iterable[TaskResult], sources: Mapping[str, str]) -> pd.DataFrame:
    """Return a score table with the hashes of what each row was made from, by predictor and task.

    Parameters
    ----------
    scores : DataFrame
        From `scalingbench.benchmark.scores.scoring.score`.
    results : iterable of TaskResult
        What was scored, and possibly more.
    sources : mapping of str to str
        sha256 of the result file of each predictor; empty where it is in no file.
    """
    known = [(r.predictor, r.task, r.fingerprint, digest_of(r), sources.get(r.predictor, "")) for r in results]
    made_from = pd.DataFrame(known, columns=[*_KEY, *PROVENANCE])
    return scores.merge(made_from, on=_KEY, validate="one_to_one").sort_values(_KEY, ignore_index=True)


def write_scores(path: Path, scores: pd.DataFrame) -> None:
    """Write a score table with `PROVENANCE` to a Parquet file: whole or not at all."""
    check_scores(scores)
    with replacing(path) as temporary:
        scores[[*(c.name for c in COLUMNS), *PROVENANCE]].to_parquet(temporary, index=False, compression="zstd", compression_level=9)


def read_scores(path: Path) -> pd.DataFrame:
    """Read what `write_scores` wrote.

    Raises
    ------
    InputError
        If the file is missing, is none of these, or a row of it breaks a rule; names the file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of scores")
    try:
        scores = pd.read_parquet(path, columns=[*(c.name for c in COLUMNS), *PROVENANCE])
        check_scores(scores)
    except Exception as error:  # the libraries raise errors of many kinds on a file that is none
        raise InputError(f"{path}: not a file of scores: {described(error, 200)}") from None
    return scores


def differences(stored: pd.DataFrame, again: pd.DataFrame) -> tuple[str, ...]:
    """Return one line for everything that is stored otherwise than it is computed again.

    Parameters
    ----------
    stored, again : DataFrame
        Score tables with `PROVENANCE`, of the same tasks.
    """
    both = stored.merge(again, on=_KEY, how="outer", suffixes=("_stored", "_again"), indicator="side").sort_values(_KEY, ignore_index=True)
    alone = both[both["side"] != "both"]
    why = {"left_only": "there is a stored score, but no result", "right_only": "there is a result, but no stored score"}
    found = [f"{name} on {task}: {why[side]}" for name, task, side in alone[[*_KEY, "side"]].to_numpy()]
    shared = both[both["side"] == "both"]
    for column in ("family", "track", *_NUMBERS, *PROVENANCE):
        pair = shared[[*_KEY, f"{column}_stored", f"{column}_again"]]
        old, new = (pair[f"{column}_{side}"].to_numpy() for side in ("stored", "again"))
        same = np.isclose(old, new, rtol=_SAME, atol=0.0, equal_nan=True) if column in _NUMBERS else old == new
        found += [f"{name} on {task}: {column} is stored as {a}, computed again it is {b}" for name, task, a, b in pair[~same].to_numpy()]
    return tuple(found)
