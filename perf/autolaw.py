"""The tuning log of AutoLaw: every rule of weighting that was tried, in order, on the same recorded candidates.

    python -m perf.tuning.record candidates.pkl      every candidate on every tuning case; minutes
    python -m perf.autolaw candidates.pkl            the log; `--write` learns the shipped table

Cases are of collections set aside for tuning, which count on no board, and of synthetic worlds; see `perf.tuning.cases`.
Printed is the error relative to the nearest neighbour's, as geometric means over collections: of all, of the set-aside
collections alone, and by reach. Rules that learn are scored on collections that they did not learn from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from perf.tuning.cases import REAL, SET_ASIDE
from perf.tuning.features import FEATURES, GENERIC
from perf.tuning.intervals import EDGES, SHARES, coverage, fit_sizes, interval_table
from perf.tuning.record import load
from perf.tuning.rules import Learnt, Rows, Score, gather, learn, score, shares
from predictors.autolaw import _DROPPED, AutoLaw
from predictors.error_sizes import TABLE, ErrorSizes

FOLDS = 6
JOINED = (
    "additive-power",
    "chinchilla[prior]",
    "law-gp",
    "log-linear[floor]",
    "logit-linear",
    "shifted-power-law[prior]",
    "two-stage[bounded]",
)
"""What the previous AutoLaw did not try."""
RIDGE, RIDGE_NAMES = 0.3, 0.05
RECENT_ONLY = tuple(name == "recent" for name in FEATURES)
ERRORS_ONLY = tuple(k < 11 for k in range(len(FEATURES)))
EVERY = 99


def main() -> None:
    """Print the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--write", action="store_true", help="write the table of intervals that is shipped")
    options = parser.parse_args()
    records = [r for r in load(options.file) if r.case.collection in SET_ASIDE or r.case.collection.startswith("world-")]
    before, every = gather(records, JOINED), gather(records)
    print(f"{len(every.reference)} cases of {len(set(every.collections))} collections and kinds of world, {len(every.y)} rows", flush=True)
    log = Log()
    log.say("previous rule, its candidates", score(before, powers(before)))
    log.say("previous rule, all candidates", score(every, powers(every)))
    rows = gather(records, NOT_TRIED)
    log.say("previous rule, the candidates that were kept", score(rows, powers(rows)))
    simple(log, rows)
    learnt(log, rows)
    by_reach(log, rows)
    without(log, every)
    weight = ours(rows)
    log.say("the rule that is shipped", score(rows, (weight * rows.values).sum(axis=1)))
    features, residual = interval_table(rows, weight)
    print("\nIntervals of 80 %, each collection predicted with what was learnt without it:")
    print(intervals(rows, weight, features, residual).round(3).to_string())
    if options.write:
        write(rows, features, residual)


NOT_TRIED = (*_DROPPED, "additive-power", "shifted-power-law[prior]")


def ours(rows: Rows, **settings: float) -> np.ndarray:
    """Return AutoLaw's weights with its defaults, or these settings; shape (R, K)."""
    law = AutoLaw(**settings)
    own, overall, inner = (rows.features[:, :, FEATURES.index(name)] for name in ("recent", "overall", "interpolation"))
    power = law.power + law.growth * np.log1p(rows.beyond)
    logs = (1 - law.overall - law.inner) * own + law.overall * overall + law.inner * inner
    return shares(-power[:, None] * logs, rows.usable)


def by_reach(log: Log, rows: Rows) -> None:
    """Powers that grow with distance, and errors of several kinds: the rule that is shipped is of this family."""
    for overall, inner in ((0.0, 0.0), (0.5, 0.0), (0.7, 0.0), (0.4, 0.2), (0.5, 0.25)):
        for power, growth in ((2.0, 0.0), (1.7, 0.5), (2.0, 0.5), (2.5, 0.5)):
            weight = ours(rows, power=power, growth=growth, overall=overall, inner=inner)
            what = f"power {power} + {growth} log(1 + d), overall {overall}, interpolation {inner}"
            log.say(what, score(rows, (weight * rows.values).sum(axis=1)))


def without(log: Log, rows: Rows) -> None:
    """The shipped rule without one candidate at a time, of those that cost the most."""
    dear = ("bnsl-1", "chinchilla-gamma", "chinchilla[prior]", "farseer", "gaussian-process", "law-gp", "m4", "mmf4", "pow4", "rectified")
    for dropped in ((), *((name,) for name in dear), tuple(_DROPPED)):
        usable = rows.usable & ~np.isin(rows.which, [rows.names.index(name) for name in dropped if name in rows.names])
        kept = replace(rows, usable=np.where(usable.any(axis=1, keepdims=True), usable, rows.usable))
        log.say(f"all candidates without {', '.join(sorted(dropped)) or 'none'}", score(kept, (ours(kept) * kept.values).sum(axis=1)))


def simple(log: Log, rows: Rows) -> None:
    """Rules that learn nothing."""
    for power, most in ((2, 1), (2, 3), (2, 8), (2, EVERY), (1, EVERY), (3, EVERY)):
        log.say(
            f"error to the power of -{power}, {f'best {most}' if most < EVERY else 'every candidate'}",
            score(rows, powers(rows, power, most)),
        )
    log.say("median of the best 5 in back-tests", score(rows, median(rows, 5)))
    log.say("median of the best 9 in back-tests", score(rows, median(rows, 9)))
    for generic in (0.5, 2.0):
        log.say(f"previous rule, forms without a law's shape less by reach ({generic})", score(rows, powers(rows, generic=generic)))
    for size in (0.5, 2.0):
        log.say(f"previous rule, constants per row count against by reach ({size})", score(rows, powers(rows, size=size)))


