"""Recipes side by side: a law of all their runs, and what each recipe changes of it, in four forms from shared to own constants.

Everything is fitted to weighted rows. A draw is one weight for each configuration, common to all recipes: what a configuration
does to every recipe cancels in their differences (a Bayesian bootstrap, Rubin 1981, over configurations).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.tasks.splits import row_cost
from scalingbench.common.errors import InputError
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.registry import make

__all__ = ["FORMS", "Curves", "Form", "Pool", "constants_of", "fit_recipes", "make_law", "place_of", "weights_of"]

Form = Literal["multiplier", "ratio", "slope", "own"]
FORMS: dict[Form, str] = {
    "multiplier": "one law, a factor of compute for each recipe",
    "ratio": "one law, a factor of the loss for each recipe",
    "slope": "one law, a factor of the loss that changes as a power of compute, for each recipe",
    "own": "a law of its own for each recipe",
}
"""The forms, those with the fewest constants first."""
Curves = Callable[[pd.DataFrame], np.ndarray]
"""Logarithms of the expected values, shape (B, R, n), at the n points of a frame: of B fits and R recipes."""
_ROUNDS = 4
_SAME = 3
_STEP = 0.02
_SETTLED = 3e-4
"""Largest change of a logarithm at which the rounds end."""


@dataclass(frozen=True)
class Pool:
    """The runs of several recipes.

    Attributes
    ----------
    X : DataFrame, shape (n, k)
        Inputs, each of which grows with compute.
    y : ndarray, shape (n,)
        Logarithms of the values.
    recipe, configuration : ndarray, shape (n,)
        Number of the recipe; number of the configuration (inputs and seed), which recipes have in common.
    names : tuple of str
        The recipes.
    """

    X: pd.DataFrame
    y: np.ndarray
    recipe: np.ndarray
    configuration: np.ndarray
    names: tuple[str, ...]

    @property
    def cost(self) -> np.ndarray:
        """Compute of each row, shape (n,)."""
        return np.asarray(row_cost(self.X)[0], float)

    @property
    def place(self) -> np.ndarray:
        """Number of the inputs of each row, whatever its seed, shape (n,)."""
        return place_of(self.X)

    def of(self, keep: np.ndarray) -> Pool:
        """Return some of the rows."""
        X = self.X.iloc[keep].reset_index(drop=True)
        return replace(self, X=X, y=self.y[keep], recipe=self.recipe[keep], configuration=self.configuration[keep])


def place_of(X: pd.DataFrame, *others: np.ndarray) -> np.ndarray:
    """Return a number for each row, the same for rows of the same inputs (to three digits of their logarithms) and other values."""
    columns = np.column_stack([np.log(X.to_numpy(float)).round(_SAME), *others])
    return np.asarray(np.unique(columns, axis=0, return_inverse=True)[1]).ravel()


def weights_of(pool: Pool, draws: int, seed: int = 0) -> np.ndarray:
    """Return the weight of each row in each draw, shape (draws, n): equal within a configuration, whatever the recipe."""
    each = np.random.default_rng(seed).exponential(size=(draws, int(pool.configuration.max()) + 1))
    return np.asarray(each[:, pool.configuration], float)


def fit_recipes(form: Form, pool: Pool, law: str, weights: np.ndarray | None = None) -> Curves:
    """Fit one form to the runs.

    Parameters
    ----------
    form : {"multiplier", "ratio", "slope", "own"}
        See `FORMS`.
    pool : Pool
        The runs.
    law : str
        A registered parametric law of the columns of ``pool.X``.
    weights : ndarray, shape (B - 1, n), optional
        Of the rows in each draw; the first fit has equal weights.

    Returns
    -------
    Curves
        Of B fits; one without `weights`.
    """
    every = np.ones((1, len(pool.y))) if weights is None else np.concatenate([np.ones((1, len(pool.y))), weights])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if form == "own":
            return _own(pool, law, every)
        return _multiplied(pool, law, every) if form == "multiplier" else _deviating(pool, law, every, sloped=form == "slope")


def _own(pool: Pool, law: str, weights: np.ndarray) -> Curves:
    rows = [np.flatnonzero(pool.recipe == r) for r in range(len(pool.names))]
    frames = [pool.X.iloc[i].reset_index(drop=True) for i in rows]
    models = make_law(law).fit_many(frames, [np.exp(pool.y[i]) for i in rows])
    constants = [_constants(model, weights[:, i]) for model, i in zip(models, rows, strict=True)]

    def curves(points: pd.DataFrame) -> np.ndarray:
        return np.stack([_values(m, _columns(points), c) for m, c in zip(models, constants, strict=True)], axis=1)

    return curves


def _deviating(pool: Pool, law: str, weights: np.ndarray, *, sloped: bool) -> Curves:
    """Fit a shared law, and a straight line in the logarithm of compute (or a constant) to what each recipe leaves of it."""
    middle = float(np.log(pool.cost).mean())

    def design(cost: np.ndarray) -> np.ndarray:
        z = np.log(cost) - middle
        return np.stack([np.ones_like(z), z] if sloped else [np.ones_like(z)], axis=1)

    Z, offset = design(pool.cost), np.zeros_like(pool.y)
    for _ in range(_ROUNDS):  # recipes with other configurations would else bend the shared law
        model = _shared(law, pool.X, pool.y - offset)
        left = pool.y - np.log(model.predict(pool.X))
        line, before = _lines(left[None], np.ones((1, len(left))), Z, pool)[0], offset
        offset = np.sum(Z * (line - line.mean(axis=0))[pool.recipe], axis=1)
        if np.abs(offset - before).max() < _SETTLED or _balanced(pool):
            break
    constants = _constants(model, weights)
    lines = _lines(pool.y - _values(model, _columns(pool.X), constants), weights, Z, pool)

    def curves(points: pd.DataFrame) -> np.ndarray:
        shared = _values(model, _columns(points), constants)
        return np.asarray(shared[:, None, :] + lines @ design(np.asarray(row_cost(points)[0], float)).T)

    return curves


def _balanced(pool: Pool) -> bool:
    """Return whether every recipe has the same number of runs of every configuration: then the shared law is that of the means."""
    counts = pd.crosstab(pool.recipe, pool.configuration).to_numpy()
    return bool((counts == counts[0]).all())


def _shared(law: str, X: pd.DataFrame, y: np.ndarray) -> ParametricLaw:
    return _shared_fit(law, tuple(map(str, X.columns)), X.to_numpy(float).tobytes(), y.tobytes())


@lru_cache(maxsize=16)
def _shared_fit(law: str, columns: tuple[str, ...], X: bytes, y: bytes) -> ParametricLaw:
    """Fit the shared law; fits are kept, because every form begins with the same one."""
    values = np.frombuffer(y)
    return make_law(law).fit(pd.DataFrame(np.frombuffer(X).reshape(len(values), len(columns)), columns=list(columns)), np.exp(values))


def _lines(left: np.ndarray, weights: np.ndarray, design: np.ndarray, pool: Pool) -> np.ndarray:
    """Return weighted least squares of rows on a design, for each draw and recipe, shape (B, R, k)."""
    found = []
    for r in range(len(pool.names)):
        rows = pool.recipe == r
        Z, w = design[rows], weights[:, rows]
        normal = np.einsum("bn,ni,nj->bij", w, Z, Z) + 1e-9 * np.eye(Z.shape[1])
        found.append(np.linalg.solve(normal, np.einsum("bn,ni,bn->bi", w, Z, left[:, rows])[:, :, None])[:, :, 0])
    return np.stack(found, axis=1)


def _multiplied(pool: Pool, law: str, weights: np.ndarray) -> Curves:
    """Fit a shared law whose compute each recipe multiplies by a factor of its own."""
    power = 1.0 / pool.X.shape[1]
    gain, one = np.zeros(len(pool.names)), np.ones((1, len(pool.y)))
    for _ in range(_ROUNDS):
        scaled = pool.X.mul(np.exp(power * gain)[pool.recipe], axis=0)
        model = _shared(law, scaled, pool.y)
        step = _gains(model, _constants(model, one), one, scaled, pool)[0]
        gain = gain + step - (gain + step).mean()
        if np.abs(step - step.mean()).max() < _SETTLED:
            break
    scaled = pool.X.mul(np.exp(power * gain)[pool.recipe], axis=0)
    constants = _constants(model, weights)
    gains = gain + _gains(model, constants, weights, scaled, pool)

    def curves(points: pd.DataFrame) -> np.ndarray:
        factor = np.exp(power * gains)
        each = [_values(model, [x[None] * factor[:, r, None] for x in _columns(points)], constants) for r in range(len(pool.names))]
        return np.stack(each, axis=1)

    return curves


def _gains(model: ParametricLaw, constants: np.ndarray, weights: np.ndarray, scaled: pd.DataFrame, pool: Pool) -> np.ndarray:
    """Return one Newton step of the logarithm of each recipe's factor of compute, shape (B, R)."""
    at, power = _columns(scaled), 1.0 / pool.X.shape[1]
    here = _values(model, at, constants)
    slope = (_values(model, [x * np.exp(power * _STEP) for x in at], constants) - here) / _STEP
    left = pool.y - here
    ones = [pool.recipe == r for r in range(len(pool.names))]
    steps = [np.sum((weights * slope * left)[:, o], axis=1) / np.sum((weights * slope**2)[:, o], axis=1).clip(1e-12) for o in ones]
    return np.asarray(np.clip(np.stack(steps, axis=1), -1.0, 1.0))


