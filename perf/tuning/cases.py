"""Tuning cases: cheap training runs, and more expensive runs to predict.

The cases come from collections that suite v3 sets aside for tuning (`SET_ASIDE`), from synthetic worlds, and from spare rows of the
other collections: training rows of runs that no counted task holds out, split again (`scalingbench.benchmark.tasks.leakage.tuning_rows`).
No case has a row that counts on a board.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from perf.tuning.worlds import World, worlds
from scalingbench.benchmark.data.clusters import relatives
from scalingbench.benchmark.data.collection import load_collection
from scalingbench.benchmark.data.variables import metric_kind
from scalingbench.benchmark.tasks.fold import Fold
from scalingbench.benchmark.tasks.leakage import tuning_rows
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.benchmark.tasks.task import Task

__all__ = ["CLASSES", "REAL", "SET_ASIDE", "Case", "cases", "class_of", "is_synthetic", "task_cases"]

SYNTHETIC = ("synthetic_broken", "synthetic_chinchilla", "synthetic_coverage", "synthetic_plrf", "synthetic_repeated")
REAL = (
    "bimix",
    "designed_mlp",
    "double_descent",
    "fantastic_optimizers",
    "gzip_complexity",
    "misfitting",
    "nanogpt_width",
    "parameter_golf",
    "superposition",
    "taskset",
)
SET_ASIDE = (*REAL, *SYNTHETIC)
CLASSES = ("within 3x", "3-10x", "10-100x", "beyond 100x")
_REACHES = (2.0, 5.0, 12.0, 30.0, 120.0, 300.0)
_FEWEST = {"curve": (4, 6, 8, 10), "other": (8, 10, 14, 24)}
"""Training rows, of which a case draws one."""
_FEWEST_SPARE = 6
_MOST_TRAINED, _MOST_HELD_OUT = 160, 120
_CURVES, _GROUPS = 6, 8
"""Most curves of a task, and most groups of a collection or cluster."""


@dataclass(frozen=True)
class Case:
    """Training rows, and held-out rows beyond them.

    Attributes
    ----------
    collection : str
        Collection, or kind of synthetic world.
    name : str
        Name of the case.
    log : bool
        Whether errors are of logarithms.
    X_train, X : DataFrame
        Inputs.
    y_train, y : ndarray
        Values.
    reach : float
        Extrapolation factor: cost of the median held-out run over that of the most expensive training run.
    group : str
        Curves of one task with the same split form a group and are fitted together. Empty for a single case.
    source, rows : str, tuple of int
        Collection, and positions of all rows in its table, for spare rows of a counted one.
    """

    collection: str
    name: str
    log: bool
    X_train: pd.DataFrame
    y_train: np.ndarray
    X: pd.DataFrame
    y: np.ndarray
    reach: float
    group: str = ""
    source: str = ""
    rows: tuple[int, ...] = ()


def is_synthetic(collection: str) -> bool:
    """Return whether a case's collection is a kind of synthetic world, or a synthetic collection."""
    return collection.startswith(("world-", "synthetic_"))


def class_of(reach: float) -> str:
    """Return the reach class."""
    return CLASSES[int(np.searchsorted([3.0, 10.0, 100.0], reach, side="right"))]


def cases(per_kind: int = 14, most: int = 36, seed: int = 0) -> Iterator[Case]:
    """Yield every case: of `per_kind` worlds of every kind, and at most `most` of every collection."""
    for i, world in enumerate(worlds(per_kind, seed)):
        rng = np.random.default_rng([seed, 1, i])
        yield from _cut(world, f"{world.kind}-{i}", rng, 1)
    for collection in SET_ASIDE:
        found = [
            c
            for k, (name, world) in enumerate(_tables(collection))
            for c in _cut(world, name, np.random.default_rng([seed, 2, zlib.crc32(collection.encode()), k]), 3)
        ]
        order = np.random.default_rng(seed).permutation(len(found))[:most]
        yield from (found[k] for k in sorted(order))


