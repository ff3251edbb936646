"""Symbolic regression: a formula found by genetic programming; needs an optional package."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scalingbench.common.extras import require
from scalingbench.predictors.baselines import Logarithmic
from scalingbench.predictors.candidacy import NotCandidate

__all__ = ["SymbolicRegression"]


class SymbolicRegression(Logarithmic):
    """Genetic programming over sums, products, quotients, logarithms and square roots of the log variables.

    Needs the optional package gplearn (``pip install scalingbench[symbolic]``).

    Parameters
    ----------
    generations, population : int
        Effort of the search.
    random_state : int
        Its seed.
    """

    candidate = NotCandidate("it needs an optional package, and takes minutes")

    def __init__(self, generations: int = 15, population: int = 500, random_state: int = 0):
        self.generations = generations
        self.population = population
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Any) -> SymbolicRegression:
        """Search for a formula."""
        require("symbolic-regression", "symbolic", "gplearn")
        from gplearn.genetic import SymbolicRegressor

        points, y = self._remember(X, y)
        self._center, self._size = points.mean(axis=0), np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
        search = SymbolicRegressor(
            population_size=self.population,
            generations=self.generations,
            function_set=("add", "sub", "mul", "div", "log", "sqrt"),
            parsimony_coefficient=1e-3,
            random_state=self.random_state,
        )
        target = self._to_model(y)
        self._level, self._unit = float(target.mean()), float(target.std()) or 1.0
        self._model = search.fit((points - self._center) / self._size, (target - self._level) / self._unit)
        self.fitted_ = True
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return self._from_model(self._level + self._unit * self._model.predict((points - self._center) / self._size))
