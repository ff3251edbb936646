"""Tables of scale and mixture with a known law: the mixture multiplies Chinchilla's form, is added to it, or does nothing."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.predictors.laws.compute import Chinchilla

Kind = Literal["product", "sum", "none"]
NOISE = 0.003


@dataclass(frozen=True)
class MixtureTable:
    """Cheap runs, and the true values of runs of 100 times their compute with mixtures of their own."""

    X: pd.DataFrame
    y: np.ndarray
    target: pd.DataFrame
    truth: np.ndarray


def mixture_table(kind: Kind, seed: int = 0, rows: int = 120, domains: int = 12) -> MixtureTable:
    """Return a table whose mixtures change the loss by about a tenth."""
    rng = np.random.default_rng(seed)
    names = [f"mix_d{k:02d}" for k in range(domains)]
    rates = rng.normal(size=domains)

    def frame(N, D):
        return pd.DataFrame(rng.dirichlet(np.ones(domains), len(N)), columns=names).assign(params=N, tokens=D)

    def law(X):
        scale = Chinchilla.formula(X["params"].to_numpy(), X["tokens"].to_numpy(), 1.7, 400.0, 0.34, 400.0, 0.28)
        effect = 0.3 * (X[names].to_numpy() @ rates - rates.mean())
        return {"product": scale * np.exp(effect), "sum": scale + 1.5 * np.expm1(effect), "none": scale}[kind]

    X = frame(10 ** rng.uniform(7.5, 9.5, rows), 10 ** rng.uniform(9.5, 11, rows))
    target = frame(np.full(20, 2e10), np.full(20, 4e11))
    return MixtureTable(X, law(X) * np.exp(rng.normal(0.0, NOISE, rows)), target, law(target))