def task_cases(seed: int = 0) -> Iterator[Case]:
    """Yield cases from tasks of the boards: whole tasks that do not count, and spare rows of those that count.

    A fold of a task of suite v3 with the role tuning, or on a synthetic collection, is a case unchanged. A fold of a counted task
    gives its training rows, without those of runs that any counted task holds out, split again. All folds of a task have the same
    split, and the cluster counts as one collection. Tasks with the history of runs give none, because the rest of a run is not a
    history. Collections with runs that SLDBench repeats give none either, because it holds out rows of them under other names.
    Fetch-only collections must be available locally.
    """
    suite = load_suite("v3")
    spare = {name: rows for name, rows in tuning_rows(suite).items() if name not in relatives("sldbench")}
    found: dict[str, list[list[Case]]] = {}
    for task in suite.build(fetch=True):
        rng = np.random.default_rng([seed, 3, zlib.crc32(task.id.encode())])
        folds = [task.folds[k] for k in sorted(rng.permutation(len(task.folds))[:_CURVES])]
        if task.role in ("tuning", "synthetic"):
            found.setdefault(task.collection, []).append([c for fold in folds if (c := _whole(task, fold)) is not None])
        elif task.role == "counted" and task.collection in spare and "run" not in task.variables:
            worlds = [(fold.name, w) for fold in folds if (w := _spare_world(task, fold, spare[task.collection])) is not None]
            found.setdefault(task.cluster, []).extend(_cut_alike(task, worlds, rng))
    for cluster in sorted(found):
        order = np.random.default_rng([seed, 4]).permutation(len(found[cluster]))[:_GROUPS]
        yield from (case for k in sorted(order) for case in found[cluster][k])


def _whole(task: Task, fold: Fold) -> Case | None:
    """Return a fold as a case; None if it has context rows (the history of runs)."""
    if not fold.scored.all() or not (fold.train_cost > 0).all():
        return None
    train = np.arange(len(fold.y_train)) if "run" in task.variables else _thinned(len(fold.y_train), _MOST_TRAINED)
    chosen = np.arange(len(fold.y_test)) if "run" in task.variables else _thinned(len(fold.y_test), _MOST_HELD_OUT)
    if len(train) > 3 * _MOST_TRAINED:
        return None
    reach = float(np.median(fold.cost) / fold.train_cost.max())
    X_train, X = fold.X_train.iloc[train].reset_index(drop=True), fold.X_test.iloc[chosen].reset_index(drop=True)
    y_train, y = fold.y_train[train], fold.y_test[chosen]
    return Case(task.collection, f"{task.id}/{fold.name}", task.on_log_scale, X_train, y_train, X, y, reach, task.id)


def _spare_world(task: Task, fold: Fold, rows: np.ndarray) -> World | None:
    """Return the training rows of a fold that are spare; None if they are too few to split or have equal cost."""
    mine = np.isin(fold.train_rows, rows)
    X, y, cost = fold.X_train[mine].reset_index(drop=True), fold.y_train[mine], fold.train_cost[mine]
    if len(y) < _FEWEST_SPARE or np.ptp(cost) <= 0 or not (cost > 0).all():
        return None
    hidden = tuple(c for c in X if X[c].notna().any() and fold.X_test[c].isna().all())
    return World(task.cluster, X, y, cost, task.on_log_scale, hidden, fold.train_rows[mine])


def _cut_alike(task: Task, worlds: list[tuple[str, World]], rng: np.random.Generator) -> list[list[Case]]:
    """Return groups of cases: all curves split along one axis at one reach; two groups if there are two splits."""
    groups: list[list[Case]] = []
    seen: set[tuple[str, float]] = set()
    for _ in range(12):
        where = _draw(worlds[0][1], rng) if worlds else None
        if where is None or (where.axis, where.reach) in seen:
            continue
        seen.add((where.axis, where.reach))
        cut = [(label, _divide(world, where, rng)) for label, world in worlds]
        group = f"{task.id}/{where.axis}-{where.reach:g}"
        cases = [replace(case, name=f"{group}/{label}", group=group, source=task.collection) for label, case in cut if case is not None]
        if cases:
            groups.append(cases)
        if len(groups) == 2:
            break
    return groups


def _thinned(n: int, most: int) -> np.ndarray:
    found: np.ndarray = np.unique(np.round(np.linspace(0, n - 1, min(n, most))).astype(int))
    return found


class _Cut(NamedTuple):
    """The split of a table: the axis, the minimum number of cheap rows, and the distance of the held-out rows."""

    axis: str
    fewest: int
    reach: float


def _axes(world: World) -> dict[str, np.ndarray]:
    axes = {"cost": world.cost}
    for column in ("params", "tokens", "width", "experts", "unique_tokens"):
        if column in world.X and world.X.shape[1] > 1 and world.X[column].nunique() >= 4:
            axes[column] = world.X[column].to_numpy(float)
    return axes


