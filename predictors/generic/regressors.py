"""Generic regressors on log variables, as baselines: linear, quadratic, neighbours, trees, a Gaussian process, symbolic."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.exceptions import ConvergenceWarning

from scalingbench.common.extras import require
from scalingbench.predictors.candidacy import Candidate, NotCandidate
from scalingbench.predictors.generic.nearest import _Generic

__all__ = ["GaussianProcess", "GradientBoosting", "LogLinear", "LogQuadratic", "NearestNeighbors", "PolynomialRidge", "SymbolicRegression"]


class Logarithmic(_Generic):
    """Models the logarithm of the value where all training values are positive, else the value."""

    def _needs_positive(self) -> bool:
        return False

    def _to_model(self, y: np.ndarray) -> np.ndarray:
        self.log_ = bool((y > 0).all())
        return np.log(y) if self.log_ else y

    def _from_model(self, values: np.ndarray) -> np.ndarray:
        return np.exp(np.clip(values, -690.0, 690.0)) if self.log_ else values


class LogLinear(Logarithmic):
    """Ordinary least squares of log value on log variables: a power law in every variable."""

    candidate = Candidate("several-variables", plain=True, order=20)

    def fit(self, X: pd.DataFrame, y: Any) -> LogLinear:
        """Fit the coefficients; those of minimum norm if rows are few."""
        points, y = self._remember(X, y)
        target = self._to_model(y)
        self._center = points.mean(axis=0)
        solution = np.linalg.lstsq(points - self._center, target - target.mean(), rcond=1e-10)[0]
        self.intercept_, self.coef_ = float(target.mean()), solution
        self.params_ = {"intercept": self.intercept_, **dict(zip(self.columns_, map(float, solution), strict=True))}
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return self._from_model(self.intercept_ + (points - self._center) @ self.coef_)


class GaussianProcess(Logarithmic):
    """A Gaussian process on the residuals of a log-linear mean, all in logarithms.

    Squared-exponential kernel with a length scale per variable, and noise; hyperparameters by
    marginal likelihood.

    Parameters
    ----------
    max_rows : int
        Largest number of rows; more are thinned evenly along their overall scale, because the cost is cubic in the rows.
    """

    candidate = Candidate(order=10)

    def __init__(self, max_rows: int = 200):
        self.max_rows = max_rows

    def fit(self, X: pd.DataFrame, y: Any) -> GaussianProcess:
        """Fit mean, kernel and noise."""
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

        points, y = self._remember(X, y)
        keep = _spread(points.sum(axis=1), self.max_rows)
        points, log_y = points[keep], self._to_model(y)[keep]
        self._center, self._size = points.mean(axis=0), np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
        Z = (points - self._center) / self._size
        self._mean = float(log_y.mean())
        self.coef_ = np.linalg.lstsq(Z, log_y - self._mean, rcond=1e-10)[0]
        rest = log_y - self._mean - Z @ self.coef_
        self._unit = float(rest.std()) or 1.0
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * RBF(np.ones(Z.shape[1]), (0.1, 100.0)) + WhiteKernel(0.1, (1e-6, 1e1))
        self._process = GaussianProcessRegressor(kernel, random_state=0)
        with warnings.catch_warnings():  # hyperparameters at their bounds are valid on few rows
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._process.fit(Z, rest / self._unit)
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return self._from_model(self._posterior(points)[0])

    def predict_quantiles(self, X: pd.DataFrame, levels: Any) -> np.ndarray:
        """Return quantiles of a new measurement, shape (n, len(levels))."""
        fewer = self._without_missing(self._read(X))
        if fewer is not None:
            quantiles: np.ndarray = fewer.predict_quantiles(X, levels)
            return quantiles
        mean, sd = self._posterior(self._features(X))
        return self._from_model(mean[:, None] + sd[:, None] * ndtri(np.asarray(levels, float))[None, :])

    def _posterior(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        Z = (points - self._center) / self._size
        rest, sd = self._process.predict(Z, return_std=True)
        return self._mean + Z @ self.coef_ + self._unit * rest, self._unit * sd


def _spread(scale: np.ndarray, most: int) -> np.ndarray:
    """Return indices of at most `most` rows, evenly spaced in the order of their scale."""
    order = np.argsort(scale, kind="stable")
    if len(order) <= most:
        return order
    kept: np.ndarray = order[np.round(np.linspace(0, len(order) - 1, most)).astype(int)]
    return kept


class GradientBoosting(Logarithmic):
    """Gradient-boosted trees on logarithms; constant beyond the training range.

    Parameters
    ----------
    n_estimators : int
        Trees.
    """

    candidate = NotCandidate("constant beyond the training rows, as the nearest observation is")

    def __init__(self, n_estimators: int = 100):
        self.n_estimators = n_estimators

    def fit(self, X: pd.DataFrame, y: Any) -> GradientBoosting:
        """Fit the trees."""
        from sklearn.ensemble import GradientBoostingRegressor

        points, y = self._remember(X, y)
        self._trees = GradientBoostingRegressor(n_estimators=self.n_estimators, random_state=0)
        self._trees.fit(points, self._to_model(y))
        self.fitted_ = True
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return self._from_model(self._trees.predict(points))


class NearestNeighbors(Logarithmic):
    """The mean of the k training values nearest in log variables.

    Parameters
    ----------
    k : int
        Number of neighbours; all rows if there are fewer.
    """

    candidate = NotCandidate("constant beyond the training rows, as the nearest neighbour is")

    def __init__(self, k: int = 3):
        self.k = k

    def fit(self, X: pd.DataFrame, y: Any) -> NearestNeighbors:
        """Store the training rows."""
        self._points, y = self._remember(X, y)
        self._values = self._to_model(y)
        self.fitted_ = True
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        distance = ((points[:, None, :] - self._points[None, :, :]) ** 2).sum(axis=2)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(self.k, len(self._values))]
        return self._from_model(self._values[nearest].mean(axis=1))


class PolynomialRidge(Logarithmic):
    """Ridge regression of the value on a polynomial in the log variables.

    The strength is chosen by leave-one-out error on the training rows.

    Parameters
    ----------
    degree : int
        Of the polynomial.
    """

    candidate = NotCandidate("the surface of log-quadratic[floor], without a floor")

    def __init__(self, degree: int = 2):
        self.degree = degree

    def fit(self, X: pd.DataFrame, y: Any) -> PolynomialRidge:
        """Fit the coefficients."""
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler

        points, y = self._remember(X, y)
        polynomial = PolynomialFeatures(self.degree, include_bias=False)
        self._model = make_pipeline(StandardScaler(), polynomial, StandardScaler(), RidgeCV(np.logspace(-6, 2, 17)))
        self._model.fit(points, self._to_model(y))
        self.fitted_ = True
        return self

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return self._from_model(self._model.predict(points))


class LogQuadratic(Logarithmic):
    """A response surface: the log of value minus a floor is a quadratic in the log variables.

    The floor is a share of the smallest training value, one of a few, with the least leave-one-out error of log value on the
    training rows. Without a floor the quadratic is of log value itself.

    Parameters
    ----------
    floor : bool
        Whether to fit an irreducible part.
    """

    candidate = Candidate(most_columns=9, order=10)

    def __init__(self, floor: bool = True):
        self.floor = floor

    def fit(self, X: pd.DataFrame, y: Any) -> LogQuadratic:
        """Fit the surface and its floor."""
        points, y = self._remember(X, y)
        self._center, self._size = points.mean(axis=0), np.where(points.std(axis=0) > 0, points.std(axis=0), 1.0)
        design = self._design(points)
        shares = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95) if self.floor and (y > 0).all() else (0.0,)
        surfaces = [self._surface(design, y, share * float(y.min())) for share in shares]
        _, self._floor, self.coef_ = min(surfaces, key=lambda surface: surface[0])
        return self

    def _surface(self, design: np.ndarray, y: np.ndarray, floor: float) -> tuple[float, float, np.ndarray]:
        """Return leave-one-out error, floor and coefficients."""
        target = self._to_model(y - floor)
        penalty = 1e-6 * np.diag([0.0] + [1.0] * (design.shape[1] - 1)) * len(y)
        inverse = np.linalg.pinv(design.T @ design + penalty)
        coef = inverse @ design.T @ target
        leverage = np.minimum(np.einsum("np,pq,nq->n", design, inverse, design), 1.0 - 1e-6)
        left_out = target - (target - design @ coef) / (1.0 - leverage)
        values = self._from_model(left_out) + floor
        error = np.log(np.maximum(values, 1e-300) / y) if self.log_ else values - y
        return float(np.mean(error**2)), floor, coef

    def _design(self, points: np.ndarray) -> np.ndarray:
        Z = (points - self._center) / self._size
        pairs = [Z[:, i] * Z[:, j] for i in range(Z.shape[1]) for j in range(i, Z.shape[1])]
        return np.column_stack([np.ones(len(Z)), Z, *pairs])

    def _predict(self, points: np.ndarray) -> np.ndarray:
        return self._floor + self._from_model(self._design(points) @ self.coef_)


class SymbolicRegression(Logarithmic):
    """Genetic programming over sums, products, quotients, logarithms and square roots of the log variables.

    Needs the optional package gplearn (``pip install scalingbench[symbolic]``).

    Parameters
    ----------
    generations, population : int
        Size of the search.
    random_state : int
        Seed of the search.
    """

    candidate = NotCandidate("it needs an optional package and takes minutes")

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
