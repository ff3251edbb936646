"""The tuning log of AutoLaw: every weighting rule that was tried, in order, on the same recorded candidates.

    python -m perf.tuning.record tables.pkl            every candidate on cases of tables and worlds; half an hour
    python -m perf.tuning.record tasks.pkl --tasks     and on cases as the boards state tasks; half an hour
    python -m perf.tuning tables.pkl tasks.pkl        the log; `--write` learns the shipped tables

No case has a row that a board counts: see `perf.tuning.cases`. The log prints the error relative to the nearest neighbour's, as
geometric means over collections: all, real ones, those set aside for tuning, spare rows of the others, and real ones by reach. Learnt
rules are scored on held-out collections.
"""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from perf.tuning.cases import SET_ASIDE, is_synthetic
from perf.tuning.features import FEATURES, GENERIC
from perf.tuning.intervals import EDGES, SHARES, coverage, fit_sizes, interval_table
from perf.tuning.record import load
from perf.tuning.rules import SHARPER, Learnt, Rows, Score, gather, learn, score, shares
from scalingbench.benchmark.data.clusters import cluster_of, read_clusters, relatives
from scalingbench.predictors.autolaw.autolaw import _DROPPED
from scalingbench.predictors.autolaw.autolaw_2026_11 import _JOINED_LATER
from scalingbench.predictors.autolaw.learnt import FILE, LearntTable, LearntWeights, terms

FOLDS = 6
NESTED = 3
POOLED = ("bnsl-1[pooled]", "chinchilla[pooled]", "m4[pooled]", "shifted-power-law[pooled]")
NEVER = ("additive-power", "shifted-power-law[prior]")
"""Recorded, but not a candidate."""
BEFORE = frozenset({"chinchilla-gamma", "farseer", "gaussian-process", "m4", "rectified"})
"""Candidates that the closed form does not use."""
OWN, OVERALL, INNER = 0.4, 0.4, 0.2
POWER, GROWTH = 2.0, 0.5
"""The closed form: powers of three kinds of error, and the change per e-fold of distance. Learning starts from it."""
CLOSED = -np.outer([OWN, OVERALL, INNER], [POWER, GROWTH, 0.0]).ravel()
EVERY = 99