def _draw(world: World, rng: np.random.Generator) -> _Cut:
    axis, fewest = str(rng.choice(["cost", *_axes(world)])), int(rng.choice(_FEWEST["curve" if world.X.shape[1] == 1 else "other"]))
    return _Cut(axis, fewest, float(rng.choice(_REACHES)))


def _divide(world: World, where: _Cut, rng: np.random.Generator, seen: set[tuple[str, float]] | None = None) -> Case | None:
    """Return a case with held-out rows a factor beyond the most expensive training row, by cost or along one input; else None.

    A split that is in `seen` gives None; a new one is added to it.
    """
    scale = _axes(world).get(where.axis, world.cost)
    fewest = min(where.fewest, len(world.y) - 1) if len(world.y) <= 6 else where.fewest
    allowed = [
        v
        for v in np.unique(scale)
        if (scale <= v).sum() >= fewest and len(np.unique(scale[scale <= v])) >= 2 and (scale >= v * where.reach * 0.8).any()
    ]
    if not allowed or (seen is not None and (where.axis, float(allowed[0])) in seen):
        return None
    limit = float(allowed[0]) if where.reach >= 10 else float(rng.choice(allowed))
    if seen is not None:
        seen.add((where.axis, limit))
    train = np.flatnonzero(scale <= limit)
    chosen = np.flatnonzero(scale >= limit * max(where.reach * 0.5, 1.0 + 1e-9))
    chosen = chosen[np.sort(rng.permutation(len(chosen))[:_MOST_HELD_OUT])]
    train = train if len(train) <= _MOST_TRAINED else train[np.sort(rng.permutation(len(train))[:_MOST_TRAINED])]
    if np.std(world.y[chosen]) == 0 and len(chosen) > 1:
        return None
    unseen = world.X.iloc[chosen].reset_index(drop=True).assign(**dict.fromkeys(world.hidden, np.nan))
    return Case(
        world.kind,
        f"{where.axis}-{limit:.3g}",
        world.log,
        world.X.iloc[train].reset_index(drop=True),
        world.y[train],
        unseen,
        world.y[chosen],
        float(np.median(world.cost[chosen]) / world.cost[train].max()),
        rows=() if world.rows is None else tuple(map(int, world.rows[np.concatenate([train, chosen])])),
    )


def _cut(world: World, name: str, rng: np.random.Generator, n: int) -> Iterator[Case]:
    """Yield at most `n` cases of a table, each with a different split."""
    seen: set[tuple[str, float]] = set()
    for _ in range(6 * n):
        case = _divide(world, _draw(world, rng), rng, seen)
        if case is None:
            continue
        yield replace(case, name=f"{name}/{case.name}")
        n -= 1
        if n == 0:
            return


def _tables(collection: str) -> Iterator[tuple[str, World]]:
    """Yield tables of runs that share one law, of a collection."""
    table = load_collection(collection).table
    table = table[table["flag"].isin(["", "duplicate"]) & np.isfinite(table["value"])]
    yield from _MAKERS.get(collection, _curves_of)(collection, table)


def _world(collection: str, rows: pd.DataFrame, columns: list[str], cost: pd.Series | None = None, hidden: tuple[str, ...] = ()) -> World:
    metric = str(rows["metric"].iloc[0])
    rows = rows[rows[[c for c in columns if c != "run"]].notna().all(axis=1)]
    price = rows[columns].select_dtypes("number").prod(axis=1) if cost is None else cost.loc[rows.index]
    X = rows[columns].reset_index(drop=True)
    return World(collection, X, rows["value"].to_numpy(float), price.to_numpy(float), metric_kind(metric).log, hidden)


def _by_curve(table: pd.DataFrame, metric: str) -> Iterator[tuple[str, pd.DataFrame]]:
    for name, rows in table[table["metric"] == metric].groupby("curve", sort=True):
        yield str(name), rows


