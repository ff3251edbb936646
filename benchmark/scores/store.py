"""Stored scores: the score table of a suite's results in one file, so that boards need no collection.

Every row names the predictions that it comes from. `differences` compares it with their scores wherever the data are available
locally.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
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
"""Additional columns: hashes of the task's rows, of the predictions, and of their result file."""
_KEY = ("predictor", "task")
_SAME, _ZERO = 1e-9, 1e-12  # rounding of exp and log differs between machines


def digest_of(result: TaskResult) -> str:
    """Return a hash of the predictions of all folds, to the digits of result files."""
    digest = hashlib.sha256()
    for fold in result.folds:
        digest.update(f"\x1e{fold.fold}\x1f{fold.status}\x1f".encode())
        for level in (None, *sorted(fold.quantiles)):
            values = fold.predictions if level is None else fold.quantiles[level]
            digest.update(f"{level}\x1f".encode() + np.ascontiguousarray(values, dtype="<f4").tobytes())
    return digest.hexdigest()[:16]


def with_provenance(scores: pd.DataFrame, results: Iterable[TaskResult], sources: Mapping[str, str]) -> pd.DataFrame:
    """Return a score table with the hashes of each row's sources, by predictor and task.

    Parameters
    ----------
    scores : DataFrame
        From `scalingbench.benchmark.scores.scoring.score`.
    results : iterable of TaskResult
        The scored results, and possibly others.
    sources : mapping of str to str
        sha256 of the result file of each predictor; empty without a file.
    """
    known = [(r.predictor, r.task, r.fingerprint, digest_of(r), sources.get(r.predictor, "")) for r in results]
    made_from = pd.DataFrame(known, columns=[*_KEY, *PROVENANCE])
    return scores.merge(made_from, on=list(_KEY), validate="one_to_one").sort_values(list(_KEY), ignore_index=True)


def write_scores(path: Path, scores: pd.DataFrame) -> None:
    """Write a score table with `PROVENANCE` to a Parquet file, atomically."""
    check_scores(scores)
    with replacing(path) as temporary:
        scores[[*(c.name for c in COLUMNS), *PROVENANCE]].to_parquet(temporary, index=False, compression="zstd", compression_level=9)


def read_scores(path: Path) -> pd.DataFrame:
    """Read a file of `write_scores`.

    Raises
    ------
    InputError
        If the file is missing or not a file of scores, or a row breaks a rule; names the file.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of scores")
    try:
        scores = pd.read_parquet(path, columns=[*(c.name for c in COLUMNS), *PROVENANCE])
        check_scores(scores)
    except Exception as error:  # the libraries raise many kinds of errors on invalid files
        raise InputError(f"{path}: not a file of scores: {described(error, 200)}") from None
    return scores


def differences(stored: pd.DataFrame, again: pd.DataFrame, key: Sequence[str] = _KEY) -> tuple[str, ...]:
    """Return one line per difference between stored and recomputed scores.

    Parameters
    ----------
    stored, again : DataFrame
        Tables of the same columns, of the same tasks.
    key : sequence of str
        Columns that name a row.
    """
    both = stored.merge(again, on=list(key), how="outer", suffixes=("_stored", "_again"), indicator="side")
    both = both.sort_values(list(key), ignore_index=True)
    why = {"left_only": "there is a stored score, but no result", "right_only": "there is a result, but no stored score"}
    found = [f"{' on '.join(map(str, of))}: {why[side]}" for *of, side in both[[*key, "side"]].to_numpy() if side in why]
    shared = both[both["side"] == "both"]
    for column in (c for c in again if c not in key):
        old, new = (shared[f"{column}_{side}"].to_numpy() for side in ("stored", "again"))
        same = np.isclose(old, new, rtol=_SAME, atol=_ZERO, equal_nan=True) if pd.api.types.is_numeric_dtype(again[column]) else old == new
        for *of, a, b in zip(*(shared[name].to_numpy()[~same] for name in key), old[~same], new[~same], strict=True):
            found.append(f"{' on '.join(map(str, of))}: {column} is stored as {a}, computed again it is {b}")
    return tuple(found)
