"""Known values in a file: which of given numbers it contains, as text or as binary numbers of 4 or 8 bytes.

It runs in the sandbox too, on the packages of a submission.
"""

from __future__ import annotations

import re

import numpy as np

__all__ = ["DIGITS", "FEWEST", "known_in", "precise"]

DIGITS = 7
"""Significant digits of a value that identify it."""
FEWEST = 3
"""Largest number of values that a file contains by chance."""
_SHARE = 0.01
"""Largest share of a file's numbers of that many digits that are known values by chance."""
_NUMBER = re.compile(rb"\d+\.?\d*(?:[eE][-+]?\d+)?")


def precise(values: np.ndarray) -> np.ndarray:
    """Return the values of `DIGITS` significant digits or more, sorted and each once."""
    return np.array([v for v in np.unique(values) if np.isfinite(v) and _digits(f"{v:.9g}".encode()) >= DIGITS], float)


def _digits(number: bytes) -> int:
    return len(number.lower().partition(b"e")[0].replace(b".", b"").lstrip(b"-0"))


def known_in(data: bytes, values: np.ndarray) -> np.ndarray:
    """Return the values that a file contains.

    Parameters
    ----------
    data : bytes
        Its content.
    values : array
        The known values, from `precise`.

    Returns
    -------
    array
        Those in it, rounded to 4 bytes; none if there are no more than chance explains.
    """
    single = np.unique(values.astype("<f4"))
    double = np.unique(np.concatenate([values, single.astype(float)]))
    texts = np.array([float(t) for t in set(_NUMBER.findall(data)) if _digits(t) >= DIGITS], float)
    with np.errstate(over="ignore", invalid="ignore"):
        found = [_common(texts.astype("<f4"), single, _SHARE * len(texts))]
    for known, size in ((double, 8), (single, 4)):
        hits = [_common(np.frombuffer(data, known.dtype, (len(data) - at) // size, at), known) for at in range(min(size, len(data)))]
        by_chance = 10 * len(data) * len(known) / 2.0 ** (8 * size)
        found += [hit for hit in hits if len(hit) > by_chance]
    all_of: np.ndarray = np.unique(np.concatenate(found).astype("<f4"))
    return all_of if len(all_of) > FEWEST else all_of[:0]


def _common(numbers: np.ndarray, known: np.ndarray, by_chance: float = 0.0) -> np.ndarray:
    """Return the numbers that are known, unless they are no more than chance explains."""
    if not len(known):
        return known
    with np.errstate(invalid="ignore"):
        near = numbers[(numbers >= known[0]) & (numbers <= known[-1])]
    hits: np.ndarray = np.unique(near[known[np.searchsorted(known, near)] == near])
    return hits if len(hits) > by_chance else hits[:0]
