"""Synthetic worlds for tuning: laws of many kinds with random constants, none of them exact.

Every world adds deviations from the law as in real runs: a slow drift along compute, worse tuning of larger runs,
and noise. Worlds of one kind count as one collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["KINDS", "World", "worlds"]

Draw = np.random.Generator


@dataclass(frozen=True)
class World:
    """Runs of one law.

    Attributes
    ----------
    kind : str
        Kind of world; counts as a collection.
    X : DataFrame, shape (n, n_columns)
        Inputs.
    y : ndarray, shape (n,)
        Measured values.
    cost : ndarray, shape (n,)
        Cost of each run.
    log : bool
        Whether errors are of logarithms.
    hidden : tuple of str
        Columns that held-out rows lack.
    rows : ndarray of int, optional
        Positions in the table of a collection, for spare rows.
    """

    kind: str
    X: pd.DataFrame
    y: np.ndarray
    cost: np.ndarray
    log: bool = True
    hidden: tuple[str, ...] = ()
    rows: np.ndarray | None = None


def worlds(n: int, seed: int) -> Iterator[World]:
    """Yield `n` worlds of every kind."""
    for k, (name, make) in enumerate(KINDS.items()):
        for i in range(n):
            yield make(name, np.random.default_rng([seed, k, i]))


def _between(rng: Draw, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _noise(rng: Draw, n: int) -> np.ndarray:
    """Log-normal noise of .05 to 2 %, sometimes with outliers that are worse."""
    size = _between(rng, 5e-4, 2e-2)
    wrong = rng.random(n) < (0.04 if rng.random() < 0.3 else 0.0)
    found: np.ndarray = size * rng.standard_normal(n) + wrong * 8 * size * rng.random(n)
    return found


def _drift(rng: Draw, cost: np.ndarray) -> np.ndarray:
    """Deviations from the law: slow waves along log cost, and in a fifth of the worlds a loss that grows beyond some size."""
    t = np.log10(cost / cost.min())
    size = _between(rng, 5e-4, 2e-2)
    waves = sum(size * rng.normal() * np.sin(2 * np.pi * t / rng.uniform(3.0, 8.0) + rng.uniform(0, 7)) for _ in range(2))
    late = rng.random() < 0.2
    return waves + (late * rng.uniform(0, 0.01) * np.maximum(t - rng.uniform(0.3, 0.9) * t.max(), 0.0) ** 2)


def _design(rng: Draw) -> pd.DataFrame:
    """Return params and tokens: a grid, IsoFLOP profiles, a ladder of sizes, or one ratio with a little spread."""
    shape = rng.choice(["grid", "profiles", "ladder", "ladder", "line"])
    smallest, decades = _between(rng, 3e6, 1e8), rng.uniform(1.2, 3.0)
    sizes = smallest * 10 ** np.linspace(0, decades, int(rng.integers(4, 10)))
    if shape == "grid":
        tokens = _between(rng, 3e8, 5e9) * 10 ** np.linspace(0, rng.uniform(1.0, 2.5), int(rng.integers(3, 7)))
        N, D = (a.ravel() for a in np.meshgrid(sizes, tokens))
    elif shape == "profiles":
        flops = 6 * 20 * smallest**2 * 10 ** np.linspace(0, 2 * decades - 0.5, int(rng.integers(4, 8)))
        ratio = 10 ** np.linspace(-0.6, 0.6, int(rng.integers(4, 8)))
        C, r = (a.ravel() for a in np.meshgrid(flops, ratio))
        N = np.sqrt(C / 120) * r
        D = C / 6 / N
    elif shape == "ladder":
        N, r = (a.ravel() for a in np.meshgrid(sizes, rng.permutation([5, 10, 20, 40, 80, 160])[: int(rng.integers(2, 5))]))
        D = r * N
    else:
        N = smallest * 10 ** np.sort(rng.uniform(0, decades, int(rng.integers(9, 20))))
        D = 20 * N * np.exp(rng.normal(0, rng.choice([1e-3, 0.3]), len(N)))
    table = pd.DataFrame({"params": N, "tokens": D})
    return table.sample(len(table), random_state=int(rng.integers(1 << 30))).reset_index(drop=True)


def _terms(rng: Draw, X: pd.DataFrame) -> tuple[float, np.ndarray, np.ndarray]:
    """Return an irreducible loss, and terms in params and in tokens that are of one order in the middle."""
    N, D = X["params"].to_numpy(), X["tokens"].to_numpy()
    a, b = _between(rng, 0.15, 0.6), _between(rng, 0.15, 0.6)
    n = _between(rng, 0.1, 1.5) * (N / np.median(N)) ** -a
    d = _between(rng, 0.1, 1.5) * (D / np.median(D)) ** -b
    floor = 0.0 if rng.random() < 0.15 else _between(rng, 0.3, 4.0)
    return floor, n, d


def _loss(rng: Draw, X: pd.DataFrame, kind: str) -> np.ndarray:
    E, n, d = _terms(rng, X)
    N, D = X["params"].to_numpy(), X["tokens"].to_numpy()
    if kind == "joint":
        return E + (n + d) ** rng.uniform(0.5, 1.3)
    if kind == "kaplan":
        return 0.3 * E + (n ** rng.uniform(0.8, 2.5) + d) ** rng.uniform(0.3, 1.0)
    if kind == "varying":
        return E + n + d ** (1 + rng.normal(0, 0.06) * np.log(N / np.median(N)))
    if kind == "compute":
        C, r = N * D, np.log(D / N)
        k = _between(rng, 0.05, 0.25)
        return E + _between(rng, 0.2, 2.0) * (C / np.median(C)) ** -k * (1 + rng.uniform(0.0, 0.05) * (r - np.median(r)) ** 2)
    return E + n + d


def _compute(kind: str) -> Callable[[str, Draw], World]:
    def make(name: str, rng: Draw) -> World:
        X = _design(rng)
        cost = (X["params"] * X["tokens"]).to_numpy()
        y = _loss(rng, X, kind) * np.exp(_drift(rng, cost) + _noise(rng, len(X)))
        if rng.random() < 0.15:
            return World(name, pd.DataFrame({"flops": 6 * cost}), y, cost)
        return World(name, X, y, cost)

    return make


def _curve(kind: str) -> Callable[[str, Draw], World]:
    def make(name: str, rng: Draw) -> World:
        n = int(rng.integers(7, 36))
        x = _between(rng, 1.0, 1e8) * 10 ** np.linspace(0, rng.uniform(1.5, 4.5), n)
        t = x / np.median(x)
        b, E, a = _between(rng, 0.08, 1.0), _between(rng, 0.02, 3.0), _between(rng, 0.2, 2.0)
        if kind == "floor":
            y = E + a * t**-b
        elif kind == "power":
            y = a * t**-b
        elif kind == "broken":
            where = _between(rng, t[n // 4], t[-max(2, n // 4)])
            y = E + a * t**-b * (1 + (t / where) ** (1 / rng.uniform(0.1, 0.6))) ** (rng.normal(0, 0.25) * rng.uniform(0.1, 0.6) * 3)
        elif kind == "two-ends":
            y = E + a / (1 + (t / _between(rng, t[0], t[n // 2])) ** b)
        elif kind == "offset":
            y = E + a * (t + _between(rng, t[0], t[n // 2])) ** -b
        else:
            y = E + a * np.exp(-((t / t[n // 2]) ** (0.3 * b))) * 3
        y = y * np.exp(_drift(rng, x) + 2 * _noise(rng, n))
        return World(
            name,
            pd.DataFrame({rng.choice(["tokens", "params", "samples_seen", "width"]): x}).rename(columns={"samples_seen": "steps"}),
            y,
            x,
        )

    return make


def _accuracy(inputs: str) -> Callable[[str, Draw], World]:
    def make(name: str, rng: Draw) -> World:
        X = _design(rng)
        cost = (X["params"] * X["tokens"]).to_numpy()
        loss = _loss(rng, X, str(rng.choice(["sum", "joint", "compute"]))) * np.exp(_drift(rng, cost) + 0.5 * _noise(rng, len(X)))
        chance, ceiling = float(rng.choice([0.0, 0.25, 0.5])), rng.uniform(0.75, 1.0)
        middle = np.quantile(loss, rng.uniform(0.0, 0.8))
        steep = rng.uniform(2.0, 8.0) / max(np.ptp(loss), 1e-9)
        share = chance + (ceiling - chance) / (1 + np.exp(steep * (loss - middle)))
        questions = _between(rng, 300, 2e4)
        share = share + np.sqrt(share * (1 - share) / questions) * rng.standard_normal(len(X)) + 0.003 * rng.standard_normal(len(X))
        y = np.clip(share, 1e-3, 0.999)
        log = bool(rng.random() < 0.3)
        y = 1 - y if log else y
        if inputs == "flops":
            return World(name, pd.DataFrame({"flops": 6 * cost}), y, cost, log)
        if inputs == "loss":
            return World(name, pd.DataFrame({"source_loss": loss}), y, cost, log)
        if inputs == "two-stage":
            return World(name, X.assign(source_loss=loss), y, cost, log, ("source_loss",))
        return World(name, X, y, cost, log)

    return make


def _third(kind: str) -> Callable[[str, Draw], World]:
    def make(name: str, rng: Draw) -> World:
        X = _design(rng)
        N, D = X["params"].to_numpy(), X["tokens"].to_numpy()
        cost, E, n, d = N * D, *_terms(rng, X)
        if kind == "experts":
            e = rng.choice([1, 2, 4, 8, 16, 32, 64], len(X)).astype(float)
            gain = e ** (rng.uniform(0.05, 0.3) * (1 - rng.uniform(0, 0.1) * np.log10(N / N.min())))
            y, X = E + n / gain + d * gain ** -rng.uniform(0, 0.3), X.assign(experts=e)
            X = X.drop(columns="tokens") if rng.random() < 0.4 else X
            y = y if "tokens" in X else E + n / gain
        elif kind == "bits":
            bits = rng.choice([3, 4, 5, 6, 8, 16], len(X)).astype(float)
            y, X = E + n * (1 - np.exp(-bits / rng.uniform(1.0, 4.0))) ** -_between(rng, 0.2, 1) + d, X.assign(bits=bits)
        elif kind == "rate":
            best = (
                np.log(_between(rng, 1e-4, 1e-2)) - rng.uniform(0, 0.4) * np.log(N / N.min()) + rng.uniform(-0.2, 0.2) * np.log(D / D.min())
            )
            rate = np.exp(np.median(best)) * 2.0 ** rng.integers(-3, 4, len(X))
            y, X = (E + n + d) * (1 + rng.uniform(0.002, 0.02) * (np.log(rate) - best) ** 2), X.assign(learning_rate=rate)
        elif kind == "unique":
            unique = np.minimum(D, 10 ** rng.uniform(np.log10(D.min()), np.log10(D.max()), len(X)))
            passes, r = D / unique - 1, rng.uniform(3, 25)
            seen = unique * (1 + r * (1 - np.exp(-passes / r)))
            y, X = E + n + d * (seen / D) ** -_between(rng, 0.2, 0.6), X.assign(unique_tokens=unique)
        else:
            w = _between(rng, 64, 512) * 2.0 ** rng.integers(0, 5, len(X))
            y, X = E + n + d + _between(rng, 0.05, 0.5) * (w / 512) ** -_between(rng, 0.3, 1.0), X.assign(width=w)
            cost = cost * 1.0
        y = y * np.exp(_drift(rng, cost) + _noise(rng, len(X)))
        return World(name, X, y, cost)

    return make


def _mixture(name: str, rng: Draw) -> World:
    k, m = int(rng.integers(3, 7)), int(rng.integers(6, 16))
    mixes = rng.dirichlet(np.full(k, rng.uniform(0.7, 3.0)), m)
    tokens = _between(rng, 1e8, 1e10) * 10 ** np.linspace(0, rng.uniform(1.0, 2.5), int(rng.integers(3, 6)))
    which, D = (a.ravel() for a in np.meshgrid(np.arange(m), tokens))
    X = pd.DataFrame({f"mix_{'abcdefg'[i]}": mixes[which, i] for i in range(k)})
    X["tokens"] = D
    helps = rng.normal(0, 0.8, k)
    E, b = _between(rng, 0.5, 3.0), _between(rng, 0.1, 0.5)
    y = E * np.exp(0.1 * X.to_numpy()[:, :k] @ rng.normal(0, 0.8, k)) + np.exp(X.to_numpy()[:, :k] @ helps) * (D / np.median(D)) ** -b
    if rng.random() < 0.4:
        X["params"] = _between(rng, 1e7, 1e9) * (D / D.min()) ** rng.uniform(0.5, 1.0)
    y = y * np.exp(_noise(rng, len(X)))
    return World(name, X, y, D)


def _sampling(name: str, rng: Draw) -> World:
    k = np.unique(np.round(10 ** np.linspace(0, rng.uniform(3, 4), int(rng.integers(12, 32))))).astype(float)
    p = rng.beta(_between(rng, 0.1, 0.8), _between(rng, 1.0, 20.0), int(rng.integers(60, 300)))
    p = np.where(rng.random(len(p)) < rng.uniform(0, 0.3), 0.0, p)
    y = np.array([np.mean(1 - (1 - p) ** i) for i in k]) * np.exp(0.3 * _noise(rng, len(k)))
    return World(name, pd.DataFrame({"samples": k}), np.clip(y, 1e-4, 1.0), k, False)


KINDS: dict[str, Callable[[str, Draw], World]] = {
    **{f"world-compute-{kind}": _compute(kind) for kind in ("sum", "joint", "kaplan", "varying", "compute")},
    **{f"world-curve-{kind}": _curve(kind) for kind in ("floor", "power", "broken", "two-ends", "offset", "stretched")},
    **{f"world-accuracy-{inputs}": _accuracy(inputs) for inputs in ("flops", "loss", "two-stage", "size")},
    **{f"world-{kind}": _third(kind) for kind in ("experts", "bits", "rate", "unique", "width")},
    "world-mixture": _mixture,
    "world-sampling": _sampling,
}