def _curves_of(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
    """Yield curves of one variable."""
    for metric in sorted(table["metric"].unique()):
        for name, rows in _by_curve(table, metric):
            for column in ("width", "tokens", "params", "samples", "steps"):
                if column in rows and rows[column].notna().all() and rows[column].nunique() >= 4:
                    yield f"{metric}/{name}/{column}", _world(collection, rows[rows[column] > 0], [column])
                    break


def _compute_of(metrics: tuple[str, ...], *more: list[str]) -> Callable[[str, pd.DataFrame], Iterator[tuple[str, World]]]:
    def make(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
        for metric in metrics:
            for name, rows in _by_curve(table, metric):
                rows = rows[rows["params"].notna() & rows["tokens"].notna()]
                if len(rows) < 12:
                    continue
                cost = rows["params"] * rows["tokens"]
                yield f"{metric}/{name}/params-tokens", _world(collection, rows, ["params", "tokens"], cost)
                yield f"{metric}/{name}/flops", _world(collection, rows.assign(flops=6 * cost), ["flops"], cost)
                for extra in more:
                    yield f"{metric}/{name}/{extra[0]}", _world(collection, rows, ["params", "tokens", *extra], cost)

    return make


def _misfitting(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
    yield from _compute_of(("loss_tuned",))(collection, table)
    rows = table[(table["metric"] == "loss") & (table["curve"] == "dense")]
    for k in range(3):
        yield f"loss/dense/rate-{k}", _world(collection, rows, ["params", "tokens", "learning_rate"], rows["params"] * rows["tokens"])
    rows = table[(table["metric"] == "loss") & table["experts"].notna()]
    for k in range(3):
        cost = rows["params_nonembedding"] * rows["tokens"]
        yield f"loss/experts-{k}", _world(collection, rows, ["params_nonembedding", "tokens", "experts"], cost)


def _designed(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
    for name, rows in _by_curve(table, "mse"):
        one_pass = rows[rows["epochs"] == 1]
        for label, chosen in (("once", one_pass), ("all", rows)):
            best = chosen.loc[chosen.groupby(["params", "tokens", "unique_tokens"])["value"].idxmin()]
            columns = ["params", "tokens"] if label == "once" else ["params", "tokens", "unique_tokens"]
            yield f"mse/{name}/{label}-tuned", _world(collection, best, columns, best["flops"])
            yield f"mse/{name}/{label}-rate", _world(collection, chosen, [*columns, "learning_rate", "batch_size"], chosen["flops"])
        best = one_pass.loc[one_pass.groupby(["params", "tokens"])["value"].idxmin()]
        yield f"mse/{name}/flops", _world(collection, best, ["flops"], best["flops"])
        for size, of_size in best.groupby("params"):
            yield f"mse/{name}/tokens-{size:.0f}", _world(collection, of_size, ["tokens"])


def _gzip(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
    yield from _compute_of(("loss_valid",))(collection, table)
    rows = table[table["metric"] == "loss_valid"]
    yield "loss_valid/all", _world(collection, rows, ["params", "tokens", "compressibility"], rows["params"] * rows["tokens"])
    steps = table[(table["metric"] == "loss_train")]
    for k, (name, of_run) in enumerate(steps.groupby(["curve", "run"], sort=True)):
        if k % 25 == 0:
            yield f"loss_train/{'/'.join(map(str, name))}", _world(collection, of_run, ["steps"])


def _bimix(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
    for metric in sorted(table["metric"].unique())[::3]:
        for name, rows in _by_curve(table, metric):
            mixes = [c for c in rows if c.startswith("mix_") and rows[c].notna().all()]
            domain = [c for c in mixes if c.endswith(metric.removeprefix("loss_"))]
            if domain:
                yield f"{metric}/{name}/own", _world(collection, rows, ["tokens", *domain], rows["tokens"])
            if len(mixes) <= 8:
                yield f"{metric}/{name}/all", _world(collection, rows, ["tokens", *mixes], rows["tokens"])


def _repeated(collection: str, table: pd.DataFrame) -> Iterator[tuple[str, World]]:
    for name, rows in _by_curve(table, "loss"):
        for k in range(4):
            yield f"loss/{name}/unique-{k}", _world(collection, rows, ["params", "tokens", "unique_tokens"], rows["flops"])


_MAKERS: dict[str, Callable[[str, pd.DataFrame], Iterator[tuple[str, World]]]] = {
    "bimix": _bimix,
    "designed_mlp": _designed,
    "fantastic_optimizers": _compute_of(("loss",)),
    "gzip_complexity": _gzip,
    "misfitting": _misfitting,
    "synthetic_chinchilla": _compute_of(("loss",)),
    "synthetic_plrf": _compute_of(("mse",)),
    "synthetic_repeated": _repeated,
}
