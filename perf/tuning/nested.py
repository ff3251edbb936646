"""Nested choice of AutoLaw's rule: no cluster's score uses anything that was learnt or chosen with it.

    python -m perf.tuning.nested tasks.pkl tables.pkl

A rule is a combination of named options (`SETTINGS`): what weights are learnt from, which candidates there are, how predictions are
combined, and what share of the weight is a stated core's. Clusters of collections form `FOLDS` outer folds. For each, the rule is chosen
on the other clusters, each of them predicted with what was learnt without it and without the outer fold; the chosen rule, learnt on all
other clusters, then predicts the fold. Learning without every pair of folds serves all outer folds. Of rules within one standard
error of the best, the one with the fewest learnt constants is chosen. Synthetic worlds are learnt from and not scored.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from perf.tuning.__main__ import CLOSED, NEVER, errors_design, left
from perf.tuning.cases import CLASSES, SET_ASIDE, class_of, is_synthetic
from perf.tuning.combining import bounded_mean, core_weights, shrunk, trimmed_mean
from perf.tuning.features import FEATURES
from perf.tuning.record import load
from perf.tuning.rules import Rows, case_logs, gather, learn, shares
from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.predictors.autolaw.autolaw import _DROPPED
from scalingbench.predictors.autolaw.autolaw_2026_11 import _JOINED_LATER

__all__ = ["SETTINGS", "Found", "Setting", "choose", "folds_of", "nested"]

FOLDS = 5
DRAWS = 4000
TOP = 5

CANDIDATES: Mapping[str, frozenset[str]] = {
    "shipped": _DROPPED,
    "and gaussian-process": _DROPPED - {"gaussian-process"},
    "all": frozenset(),
    "2026-11": _JOINED_LATER,
}
"""Sets of candidates, by the names that they leave out."""

LAWS = frozenset({"chinchilla[pooled]", "shifted-power-law[pooled]", "law-gp"})
CORES: Mapping[str, tuple[frozenset[str], Callable[[np.ndarray], np.ndarray]]] = {
    "none": (frozenset(), np.zeros_like),
    "a quarter": (LAWS | {"gaussian-process"}, partial(np.full_like, fill_value=0.25)),
    "half": (LAWS | {"gaussian-process"}, partial(np.full_like, fill_value=0.5)),
    "laws far": (LAWS, lambda beyond: beyond / (1.0 + beyond)),
    "core far": (LAWS | {"gaussian-process"}, lambda beyond: beyond / (1.0 + beyond)),
    "half gaussian-process": (frozenset({"gaussian-process"}), partial(np.full_like, fill_value=0.5)),
    "alone": (LAWS | {"gaussian-process"}, np.ones_like),
}
"""Members of the core, and its share of the weight by distance of extrapolation."""


FORMS = ("generic", "generic far", "constants", "constants far")


class Weighting(NamedTuple):
    """How logarithms of the weights come about: a closed rule, or options of `perf.tuning.rules.learn`."""

    closed: Callable[[Rows, np.ndarray], np.ndarray] | None
    constants: Callable[[int], int]
    options: Mapping[str, Any] = {}
    sharper: float = 1.0
    forms: bool = False
    """Whether weights also depend on the kind of form, by distance."""

    def design(self, rows: Rows) -> np.ndarray:
        """Return what the logarithms of the weights are linear in, shape (R, K, F)."""
        errors = errors_design(rows)
        return np.concatenate([errors, rows.features[:, :, [FEATURES.index(n) for n in FORMS]]], axis=2) if self.forms else errors


def _old(rows: Rows, usable: np.ndarray) -> np.ndarray:
    """The rule of 2026-11: the best five, by error to the power of -2."""
    logits = np.where(np.isfinite(rows.recent), -2.0 * np.log(np.minimum(rows.recent, 1e6) + 0.003 * rows.unit[:, None]), -1e3)
    return np.log(np.maximum(shares(logits, usable, TOP), 1e-300))


WEIGHTINGS: Mapping[str, Weighting] = {
    "2026-11": Weighting(_old, lambda k: 0),
    "closed form": Weighting(lambda rows, usable: errors_design(rows) @ CLOSED, lambda k: 0),
    "stacked": Weighting(lambda rows, usable: rows.stacked, lambda k: 0),
    "errors": Weighting(None, lambda k: 9, {"ridge": 0.03, "ridge_names": 1e3}),
    "errors, sharper": Weighting(None, lambda k: 9, {"ridge": 0.03, "ridge_names": 1e3}, 1.3),
    "errors and forms": Weighting(None, lambda k: 13, {"ridge": 0.03, "ridge_names": 1e3}, forms=True),
    "names little": Weighting(None, lambda k: 9 + k, {"ridge": 0.03, "ridge_names": 0.1}),
    "names": Weighting(None, lambda k: 9 + 2 * k, {"ridge": 0.03, "ridge_names": 0.01}),
    "names, sharper": Weighting(None, lambda k: 9 + 2 * k, {"ridge": 0.03, "ridge_names": 0.01}, 1.3),
}
"""Every way to weight. Names count half where the ridge holds them near zero."""

Combine = Callable[[Rows, np.ndarray, np.ndarray], np.ndarray]


def _trimmed(share: float) -> Combine:
    return lambda rows, weight, values: trimmed_mean(weight, values, share)


def _bounded(rows: Rows, weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Draw predictions to within twice the weighted back-test error, which grows with distance."""
    recent = np.where(np.isfinite(rows.recent), rows.recent, rows.unit[:, None]).T
    return bounded_mean(weight, values, 2.0 * (weight * recent).sum(axis=0) * (1.0 + rows.beyond))