def learnt(log: Log, rows: Rows) -> None:
    """Rules that learn, scored on collections that they did not learn from."""
    for what, columns in (("the recent error", RECENT_ONLY), ("errors of all kinds", ERRORS_ONLY), ("all features", None)):
        for names in (1e3, RIDGE_NAMES):
            logits = left_out(rows, lambda part, c=columns, n=names: learn(rows, part, ridge=RIDGE, ridge_names=n, columns=c))
            log.say(f"softmax of {what}{' and names' if names < 1 else ''}", score(rows, mean(rows, logits, EVERY)))
    for ridge, names, real in ((1e-2, 1e-2, 1.0), (1.0, 1.0, 1.0), (RIDGE, RIDGE_NAMES, 4.0)):
        logits = left_out(rows, lambda part, r=ridge, n=names, x=real: learn(rows, part, ridge=r, ridge_names=n, real=x))
        log.say(f"all features and names, ridges {ridge:g} and {names:g}, real runs count {real:g}", score(rows, mean(rows, logits, EVERY)))


def mean(rows: Rows, logits: np.ndarray, most: int) -> np.ndarray:
    """Return the weighted mean, shape (R,)."""
    found: np.ndarray = (shares(logits, rows.usable, most) * rows.values).sum(axis=1)
    return found


def median(rows: Rows, most: int) -> np.ndarray:
    """Return the median of the best few in back-tests, shape (R,)."""
    error = np.where(rows.usable, np.minimum(rows.recent, 1e9), np.inf)
    limit = np.sort(error, axis=1)[:, min(most, error.shape[1]) - 1 : most][:, :1]
    found: np.ndarray = np.nanmedian(np.where(rows.usable & (error <= limit), rows.values, np.nan), axis=1)
    return found


def intervals(rows: Rows, weight: np.ndarray, features: np.ndarray, residual: np.ndarray) -> pd.DataFrame:
    """Return coverage and width of 80 % intervals, of the previous rule's and of ours."""
    reach = np.zeros(len(rows.y))
    for part in folds(rows):
        sizes = fit_sizes(rows, features, residual, ~part)
        z = sizes.quantiles[np.searchsorted(EDGES, rows.beyond, side="right"), SHARES.index(0.8)]
        mine = part[rows.case]
        reach[mine] = (sizes.size(features) * z)[mine]
    values = np.nan_to_num(rows.values)
    error = np.exp(features[:, 2])
    old = 1.2816 * 1.35 * np.sqrt((weight * (values - (weight * values).sum(axis=1, keepdims=True)) ** 2).sum(axis=1) + error**2)
    unit = np.where(rows.averaged_log, 1.0, rows.unit)
    tables = {
        "conformal": coverage(rows, np.abs(residual) <= reach, reach / unit),
        "previous": coverage(rows, np.abs(residual) <= old, old / unit),
    }
    return pd.concat(tables)


def write(rows: Rows, features: np.ndarray, residual: np.ndarray) -> None:
    """Learn the sizes of errors from all cases, and write the table."""
    sizes = fit_sizes(rows, features, residual, np.ones(len(rows.reference), bool))
    table = ErrorSizes(tuple(sorted(set(rows.collections))), sizes.scale, np.array(EDGES), np.array(SHARES), sizes.quantiles)
    TABLE.write_text(json.dumps(table.as_json(), indent=1) + "\n", encoding="utf-8")


class Log:
    """Numbers the rules."""

    def __init__(self) -> None:
        self.n = 0

    def say(self, what: str, found: Score) -> None:
        """Print a line."""
        self.n += 1
        print(f"{self.n:3d}  {what:64s} {found.line()}", flush=True)


def powers(rows: Rows, power: float = 2.0, most: int = 5, floor: float = 0.003, generic: float = 0.0, size: float = 0.0) -> np.ndarray:
    """Return the mean by errors to a negative power; forms without the shape of a law count `generic` more for every e-fold of reach."""
    far = np.log1p(rows.beyond)[:, None]
    is_generic = np.array([name in GENERIC for name in rows.names], float)[rows.which]
    logits = -power * np.log(np.minimum(rows.recent, 1e6) + floor * rows.unit[:, None]) - generic * is_generic * far
    logits -= size * rows.features[:, :, FEATURES.index("constants")] * far
    usable = rows.usable & np.isfinite(rows.recent)
    usable = np.where(usable.any(axis=1, keepdims=True), usable, rows.usable)
    found: np.ndarray = (shares(logits, usable, most) * rows.values).sum(axis=1)
    return found


def folds(rows: Rows, n: int = FOLDS) -> list[np.ndarray]:
    """Return the cases of each part: collections and kinds of world are never divided."""
    kinds = sorted(set(rows.collections), key=lambda c: (c not in REAL, c))
    return [np.isin(rows.collections, kinds[i::n]) for i in range(n)]


def left_out(rows: Rows, make: Callable[[np.ndarray], Learnt]) -> np.ndarray:
    """Return logits for every row from what was learnt without its collection."""
    logits = np.zeros(rows.values.shape)
    for part in folds(rows):
        mine = part[rows.case]
        logits[mine] = make(~part).logits(rows)[mine]
    return logits


if __name__ == "__main__":
    main()
