"""Nested choice of AutoLaw's rule: no cluster's score uses anything that was learnt or chosen with it.

    python -m perf.tuning.nested tasks.pkl tables.pkl

A rule is a combination of named options (`perf.tuning.settings`): what weights are learnt from, which candidates there are, how
predictions are combined, and what share of the weight is a stated core's. Clusters of collections form `FOLDS` outer folds. For each,
the rule is chosen on the other clusters, each of them predicted with what was learnt without it and without the outer fold; the chosen
rule, learnt on all other clusters, then predicts the fold. Learning without every pair of folds serves all outer folds. Of rules within
one standard error of the best, the one with the fewest learnt constants is chosen. Synthetic worlds are learnt from and not scored.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from perf.tuning.__main__ import CLOSED, NEVER, errors_design, left
from perf.tuning.cases import CLASSES, SET_ASIDE, class_of, is_synthetic
from perf.tuning.record import load
from perf.tuning.rules import Rows, case_logs, gather, learn
from perf.tuning.settings import CANDIDATES, OLD, SETTINGS, TODAY, WEIGHTINGS, Setting, Weighting, weights_of
from perf.tuning.smooth import unseen
from scalingbench.benchmark.data.clusters import cluster_of

__all__ = ["Data", "Found", "Logits", "choose", "every_logits", "folds_of", "nested", "run"]

FOLDS = 5
DRAWS = 4000
MOST_ROWS = 8
"""Most held-out rows of a case that are learnt from and scored."""


@dataclass(frozen=True)
class Data:
    """All rows, to learn from; those of real cases, to score; and the fold of every real case.

    Attributes
    ----------
    rows, real : Rows
    where : ndarray of bool, shape (C,)
        Which of all cases are real.
    fold : ndarray of int, shape (C of real cases,)
    clusters : ndarray of str, shape (C of real cases,)
    """

    rows: Rows
    real: Rows
    where: np.ndarray
    fold: np.ndarray
    clusters: np.ndarray

    @classmethod
    def of(cls, rows: Rows) -> Data:
        """Divide the clusters of the real cases into folds."""
        where = ~np.array([is_synthetic(c) for c in rows.collections])
        real = _ordered(rows.part(where))
        clusters = np.array([cluster_of(c) for c in real.collections])
        return cls(rows, real, where, folds_of(clusters), clusters)

    def without(self, *folds: int) -> np.ndarray:
        """Return the cases outside of some folds; all synthetic ones are."""
        found = np.ones(len(self.rows.reference), bool)
        found[self.where] = ~np.isin(self.fold, folds)
        return found


def _ordered(rows: Rows) -> Rows:
    """Return the rows with the candidates of each in the order of their predictions, so that sorting them again takes no time."""
    rows = replace(rows, values=np.where(rows.usable, rows.values, 0.0))  # an overflow without weight would make the spread undefined
    order = np.argsort(rows.values, axis=1, kind="stable")
    arrays = {name: getattr(rows, name) for name in ("features", "kinds", "values", "usable", "which", "recent", "stacked")}
    return replace(rows, **{n: np.take_along_axis(a, order if a.ndim == 2 else order[:, :, None], 1) for n, a in arrays.items()})


def folds_of(clusters: np.ndarray, n: int = FOLDS) -> np.ndarray:
    """Return the fold of each case: clusters, by their number of cases, are dealt to folds and never divided."""
    names, counts = np.unique(clusters, return_counts=True)
    dealt = {name: i % n for i, name in enumerate(names[np.argsort(-counts, kind="stable")])}
    return np.array([dealt[name] for name in clusters])


@dataclass(frozen=True)
class Found:
    """Log errors of every setting, relative to the nearest neighbour's.

    Attributes
    ----------
    settings : tuple of Setting, S of them
    constants : ndarray of int, shape (S,)
    outer : ndarray, shape (S, C)
        Learnt without the fold of the case.
    inner : ndarray, shape (n_folds, S, C)
        Learnt without the fold of the case and the first index's; NaN for cases of that fold.
    clusters, fold : ndarray, shape (C,)
    """

    settings: tuple[Setting, ...]
    constants: np.ndarray
    outer: np.ndarray
    inner: np.ndarray
    clusters: np.ndarray
    fold: np.ndarray


def by_cluster(logs: np.ndarray, clusters: np.ndarray) -> pd.DataFrame:
    """Return means of log errors of shape (S, C), one row for each cluster."""
    return pd.DataFrame(logs.T).groupby(clusters).mean()


def choose(logs: np.ndarray, clusters: np.ndarray, constants: np.ndarray) -> int:
    """Return the setting with the fewest constants of those within one standard error of the best over clusters.

    Parameters
    ----------
    logs : ndarray, shape (S, C)
    clusters : ndarray, shape (C,)
    constants : ndarray of int, shape (S,)
    """
    table = by_cluster(logs, clusters)
    mean = table.mean().to_numpy()
    best = int(np.argmin(mean))
    apart = table.sub(table[best], axis=0)
    error = (apart.std(ddof=1) / np.sqrt(len(table))).to_numpy()
    near = mean - mean[best] <= error
    return int(min(np.flatnonzero(near), key=lambda s: (constants[s], mean[s])))


def nested(found: Found) -> tuple[np.ndarray, list[Setting]]:
    """Return log errors of the nested choice, shape (C,), and the setting that each outer fold chose."""
    logs, chosen = np.full(len(found.fold), np.nan), []
    for k in range(len(found.inner)):
        others = found.fold != k
        best = choose(found.inner[k][:, others], found.clusters[others], found.constants)
        logs[~others] = found.outer[best, ~others]
        chosen.append(found.settings[best])
    return logs, chosen


@dataclass
class Logits:
    """Logarithms of weights of the real rows, learnt without folds.

    Attributes
    ----------
    outer : ndarray, shape (R, K)
        Without the row's fold.
    inner : list of ndarray, each of shape (R, K)
        Without the row's fold and another.
    """

    outer: np.ndarray
    inner: list[np.ndarray] = field(default_factory=list)


def every_logits(data: Data, settings: tuple[Setting, ...], jobs: int) -> dict[tuple[str, str], Logits]:
    """Return logits for every weighting and set of candidates; what differs in sharpness alone is learnt once."""
    pairs = list(dict.fromkeys((s.weights, s.candidates) for s in settings))
    learnt = {_key(w, c): WEIGHTINGS[w] for w, c in pairs if WEIGHTINGS[w].closed is None}
    tasks = [(key, out) for key in learnt for out in _left_out()]
    fits = Parallel(n_jobs=jobs)(delayed(_fit)(data, key[0], learnt[key], data.without(*out)) for key, out in tasks)
    by_task = dict(zip(tasks, fits, strict=True))
    return {(w, c): _logits(data, w, c, {out: by_task.get((_key(w, c), out)) for out in _left_out()}) for w, c in pairs}


def _key(weights: str, candidates: str) -> tuple[str, str]:
    return candidates, str(sorted(WEIGHTINGS[weights].options.items()))


def _left_out() -> list[tuple[int, ...]]:
    return [*((k,) for k in range(FOLDS)), *itertools.combinations(range(FOLDS), 2)]


def _fit(data: Data, candidates: str, how: Weighting, chosen: np.ndarray) -> np.ndarray:
    rows = left(data.rows, CANDIDATES[candidates])
    fit = learn(rows, chosen, errors_design(rows), CLOSED, sharper=1.0, **how.options)
    return fit.logits(data.real, errors_design(data.real))


def _logits(data: Data, weights: str, candidates: str, fits: Mapping[tuple[int, ...], Any]) -> Logits:
    how, fold = WEIGHTINGS[weights], data.fold[data.real.case]
    if how.closed is not None:
        usable = left(data.real, CANDIDATES[candidates]).usable
        fixed = how.closed(data.real, usable)
        return Logits(fixed, [fixed] * FOLDS)
    outer = _assembled({k: fits[(k,)] for k in range(FOLDS)}, fold)
    inner = [_assembled({j: fits[(min(i, j), max(i, j))] for j in range(FOLDS) if j != i}, fold) for i in range(FOLDS)]
    return Logits(how.sharper * outer, [how.sharper * one for one in inner])


def _assembled(fits: Mapping[int, np.ndarray], fold: np.ndarray) -> np.ndarray:
    found = np.zeros_like(next(iter(fits.values())))
    for k, logits in fits.items():
        found[fold == k] = logits[fold == k]
    return found


def logs_of(data: Data, setting: Setting, logits: np.ndarray) -> np.ndarray:
    """Return the log error of a setting in every real case, shape (C,)."""
    return case_logs(data.real, (weights_of(data.real, setting, logits) * data.real.values).sum(axis=1))


def run(data: Data, logits: Mapping[tuple[str, str], Logits], settings: tuple[Setting, ...] = SETTINGS) -> Found:
    """Return the errors of every setting."""
    outer, inner = [], []
    for s in settings:
        mine = logits[s.weights, s.candidates]
        outer.append(logs_of(data, s, mine.outer))
        fixed = WEIGHTINGS[s.weights].closed is not None
        inner.append([outer[-1] if fixed else logs_of(data, s, one) for one in mine.inner])
    k = len(data.real.names)
    constants = np.array([WEIGHTINGS[s.weights].constants(k - len(CANDIDATES[s.candidates])) for s in settings])
    return Found(settings, constants, np.array(outer), np.array(inner).transpose(1, 0, 2), data.clusters, data.fold)


def single(rows: Rows, name: str) -> np.ndarray:
    """Return log errors of one candidate; 0, the nearest neighbour's, where it isn't one."""
    here = rows.which == rows.names.index(name)
    here &= rows.usable
    logs = case_logs(rows, np.where(here, rows.values, 0.0).sum(axis=1))
    known = np.bincount(rows.case, here.any(axis=1), len(logs)) == np.bincount(rows.case, minlength=len(logs))
    return np.where(known, logs, 0.0)


def interval(apart: pd.Series, draws: int = DRAWS) -> tuple[float, float, float]:
    """Return a mean over clusters, and its 95 % interval from resampled clusters."""
    values = apart.dropna().to_numpy()
    drawn = np.random.default_rng(0).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def report(data: Data, found: Found) -> Iterator[str]:
    """Yield the lines of the report."""
    logs, chosen = nested(found)
    yield f"{len(logs)} real cases of {len(set(data.clusters))} clusters; {len(found.settings)} settings"
    yield from (f"fold {k}: {setting}" for k, setting in enumerate(chosen))
    rivals = {
        "today's rule": found.outer[found.settings.index(TODAY)],
        "the rule of 2026-11": found.outer[found.settings.index(OLD)],
        **{name: single(data.real, name) for name in ("gaussian-process", "law-gp") if name in data.real.names},
    }
    yield "nested choice against: mean log ratio of errors over clusters, by extrapolation factor"
    reach = np.array([class_of(r) for r in data.real.reaches])
    for name, other in rivals.items():
        parts = [("all", np.ones(len(logs), bool)), *((c, reach == c) for c in CLASSES)]
        yield f"  {name:22s} " + "  ".join(f"{label} {_apart(logs - other, data.clusters, part)}" for label, part in parts)
    yield f"errors: nested {_ratio(logs, data.clusters)}, " + ", ".join(f"{n} {_ratio(o, data.clusters)}" for n, o in rivals.items())
    worst = pd.Series(logs - rivals["today's rule"]).groupby(data.clusters).mean().sort_values()
    yield "best and worst clusters against today's rule: " + ", ".join(
        f"{n} {v:+.2f}" for n, v in (*worst[:6].items(), *worst[-6:].items())
    )


def unseen_intervals(data: Data, chosen: Sequence[Setting], logits: Mapping[tuple[str, str], Logits]) -> pd.DataFrame:
    """Return coverage and width of 80 % intervals of the setting that each fold chose, learnt without the fold."""
    mine = [logits[s.weights, s.candidates] for s in chosen]
    outer = [weights_of(data.real, s, one.outer) for s, one in zip(chosen, mine, strict=True)]
    inner = [weights_of(data.real, s, one.inner[k]) for k, (s, one) in enumerate(zip(chosen, mine, strict=True))]
    return unseen(data.real, data.fold, outer, inner)


def _ratio(logs: np.ndarray, clusters: np.ndarray) -> str:
    return f"{np.exp(pd.Series(logs).groupby(clusters).mean().mean()):.3f}"


def _apart(difference: np.ndarray, clusters: np.ndarray, part: np.ndarray) -> str:
    mean, low, high = interval(pd.Series(difference[part]).groupby(clusters[part]).mean())
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def table(found: Found) -> pd.DataFrame:
    """Return every setting with its constants and its mean log error over clusters, and against today's rule."""
    means = by_cluster(found.outer, found.clusters)
    today = means[found.settings.index(TODAY)]
    apart = means.sub(today, axis=0)
    error = apart.std(ddof=1) / np.sqrt(len(means))
    frame = pd.DataFrame(found.settings, columns=list(Setting._fields))
    return frame.assign(constants=found.constants, error=np.exp(means.mean()), apart=apart.mean(), se=error).sort_values("error")


def read(files: list[Path]) -> Data:
    """Return the rows of recorded cases."""
    records = [r for file in files for r in load(file)]
    records = [r for r in records if r.case.group or r.case.collection in SET_ASIDE or is_synthetic(r.case.collection)]
    return Data.of(gather(records, NEVER, most_rows=MOST_ROWS))


def main() -> None:
    """Print the report, and the best settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    data = read(options.files)
    logits = every_logits(data, SETTINGS, options.jobs)
    found = run(data, logits)
    print("\n".join(report(data, found)))
    print("80 % intervals, learnt without the cluster:")
    print(unseen_intervals(data, nested(found)[1], logits).round(3).to_string())
    everything = choose(found.outer, found.clusters, found.constants)
    print(f"chosen on all clusters: {found.settings[everything]}")
    print(table(found).head(40).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
