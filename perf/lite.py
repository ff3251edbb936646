"""Choose the tasks of suite lite, and compare its ranking with that of v3: ``python -m perf.lite``.

The choice uses stored scores alone. Candidates are counted tasks of v3 on bundled collections that are not rungs of a ladder, and that
all entries together fit in at most `MOST` seconds. Among the extrapolation tasks, first one task of each track is chosen, then tasks
that bring the mean log ratios of all entries closest to those of v3 (general-purpose entries count `GENERAL` times), within `BUDGET`
seconds of fits and at most `PER_CLUSTER` tasks per cluster; last, single exchanges as long as they help. For each other track, the task
with the scores closest to those of the track is chosen. In lite every task counts 1.

Spearman correlations of skill with that on v3 are printed for suite lite, for the choice that today's scores give and, with
``--left-out``, for each entry with a choice made without it. Suite lite was chosen from the scores of board v3-4ef8212622, so that
its own correlation is with scores that the choice has seen.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.leaderboard.committed import ScoredTasks, load_stored
from scalingbench.leaderboard.scores import ScoreMatrix
from scalingbench.predictors.registry import list_predictors

BUDGET, MOST, PER_CLUSTER, GENERAL = 60.0, 8.0, 5, 5.0


@dataclass(frozen=True)
class Pool:
    """Candidates, as arrays over entries and candidates.

    Attributes
    ----------
    names, tracks, clusters : ndarray of str, shape (n_candidates,)
        Facts of each task.
    seconds : ndarray, shape (n_candidates,)
        Time of all fits of all entries.
    log_ratio : ndarray, shape (n_entries, n_candidates)
        0 if not entered.
    entered : ndarray of bool
        Of the same shape.
    whole : ndarray, shape (n_entries,)
        Mean log ratio over all tasks that v3 ranks on.
    general : ndarray of bool, shape (n_entries,)
        General-purpose entries.
    """

    names: np.ndarray
    tracks: np.ndarray
    clusters: np.ndarray
    seconds: np.ndarray
    log_ratio: np.ndarray
    entered: np.ndarray
    whole: np.ndarray
    general: np.ndarray

    def distance(self, means: np.ndarray, entries: np.ndarray) -> np.ndarray:
        """Return the mean squared distance of mean log ratios, shape (n_entries, ...), to those of v3, over some entries."""
        weight = np.where(self.general, GENERAL, 1.0)[entries]
        gaps = (means[entries].T - self.whole[entries]) ** 2
        distance: np.ndarray = (gaps * weight).mean(axis=-1)
        return distance


def pool_of(stored: ScoredTasks, tasks: pd.DataFrame) -> Pool:
    """Return the candidates among tasks that v3 ranks together."""
    superseded = [entry.name for entry in list_predictors() if entry.superseded]
    scores = stored.scores[~stored.scores["predictor"].isin(superseded)]
    matrix = ScoreMatrix.of(scores, tasks)
    stated = tasks.set_index("task").loc[matrix.tasks]
    seconds = np.nansum(matrix["fit_seconds"] * matrix["folds"], axis=0)
    rung = stated.index.str.contains(r"-k\d+$")
    use = (stated["tier"] == "bundled").to_numpy() & ~rung & (seconds <= MOST)
    log_ratio = np.nan_to_num(matrix.log_ratio)
    return Pool(
        stated.index.to_numpy()[use],
        stated["track"].to_numpy()[use],
        stated["cluster"].to_numpy()[use],
        seconds[use],
        log_ratio[:, use],
        matrix.entered[:, use],
        log_ratio @ matrix.weight / matrix.weight.sum(),
        matrix.share_entered >= 0.95,
    )


def choose(pool: Pool, entries: np.ndarray) -> list[int]:
    """Return the candidates chosen by the scores of some entries."""
    chosen: list[int] = []
    best = np.inf
    while len(free := _free(pool, chosen)):
        distance = pool.distance(_means_with(pool, chosen, free), entries)
        if not _missing_tracks(pool, chosen) and distance.min() >= best:
            break
        best = float(distance.min())
        chosen.append(int(free[distance.argmin()]))
    while (better := _best_exchange(pool, chosen, entries, best)) is not None:
        chosen, best = better
    return chosen


def _best_exchange(pool: Pool, chosen: list[int], entries: np.ndarray, best: float) -> tuple[list[int], float] | None:
    found: tuple[list[int], float] | None = None
    for task in chosen:
        rest = [other for other in chosen if other != task]
        free = _free(pool, rest)
        free = free[free != task]
        if len(free):
            distance = pool.distance(_means_with(pool, rest, free), entries)
            if distance.min() < min(best * (1 - 1e-3), np.inf if found is None else found[1]):
                found = [*rest, int(free[distance.argmin()])], float(distance.min())
    return found


def _means_with(pool: Pool, chosen: list[int], more: np.ndarray) -> np.ndarray:
    """Return mean log ratios over the chosen tasks and one more, shape (n_entries, len(more))."""
    means: np.ndarray = (pool.log_ratio[:, chosen].sum(axis=1, keepdims=True) + pool.log_ratio[:, more]) / (len(chosen) + 1)
    return means


def _missing_tracks(pool: Pool, chosen: list[int]) -> set[str]:
    return set(pool.tracks) - set(pool.tracks[chosen])


def _free(pool: Pool, chosen: list[int]) -> np.ndarray:
    """Return the candidates within the limits on time and clusters; only those of missing tracks, if there are any."""
    free = pool.seconds <= BUDGET - pool.seconds[chosen].sum()
    free[chosen] = False
    clusters, counts = np.unique(pool.clusters[chosen], return_counts=True)
    free &= ~np.isin(pool.clusters, clusters[counts >= PER_CLUSTER])
    if missing := _missing_tracks(pool, chosen):
        free &= np.isin(pool.tracks, list(missing))
    return np.flatnonzero(free)


def nearest_to_its_track(stored: ScoredTasks, tasks: pd.DataFrame) -> str:
    """Return the candidate with scores closest to those of the whole track."""
    pool = pool_of(stored, tasks)
    return str(pool.names[pool.distance(pool.log_ratio, np.ones(len(pool.whole), bool)).argmin()])


def correlations(pool: Pool, chosen: list[int]) -> tuple[float, float]:
    """Return Spearman's correlation with v3 over general-purpose entries, and over all that enter a chosen task."""
    means, enters = pool.log_ratio[:, chosen].mean(axis=1), pool.entered[:, chosen].any(axis=1)
    return _spearman(pool, means, pool.general), _spearman(pool, means, enters)


