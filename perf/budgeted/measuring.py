"""Scores of predictors fitted to what rules buy."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence

import cloudpickle
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from perf.budgeted.pools import Group, Pool, Problem, load_pool
from perf.budgeted.rules import Linearised, Planned, Random, Rule, cheapest
from scalingbench.benchmark.evaluation.predictor import Predictor, unacquainted
from scalingbench.benchmark.evaluation.workers import fit_folds
from scalingbench.predictors.contract import pools
from scalingbench.predictors.registry import make

__all__ = ["ALL", "PREDICTORS", "measure", "predictors_of", "purchases", "rules_of", "score"]

SEEDS = 3
ALL = "all"
PREDICTORS = ("autolaw", "law", "gaussian-process")
_FAILED = -1.0


def measure(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return one row per problem, predictor, rule and share: r2, log_error (NaN where a value is negative) and runs bought."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pd.DataFrame([row for problem in problems for row in _measured(load_pool(problem))])
    keys = ["problem", "share", "budget", "predictor", "rule"]
    return found.groupby(keys, as_index=False, sort=False)[["r2", "log_error", "runs", "spent"]].mean()


def rules_of(problem: Problem) -> list[tuple[str, Rule]]:
    """Return the rules by name; `random` is there once for every seed."""
    fixed: list[tuple[str, Rule]] = [("cheapest", cheapest), ("plan", Planned(problem.law)), ("linearised", Linearised(problem.law))]
    return [*(("random", Random(seed)) for seed in range(SEEDS)), *fixed]


def predictors_of(pool: Pool) -> Mapping[str, Predictor]:
    """Return the predictors by name."""
    made = {name: make(pool.problem.law if name == "law" else name) for name in PREDICTORS}
    return {name: unacquainted(predictor, pool.cluster) for name, predictor in made.items()}


def purchases(pool: Pool, rule: Rule) -> Iterator[list[list[int]]]:
    """Yield what is bought of every group, share by share; what was bought is kept."""
    taken: list[list[int]] = [[] for _ in pool.groups]
    for share in pool.problem.shares:
        taken = [_bought(group, rule, share, rows) for group, rows in zip(pool.groups, taken, strict=True)]
        yield taken


def _bought(group: Group, rule: Rule, share: float, taken: list[int]) -> list[int]:
    return rule(group.offer, taken, share * float(group.offer.cost.sum()), lambda rows: group.values[rows])


def _measured(pool: Pool) -> Iterator[dict[str, object]]:
    predictors = predictors_of(pool)
    everything = [list(range(len(group.values))) for group in pool.groups]
    yield from _scores(pool, predictors, ALL, len(pool.problem.shares), 1.0, everything)
    for name, rule in rules_of(pool.problem):
        for i, (share, taken) in enumerate(zip(pool.problem.shares, purchases(pool, rule), strict=True)):
            yield from _scores(pool, predictors, name, i, share, taken)
    print(f"{pool.problem.name}: done", file=sys.stderr, flush=True)


def _scores(
    pool: Pool, predictors: Mapping[str, Predictor], rule: str, budget: int, share: float, taken: list[list[int]]
) -> Iterator[dict[str, object]]:
    paid = sum(group.offer.cost[rows].sum() for group, rows in zip(pool.groups, taken, strict=True))
    facts = {
        "problem": pool.problem.name,
        "share": share,
        "budget": budget,
        "rule": rule,
        "runs": sum(map(len, taken)),
        "spent": paid / sum(group.offer.cost.sum() for group in pool.groups),
    }
    for name, predictor in predictors.items():
        r2, error = score(predictor, pool.groups, taken)
        yield {**facts, "predictor": name, "r2": r2, "log_error": error}


def score(predictor: Predictor, groups: Sequence[Group], taken: Sequence[list[int]]) -> tuple[float, float]:
    """Return R2, clipped to [-1, 1], and the root mean squared log error over all held-out values; -1 and NaN where a fit fails."""
    if not all(taken):
        return _FAILED, float("nan")
    outputs = [_predicted(predictor, groups, taken, k) for k in range(groups[0].values.shape[1])]
    if any(p is None for p in outputs):
        return _FAILED, float("nan")
    p = np.concatenate([p for p in outputs if p is not None])
    y = np.concatenate([group.held_out[:, k] for k in range(len(outputs)) for group in groups])
    error = np.sqrt(np.mean(np.log(np.maximum(p, 1e-9) / y) ** 2)) if (y > 0).all() else np.nan
    return float(np.clip(1.0 - np.mean((p - y) ** 2) / np.var(y), -1.0, 1.0)), float(error)


def _predicted(predictor: Predictor, groups: Sequence[Group], taken: Sequence[list[int]], output: int) -> np.ndarray | None:
    """Return predictions of one output at all targets, group after group; None where a fit fails."""
    inputs = [
        (group.name, group.offer.X.iloc[rows].reset_index(drop=True), group.values[rows, output], group.offer.targets)
        for group, rows in zip(groups, map(sorted, taken), strict=True)
    ]
    shared = [0] * len(groups) if pools(predictor) else None
    folds = fit_folds(cloudpickle.dumps(predictor), inputs, (), groups=shared)
    return np.concatenate([fold.predictions for fold in folds]) if all(fold.status == "ok" for fold in folds) else None