def constants_of(law: str) -> int:
    """Return the number of constants of a law."""
    return len(make_law(law).parameters)


def make_law(name: str) -> ParametricLaw:
    """Return an unfitted formula with constants by name; raise an `InputError` for a predictor that is none."""
    model = make(name)
    if not isinstance(model, ParametricLaw):
        raise InputError(f"--law: {name} is no formula with constants; name one such as chinchilla")
    return model


def _columns(frame: pd.DataFrame) -> list[np.ndarray]:
    return [frame[c].to_numpy(float) for c in frame.columns]


def _constants(model: ParametricLaw, weights: np.ndarray) -> np.ndarray:
    """Return the constants of the fit (the first) and of its refits to weighted rows, shape (P, B)."""
    first = np.array([list(model.params_.values())])
    drawn = model.bootstrap(len(weights) - 1, weights[1:]).to_numpy() if len(weights) > 1 else first[:0]
    return np.concatenate([first, drawn]).T


def _values(model: ParametricLaw, inputs: Sequence[np.ndarray], constants: np.ndarray) -> np.ndarray:
    """Return the logarithm of the law at inputs, shape (n,) or (B, n), for each set of constants, shape (B, n)."""
    with np.errstate(all="ignore"):
        values = model.formula(*(np.atleast_2d(x) for x in inputs), *(c[:, None] for c in constants))
    return np.asarray(np.log(np.clip(values, 1e-12, 1e12)), float)