def main() -> None:
    """Print the log."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true", help="learn and write the shipped tables")
    parser.add_argument("--quick", action="store_true", help="skip the log")
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    records = [r for file in options.files for r in load(file)]
    records = [r for r in records if r.case.group or r.case.collection in SET_ASIDE or is_synthetic(r.case.collection)]
    rows = gather(records, NEVER)
    real = len({c for c in rows.collections if not is_synthetic(c)})
    print(f"{len(rows.reference)} cases of {real} collections and {len(set(rows.collections)) - real} kinds of world, {len(rows.y)} rows")
    if not options.quick:
        every_rule(Log(), rows)
    if options.write:
        write(shipped(rows))


def shipped(rows: Rows) -> Rows:
    """Return the rows with the candidates that are shipped."""
    return left(rows, _DROPPED)


def left(rows: Rows, dropped: frozenset[str] | tuple[str, ...]) -> Rows:
    """Return the rows without some candidates."""
    usable = rows.usable & ~np.isin(rows.which, [rows.names.index(name) for name in dropped if name in rows.names])
    return replace(rows, usable=np.where(usable.any(axis=1, keepdims=True), usable, rows.usable))


def every_rule(log: Log, rows: Rows) -> None:
    """Print every rule: the previous one, closed forms, added candidates, and learnt weights."""
    before = left(rows, (*BEFORE, *POOLED))
    log.compared = closed(before)
    log.print("the rule of 2026-11, its candidates", score(rows, powers(left(rows, tuple(_JOINED_LATER)))))
    log.print("the rule of 2026-11, every candidate", score(rows, powers(rows)))
    simple(log, before)
    by_reach(log, before)
    log.print("closed form", closed(before))
    for name in POOLED:
        log.print(f"closed form, and {name}", closed(left(rows, (*BEFORE, *(p for p in POOLED if p != name)))))
    joined = left(rows, tuple(BEFORE))
    log.print("closed form, and all that pool", closed(joined))
    log.compared = closed(joined)
    learnt(log, joined)
    for dropped in (("bnsl-1",), ("bnsl-1", "mmf4"), ("bnsl-1", "mmf4", "shifted-power-law", "chinchilla[prior]")):
        log.print(f"learnt, without {', '.join(dropped)}", out_of_fold(left(joined, dropped)))
    ours = shipped(rows)
    log.print("closed form, the candidates that are shipped", closed(ours))
    log.print("learnt, the candidates that are shipped", out_of_fold(ours))
    log.compared = out_of_fold(ours)
    for name in ("bnsl-1[pooled]", "chinchilla[pooled]", "shifted-power-law[pooled]", "law-gp", "log-quadratic[floor]", "pow4"):
        log.print(f"those without {name}", out_of_fold(left(ours, (name,))))
    log.print("those without all that pool", out_of_fold(left(ours, POOLED)))
    logits = left_out(ours, errors_design(ours), CLOSED)
    for sharper in (0.7, 1.0, 1.7):
        log.print(f"those, weights to the power of {sharper:g}, not {SHARPER:g}", out_of_fold(ours, sharper=sharper))
    for most in (1, 3, 5):
        log.print(f"those, best {most} in weight", score(ours, mean(ours, logits, most)))
    weight = shares(logits, ours.usable)
    print("\nIntervals of 80 %, each collection predicted with what was learnt without it:")
    print(intervals(ours, weight).round(3).to_string())


def errors_design(rows: Rows) -> np.ndarray:
    """Return three kinds of error, each alone, by distance and by rows^(-1/2); shape (R, K, 9)."""
    factor = terms(rows.beyond, rows.trained[rows.case])
    found: np.ndarray = (rows.kinds[:, :, :, None] * factor[:, None, None, :]).reshape(*rows.kinds.shape[:2], 9)
    return found


def closed(rows: Rows, kinds: tuple[float, float, float] = (OWN, OVERALL, INNER), power: float = POWER, growth: float = GROWTH) -> Score:
    """Return the score of the closed form."""
    columns = -np.outer(kinds, [power, growth, 0.0]).ravel()
    return score(rows, mean(rows, errors_design(rows) @ columns, EVERY))


def out_of_fold(rows: Rows, **options: float) -> Score:
    """Return the score of learnt weights on held-out collections."""
    return score(rows, mean(rows, left_out(rows, errors_design(rows), CLOSED, **options), EVERY))


def left_out(rows: Rows, design: np.ndarray, start: np.ndarray, **options: float) -> np.ndarray:
    """Return logits of every row, learnt without its collection."""
    parts = folds(rows, FOLDS)
    found = Parallel(n_jobs=-1)(delayed(learn)(rows, ~part, design, start, **options) for part in parts)
    return assembled(rows, design, parts, found)


def assembled(rows: Rows, design: np.ndarray, parts: list[np.ndarray], found: list[Learnt]) -> np.ndarray:
    """Return logits of every row, learnt without its part."""
    logits = np.zeros(rows.values.shape)
    for part, one in zip(parts, found, strict=True):
        mine = part[rows.case]
        logits[mine] = one.logits(rows, design)[mine]
    return logits


def folds(rows: Rows, n: int) -> list[np.ndarray]:
    """Return the cases of each part: collections and kinds of world are never divided."""
    kinds = sorted(set(rows.collections), key=lambda c: (is_synthetic(c), c))
    return [np.isin(rows.collections, kinds[i::n]) for i in range(n)]


def simple(log: Log, rows: Rows) -> None:
    """Rules without learning, from the error along the axis alone."""
    for power, most in ((2, 1), (2, 3), (2, 8), (2, EVERY), (1, EVERY), (3, EVERY)):
        log.print(
            f"error to the power of -{power}, {f'best {most}' if most < EVERY else 'every candidate'}",
            score(rows, powers(rows, power, most)),
        )
    log.print("median of the best 5 in back-tests", score(rows, median(rows, 5)))
    log.print("median of the best 9 in back-tests", score(rows, median(rows, 9)))
    for generic in (0.5, 2.0):
        log.print(f"2026-11, forms without a law's shape less by reach ({generic})", score(rows, powers(rows, generic=generic)))
    for size in (0.5, 2.0):
        log.print(f"2026-11, constants per row count against by reach ({size})", score(rows, powers(rows, size=size)))


def by_reach(log: Log, rows: Rows) -> None:
    """Powers that grow with distance, and errors of several kinds."""
    for overall, inner in ((0.0, 0.0), (0.5, 0.0), (0.4, 0.2), (0.5, 0.25)):
        for power, growth in ((2.0, 0.0), (2.0, 0.5), (2.5, 0.5)):
            what = f"power {power} + {growth} log(1 + d), overall {overall}, interpolation {inner}"
            log.print(what, closed(rows, (1.0 - overall - inner, overall, inner), power, growth))


def learnt(log: Log, rows: Rows) -> None:
    """Learnt rules, scored on held-out collections."""
    three = errors_design(rows)
    others = ("apart", "apart far", "below", "below far", "generic far", "constants", "constants far", "constants few rungs", "growth")
    more = np.concatenate([three, rows.features[:, :, [FEATURES.index(name) for name in others]]], axis=2)
    for what, design in (("errors", three), ("errors and other features", more)):
        start = np.append(CLOSED, np.zeros(design.shape[2] - len(CLOSED)))
        for ridge, names, real in (
            *((0.3, 0.1, 2.0), (0.1, 0.02, 2.0), (0.03, 0.01, 2.0), (0.01, 0.005, 2.0), (0.01, 0.002, 2.0)),
            *((0.03, 0.01, 1.0), (0.03, 0.01, 4.0), (0.03, 0.01, 10.0), (0.03, 1e3, 2.0)),
        ):
            named = f"names {names:g}" if names < 1 else "no names"
            logits = left_out(rows, design, start, ridge=ridge, ridge_names=names, real=real)
            log.print(f"learnt from {what}, ridge {ridge:g}, {named}, real runs count {real:g}", score(rows, mean(rows, logits, EVERY)))


def mean(rows: Rows, logits: np.ndarray, most: int) -> np.ndarray:
    """Return the weighted mean, shape (R,)."""
    found: np.ndarray = (shares(logits, rows.usable, most) * rows.values).sum(axis=1)
    return found


def median(rows: Rows, most: int) -> np.ndarray:
    """Return the median of the few candidates with the smallest back-test errors, shape (R,)."""
    error = np.where(rows.usable, np.minimum(rows.recent, 1e9), np.inf)
    limit = np.sort(error, axis=1)[:, min(most, error.shape[1]) - 1 : most][:, :1]
    found: np.ndarray = np.nanmedian(np.where(rows.usable & (error <= limit), rows.values, np.nan), axis=1)
    return found


def intervals(rows: Rows, weight: np.ndarray) -> pd.DataFrame:
    """Return coverage and width of 80 % intervals, of the rule of 2026-11 and of ours, on real collections."""
    features, residual = interval_table(rows, weight)
    reach = np.zeros(len(rows.y))
    for part in folds(rows, FOLDS):
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
        "2026-11": coverage(rows, np.abs(residual) <= old, old / unit),
    }
    return pd.concat(tables)


def write(rows: Rows) -> None:
    """Learn the table from all cases, one without each cluster of a real collection, and one without the parts of each compilation."""
    clusters = sorted({cluster_of(c) for c in rows.collections if not is_synthetic(c)} | read_clusters().compilations.keys())
    design, names = errors_design(rows), np.array(rows.collections)
    chosen = [np.ones(len(names), bool), *(~np.isin(names, list(relatives(cluster))) for cluster in clusters)]
    tables = Parallel(n_jobs=-1)(delayed(table)(rows, design, some) for some in chosen)
    lines = [f" {json.dumps(name)}: {json.dumps(one.as_json())}" for name, one in zip(clusters, tables[1:], strict=True)]
    text = f'{{"all": {json.dumps(tables[0].as_json())},\n"without": {{\n' + ",\n".join(lines) + "\n}}\n"
    FILE.write_text(text, encoding="utf-8")


def table(rows: Rows, design: np.ndarray, chosen: np.ndarray) -> LearntTable:
    """Learn from the chosen cases alone: weights from all of them, sizes of errors from cross-validated weights."""
    own = learn(rows, chosen, design, CLOSED)
    parts = folds(rows, NESTED)
    weight = shares(assembled(rows, design, parts, [learn(rows, chosen & ~part, design, CLOSED) for part in parts]), rows.usable)
    sizes = fit_sizes(rows, *interval_table(rows, weight), chosen)
    named = dict(zip(rows.names, np.stack([own.near, own.far], axis=1), strict=True))
    seen = sorted({name for name, taken in zip(rows.collections, chosen, strict=True) if taken})
    return LearntTable(tuple(seen), LearntWeights(own.columns.reshape(3, 3), named), sizes)


class Log:
    """Numbers the rules."""

    def __init__(self) -> None:
        self.n = 0
        self.compared: Score | None = None

    def print(self, what: str, found: Score) -> None:
        """Print a line."""
        self.n += 1
        print(f"{self.n:3d}  {what:76s} {found.line(self.compared)}", flush=True)


def powers(rows: Rows, power: float = 2.0, most: int = 5, floor: float = 0.003, generic: float = 0.0, size: float = 0.0) -> np.ndarray:
    """Return the mean by errors to a negative power; `generic` penalises forms without a law's shape per e-fold of reach."""
    far = np.log1p(rows.beyond)[:, None]
    is_generic = np.array([name in GENERIC for name in rows.names], float)[rows.which]
    logits = -power * np.log(np.minimum(rows.recent, 1e6) + floor * rows.unit[:, None]) - generic * is_generic * far
    logits -= size * rows.features[:, :, FEATURES.index("constants")] * far
    usable = rows.usable & np.isfinite(rows.recent)
    usable = np.where(usable.any(axis=1, keepdims=True), usable, rows.usable)
    found: np.ndarray = (shares(logits, usable, most) * rows.values).sum(axis=1)
    return found


if __name__ == "__main__":
    main()
