"""Tuning cases: cheap runs that are trained on, dearer ones that are predicted; of collections set aside for it, and of synthetic worlds.

No case has a row of a collection that counts on a board. `SET_ASIDE` is what suite v2 names as its tuning collections.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.data.collection import load_collection
from benchmark.data.variables import metric_kind
from perf.tuning.worlds import World, worlds

__all__ = ["CLASSES", "SET_ASIDE", "Case", "cases", "class_of"]

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


@dataclass(frozen=True)
class Case:
    """Rows that are trained on, and rows beyond them.

    Attributes
    ----------
    collection : str
        Or kind of synthetic world.
    name : str
        Which of its cases.
    log : bool
        Whether errors are taken of logarithms.
    X_train, X : DataFrame
        Inputs.
    y_train, y : ndarray
        Values.
    reach : float
        Cost of the median held-out run over that of the dearest training run.
    """

    collection: str
    name: str
    log: bool
    X_train: pd.DataFrame
    y_train: np.ndarray
    X: pd.DataFrame
    y: np.ndarray
    reach: float


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


def _cut(world: World, name: str, rng: np.random.Generator, n: int) -> Iterator[Case]:
    """Yield cases whose held-out rows lie a drawn factor beyond the dearest training row, by cost or along one input."""
    axes = {"cost": world.cost}
    for column in ("params", "tokens", "width", "experts", "unique_tokens"):
        if column in world.X and world.X.shape[1] > 1 and world.X[column].nunique() >= 4:
            axes[column] = world.X[column].to_numpy(float)
    few = len(world.y) <= 6
    seen: set[tuple[str, float]] = set()
    for _ in range(6 * n):
        axis, fewest = str(rng.choice(["cost", *axes])), int(rng.choice(_FEWEST["curve" if world.X.shape[1] == 1 else "other"]))
        scale, reach = axes[axis], float(rng.choice(_REACHES))
        fewest = min(fewest, len(world.y) - 1) if few else fewest
        values = np.unique(scale)
        allowed = [
            v
            for v in values
            if (scale <= v).sum() >= fewest and len(np.unique(scale[scale <= v])) >= 2 and (scale >= v * reach * 0.8).any()
        ]
        if not allowed or (axis, float(allowed[0])) in seen:
            continue
        limit = float(allowed[0]) if reach >= 10 else float(rng.choice(allowed))
        test = scale >= limit * max(reach * 0.5, 1.0 + 1e-9)
        seen.add((axis, limit))
        train = np.flatnonzero(scale <= limit)
        held = np.flatnonzero(test)
        held = held[np.sort(rng.permutation(len(held))[:120])]
        train = train if len(train) <= 160 else train[np.sort(rng.permutation(len(train))[:160])]
        if np.std(world.y[held]) == 0 and len(held) > 1:
            continue
        asked = world.X.iloc[held].reset_index(drop=True)
        asked = asked.assign(**dict.fromkeys(world.hidden, np.nan))
        measured = float(np.median(world.cost[held]) / world.cost[train].max())
        yield Case(
            world.kind,
            f"{name}/{axis}-{limit:.3g}",
            world.log,
            world.X.iloc[train].reset_index(drop=True),
            world.y[train],
            asked,
            world.y[held],
            measured,
        )
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