def _best(rows: Rows, weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    few = np.where(weight >= -np.sort(-weight, axis=0)[TOP - 1], weight, 0.0)
    found: np.ndarray = (few * values).sum(axis=0) / few.sum(axis=0)
    return found


COMBINES: Mapping[str, Combine] = {
    "mean": _trimmed(0.0),
    "trimmed .1": _trimmed(0.1),
    "trimmed .25": _trimmed(0.25),
    "median": _trimmed(0.45),
    "bounded": _bounded,
    "best five": _best,
}


class Setting(NamedTuple):
    """A rule: names of its options."""

    weights: str
    candidates: str
    combine: str
    core: str

    def __str__(self) -> str:
        return ", ".join(self)


SETTINGS = (
    *(Setting("2026-11", "2026-11", combine, "none") for combine in ("mean", "trimmed .25")),
    *(Setting("closed form", some, combine, "alone") for some, combine in itertools.product(("all",), ("mean", "trimmed .25", "median"))),
    *(
        Setting(weights, some, combine, core)
        for weights, some, combine, core in itertools.product(WEIGHTINGS, CANDIDATES, COMBINES, CORES)
        if weights != "2026-11" and some != "2026-11" and core != "alone"
    ),
)
TODAY, OLD = Setting("names, sharper", "shipped", "mean", "none"), Setting("2026-11", "2026-11", "mean", "none")


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
    order = np.argsort(rows.values, axis=1, kind="stable")
    names = ("features", "kinds", "values", "usable", "which", "recent", "stacked")
    return replace(rows, **{n: np.take_along_axis(a, order if a.ndim == 2 else order[:, :, None], 1) for n in names for a in [getattr(rows, n)]})


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
    how = WEIGHTINGS[weights]
    return candidates, f"{how.forms} {sorted(how.options.items())}"


def _left_out() -> list[tuple[int, ...]]:
    return [*((k,) for k in range(FOLDS)), *itertools.combinations(range(FOLDS), 2)]


def _fit(data: Data, candidates: str, how: Weighting, chosen: np.ndarray) -> np.ndarray:
    rows, design = left(data.rows, CANDIDATES[candidates]), how.design(data.rows)
    start = np.append(CLOSED, np.zeros(design.shape[2] - len(CLOSED)))
    fit = learn(rows, chosen, design, start, sharper=1.0, **how.options)
    return fit.logits(data.real, how.design(data.real))


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


def predicted(rows: Rows, setting: Setting, logits: np.ndarray) -> np.ndarray:
    """Return the predictions of a setting on the scale that is averaged, shape (R,)."""
    usable = left(rows, CANDIDATES[setting.candidates]).usable
    weight = shares(logits, usable)
    members, share = CORES[setting.core]
    if members:
        ids = [rows.names.index(name) for name in members if name in rows.names]
        core = rows.usable & np.isin(rows.which, ids)
        core = core / np.maximum(core.sum(axis=1, keepdims=True), 1)
        weight = shrunk(weight.T, core.T, share(rows.beyond)).T
    return COMBINES[setting.combine](rows, weight.T, rows.values.T)


def run(data: Data, settings: tuple[Setting, ...] = SETTINGS, jobs: int = 1) -> Found:
    """Return the errors of every setting."""
    logits = every_logits(data, settings, jobs)
    outer, inner = [], []
    for s in settings:
        mine = logits[s.weights, s.candidates]
        outer.append(case_logs(data.real, predicted(data.real, s, mine.outer)))
        fixed = WEIGHTINGS[s.weights].closed is not None
        inner.append([outer[-1] if fixed else case_logs(data.real, predicted(data.real, s, one)) for one in mine.inner])
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
    yield "best and worst clusters against today's rule: " + ", ".join(f"{n} {v:+.2f}" for n, v in (*worst[:6].items(), *worst[-6:].items()))


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
    return Data.of(gather(records, NEVER))


def main() -> None:
    """Print the report, and the best settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    data = read(options.files)
    found = run(data, jobs=options.jobs)
    print("\n".join(report(data, found)))
    everything = choose(found.outer, found.clusters, found.constants)
    print(f"chosen on all clusters: {found.settings[everything]}")
    print(table(found).head(40).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