def left_out(pool: Pool) -> tuple[float, float]:
    """Return the same, with each entry on the tasks chosen without it."""
    means, enters = np.empty(len(pool.whole)), np.empty(len(pool.whole), bool)
    for entry in range(len(pool.whole)):
        chosen = choose(pool, np.arange(len(pool.whole)) != entry)
        means[entry], enters[entry] = pool.log_ratio[entry, chosen].mean(), pool.entered[entry, chosen].any()
    return _spearman(pool, means, pool.general), _spearman(pool, means, enters)


def _spearman(pool: Pool, means: np.ndarray, of: np.ndarray) -> float:
    return float(spearmanr(means[of], pool.whole[of]).statistic)


def main() -> None:
    """Print the choice and its rank correlations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--left-out", action="store_true", help="also choose without each entry, which takes minutes")
    arguments = parser.parse_args()
    suite = load_suite("v3")
    stored = load_stored(suite)
    assert stored is not None
    counted = stored.tasks[(stored.tasks["role"] == "counted") & (stored.tasks["weight"] > 0)]
    overall = counted["kind"].isin(suite.rules.kinds)
    pool = pool_of(stored, counted[overall])
    chosen = choose(pool, np.ones(len(pool.whole), bool))
    apart = counted[~counted["track"].isin(counted["track"][overall])]  # tracks without a task that extrapolates
    others = [nearest_to_its_track(stored, tasks) for _, tasks in apart.groupby("track")]
    kept = np.flatnonzero(np.isin(pool.names, list(load_suite("lite").chosen)))
    print(
        "suite lite, Spearman with v3: general-purpose {:.3f}, all that enter {:.3f}; today's choice:".format(
            *correlations(pool, kept.tolist())
        )
    )
    print(*sorted([*pool.names[chosen], *others]), sep="\n")
    print(f"fits of the {len(chosen)} tasks that extrapolate: {pool.seconds[chosen].sum():.0f} s")
    print("Spearman with v3: general-purpose {:.3f}, all that enter {:.3f}".format(*correlations(pool, chosen)))
    if arguments.left_out:
        print("each entry left out of the choice: general-purpose {:.3f}, all that enter {:.3f}".format(*left_out(pool)))


if __name__ == "__main__":
    main()
