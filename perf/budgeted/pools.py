"""The eight tasks of ScaleBench: pools of runs with their costs, and the runs to predict (arXiv 2604.22753).

Seven are rows of collections, with the split of the benchmark; the upcycled mixtures of experts are read from its own files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from scalingbench.benchmark.data.clusters import cluster_of
from scalingbench.benchmark.data.fetch import UpstreamFile, locate
from scalingbench.benchmark.tasks.suite import load_task
from scalingbench.common.defaults import DEFAULT_SUITE

__all__ = ["FILES", "PROBLEMS", "Group", "Offer", "Pool", "Problem", "load_pool"]

Cost = Callable[[pd.DataFrame], pd.Series]

_SPARSITY = (
    "https://raw.githubusercontent.com/PlanarG/active-sl/e0a58ffde4f6fdfb20880d47d6d180fdbcb1440d/benchmark/dataset/sparsity_scaling_law"
)
FILES = (
    UpstreamFile(
        "active_sl_extras",
        "sparsity.train.parquet",
        "a91b91ba7826bf262770ed6e7ab363274810819856e99981b5ad579576796127",
        f"{_SPARSITY}/train-00000-of-00001.parquet",
    ),
    UpstreamFile(
        "active_sl_extras",
        "sparsity.test.parquet",
        "240f1b6315deee2167a84d1a29ebac1b349e0e0c40f41511e36ec6a42bb387c6",
        f"{_SPARSITY}/test-00000-of-00001.parquet",
    ),
)


@dataclass(frozen=True)
class Problem:
    """One task of ScaleBench.

    Attributes
    ----------
    name, law : str
        Its name; the law of the paper of its runs, or where no law reads its variables a regression.
    published : tuple of float
        Mean R2 of the benchmark's own method at the three shares, then with all rows.
    tasks : tuple of str
        Suite, then the tasks of its outputs; none for the upcycled models.
    cost : callable, optional
        Cost of a run from its inputs; by default all cost the same.
    shares : tuple of float
        Shares of the cost of the pool.
    """

    name: str
    law: str
    published: tuple[float, float, float, float]
    tasks: tuple[str, ...] = ()
    cost: Cost | None = None
    shares: tuple[float, float, float] = (0.01, 0.05, 0.1)


def _sldbench(*names: str) -> tuple[str, ...]:
    return ("sldbench", *(f"sldbench/{name}" for name in names))


PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "data-constrained",
        "data-constrained",
        (0.73, 0.85, 0.86, 0.79),
        _sldbench("loss_data_constrained/data_constrained"),
        lambda X: X["params"] * X["tokens"],
    ),
    Problem(
        "mixture of experts",
        "routed",
        (0.59, 0.65, 0.83, 0.81),
        _sldbench("loss_moe/moe"),
        lambda X: X["params"] * X["experts"],
    ),
    Problem(
        "vocabulary",
        "log-quadratic",
        (0.96, 0.98, 0.98, 0.93),
        _sldbench("relative_loss_vocab/vocab"),
        lambda X: X["params_nonembedding"] * X["characters"],
    ),
    Problem("parallel", "parallel", (-1.0, 0.77, 0.99, 0.99), _sldbench("loss_parallel/parallel"), lambda X: X["params"]),
    Problem(
        "Farseer",
        "farseer",
        (0.60, 0.88, 0.93, 0.91),
        (DEFAULT_SUITE, "farseer/loss/published"),
        lambda X: X["params"] * X["tokens"],
    ),
    Problem(
        "learning rate and batch size",
        "log-quadratic",
        (-0.66, 0.00, 0.22, 0.04),
        _sldbench("loss_lr_bsz/lr_bsz"),
        lambda X: X["params_nonembedding"] * X["tokens"],
    ),
    Problem(
        "domain mixture",
        "data-mixing",
        (0.64, 0.89, 0.95, 0.81),
        _sldbench(*(f"loss_domain_{i}/domain_mixture" for i in range(1, 6))),
        shares=(0.2, 0.35, 0.5),
    ),
    Problem("upcycled experts", "additive-power", (0.31, 0.44, 0.53, 0.37), shares=(0.2, 0.35, 0.5)),
)


@dataclass(frozen=True)
class Offer:
    """What a rule of choice may read: inputs and costs of the runs on offer, and the inputs of the runs to predict. No value."""

    X: pd.DataFrame
    cost: np.ndarray
    targets: pd.DataFrame


@dataclass(frozen=True)
class Group:
    """Runs that are bought and fitted together.

    Attributes
    ----------
    name : str
        Its name.
    offer : Offer
        What is on offer.
    values : ndarray, shape (n, outputs)
        Values of the runs on offer, each known once it is bought.
    held_out : ndarray, shape (m, outputs)
        Values at the targets.
    """

    name: str
    offer: Offer
    values: np.ndarray = field(repr=False)
    held_out: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Pool:
    """A problem with its rows; `cluster` is what a predictor that learns from collections is learnt without."""

    problem: Problem
    cluster: str
    groups: tuple[Group, ...]


def load_pool(problem: Problem) -> Pool:
    """Return a problem with its rows.

    Raises
    ------
    FetchError
        If an upstream file is not available.
    """
    if not problem.tasks:
        return Pool(problem, "", tuple(_upcycled()))
    suite, *names = problem.tasks
    tasks = [load_task(name, suite) for name in names]
    groups = []
    for folds in zip(*(task.folds for task in tasks), strict=True):
        X, targets = folds[0].X_train, folds[0].X_test
        cost = np.ones(len(X)) if problem.cost is None else problem.cost(X).to_numpy(float)
        values, held_out = (np.stack([getattr(f, name) for f in folds], axis=1) for name in ("y_train", "y_test"))
        groups.append(Group(folds[0].name, Offer(X.reset_index(drop=True), cost, targets.reset_index(drop=True)), values, held_out))
    return Pool(problem, cluster_of(tasks[0].collection), tuple(groups))


def _upcycled() -> list[Group]:
    """Return the groups of the upcycled models: of equal tokens before and after a dense model becomes a mixture of experts."""
    train, test = (pd.read_parquet(locate(file)) for file in FILES)
    held_out = dict(iter(test.groupby("group")))
    return [_upcycled_group(str(name), rows, held_out[name]) for name, rows in train.groupby("group") if name in held_out]


def _upcycled_group(name: str, rows: pd.DataFrame, held_out: pd.DataFrame) -> Group:
    cost = rows["N_dense"] * rows["D1"] + rows["N_active"] * rows["D2"]
    return Group(
        name, Offer(_inputs(rows), cost.to_numpy(float), _inputs(held_out)), rows[["loss"]].to_numpy(), held_out[["loss"]].to_numpy()
    )


def _inputs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return total and active parameters; the file counts billions."""
    active = 1e9 * rows["N_active"]
    return pd.DataFrame({"params": rows["P"] * active, "params_active": active}).reset_index(drop=True)
