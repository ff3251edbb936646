"""Held-out rows of made-up cases: candidates whose errors are known, for tests of rules that weight them."""

import numpy as np
from scripts import perf_module

SIZES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8])


def made_rows(names, clusters=10, cases=4, points=5, seed=0, leaps=0.0, worlds=()):
    """Return rows: the error of each candidate has a size that its back-test error tells within a third."""
    rules, rng = perf_module("tuning.rules"), np.random.default_rng(seed)
    features = perf_module("tuning.features").FEATURES
    collections = [f"c{i}" for i in range(clusters) for _ in range(cases)] + [w for w in worlds for _ in range(cases)]
    k, n = len(names), len(collections) * points
    case = np.repeat(np.arange(len(collections)), points)
    size = np.array([rng.permutation(np.resize(SIZES, k)) for _ in collections])[case]
    y = np.exp(rng.normal(size=n))
    values = np.log(y)[:, None] + size * rng.normal(size=(n, k)) + leaps * (rng.random((n, k)) < 0.02)
    recent = size * np.exp(0.3 * rng.normal(size=(n, k)))
    logs = np.log(recent)
    kinds = np.repeat((logs - np.sort(logs, axis=1)[:, 2:3])[:, :, None], 3, axis=2)
    return rules.Rows(
        features=np.zeros((n, k, len(features))),
        kinds=kinds,
        values=values,
        usable=np.ones((n, k), bool),
        which=np.tile(np.arange(k), (n, 1)),
        recent=recent,
        case=case,
        y=y,
        averaged_log=np.ones(n, bool),
        scored_log=np.ones(n, bool),
        beyond=rng.uniform(0, 3, n),
        unit=np.ones(n),
        reference=np.full(len(collections), 0.5),
        collections=collections,
        reaches=list(rng.choice([2.0, 5.0, 30.0, 300.0], len(collections))),
        names=list(names),
        trained=np.full(len(collections), 12),
        stacked=-2.0 * logs,
    )
