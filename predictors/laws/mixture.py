"""Laws of training mixtures: shares of domains, and scale, to one loss.

Shares are columns ``mix_<domain>``, in any number; constants are named after the domains. A loss per
domain is a metric per domain, hence a fit for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.predictors.candidacy import NOT_CHOSEN, Candidate, NotCandidate
from scalingbench.predictors.columns import select
from scalingbench.predictors.estimator import ScalingLaw
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.parameters import Parameter, amplitude, exponent, irreducible, positive, real

__all__ = [
    "DataMixing",
    "KnowledgeInfusion",
    "LogMixture",
    "MixtureBoosting",
    "MixtureRegression",
    "OptimalMixture",
    "OptimalMixtureJoint",
    "WithScale",
]

_SCALE = ("params", "tokens")
_SMALLEST_SHARE = 1e-3  # floor of shares before a power or a logarithm is taken


class _Mixture(ParametricLaw):
    """A law with constants per domain of the training rows; shares are not normalised."""

    variables: ClassVar[tuple[str, ...]] = ("mix_*",)

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, in the order of the constants; before a fit, one placeholder."""
        found = tuple(c.removeprefix("mix_") for c in getattr(self, "columns_", ()) if c.startswith("mix_"))
        return found or ("domain",)

    @property
    def fixed_scale(self) -> tuple[str, ...]:  # type: ignore[override]
        """Shares."""
        return tuple(f"mix_{d}" for d in self.domains)

    def _input_names(self) -> list[str]:
        return list(self.columns_)

    def _per_domain(self, make: Any, name: str) -> list[Parameter]:
        return [make(f"{name}_{domain}") for domain in self.domains]


class DataMixing(_Mixture):
    r"""Exponential in a linear function of the shares.

    .. math:: L(r) = c + k \exp\left(\sum_j t_j r_j\right)

    Ye et al. 2024, eq. 7 (arXiv 2403.16952). k is set to the constant it is where all t vanish, and the
    shares sum to 1, so one of k and the t is redundant: k is left out.
    """

    candidate = Candidate(most_columns=32, unless=_SCALE)

    default_starts = 64

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """The floor, and a rate per domain."""
        return (
            irreducible("c"),
            *(real(f"t_{d}", -20.0, 10.0, start=(-2.0, 1.0), shift={"y": 1.0}) for d in self.domains),
        )

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from the shares and then the constants."""
        n = (len(arguments) - 1) // 2
        shares, c, rates = arguments[:n], arguments[n], arguments[n + 1 :]
        return c + np.exp(np.minimum(sum(t * r for t, r in zip(rates, shares, strict=True)), 50.0))


class WithScale(_Mixture):
    """A law of params, tokens and the shares."""

    variables = (*_SCALE, "mix_*")

    def _input_names(self) -> list[str]:
        return ["N", "D", *(f"mix_{d}" for d in self.domains)]


class OptimalMixture(WithScale):
    r"""Chinchilla and, added to it, a term of the mixture.

    .. math:: L(N, D, h) = E + \frac{1}{\sum_i C_i h_i^{\gamma_i}} + A N^{-\alpha} + B D^{-\beta}

    Shukor et al. 2025, the additive law (arXiv 2507.09404).
    """

    candidate = Candidate(most_rows=400, most_columns=7)  # slow: two constants a domain, many starts

    default_starts = 64

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """Chinchilla's five, then C and gamma of every domain."""
        return (
            irreducible("E"),
            amplitude("A", N="alpha"),
            exponent("alpha"),
            amplitude("B", D="beta"),
            exponent("beta"),
            *self._per_domain(lambda name: positive(name, start=(0.1, 30.0), y=-1.0), "C"),
            *self._per_domain(lambda name: exponent(name, 1e-2, 5.0, start=(0.1, 1.0)), "gamma"),
        )

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from N, D and the shares, and then the constants."""
        n = (len(arguments) - 7) // 3
        N, D, shares = arguments[0], arguments[1], arguments[2 : 2 + n]
        E, A, alpha, B, beta = arguments[2 + n : 7 + n]
        C, gamma = arguments[7 + n : 7 + 2 * n], arguments[7 + 2 * n :]
        return E + 1.0 / _power_sum(shares, C, gamma) + A * N**-alpha + B * D**-beta


class OptimalMixtureJoint(WithScale):
    r"""Chinchilla with amplitudes that depend on the mixture.

    .. math::

        L(N, D, h) = E + \frac{1}{\sum_i C_i h_i^{\gamma_i}} + A(h) N^{-\alpha} + B(h) D^{-\beta}, \quad
        A(h) = \left(\sum_i C^A_i h_i\right)^{\gamma_A}

    and B(h) likewise. Shukor et al. 2025, the joint law (arXiv 2507.09404).
    """

    candidate = NotCandidate("optimal-mixture[additive] replaces it with half the constants")

    default_starts = 64

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """E, alpha, beta, the two outer powers, then C, gamma, C^A and C^B of every domain."""
        in_A: dict[str, Any] = {"y": lambda p: 1.0 / p["gamma_A"], "N": lambda p: p["alpha"] / p["gamma_A"]}
        in_B: dict[str, Any] = {"y": lambda p: 1.0 / p["gamma_B"], "D": lambda p: p["beta"] / p["gamma_B"]}
        return (
            irreducible("E"),
            exponent("alpha"),
            exponent("beta"),
            exponent("gamma_A", 0.05, 5.0, start=(0.3, 2.0)),
            exponent("gamma_B", 0.05, 5.0, start=(0.3, 2.0)),
            *self._per_domain(lambda name: positive(name, start=(0.1, 30.0), y=-1.0), "C"),
            *self._per_domain(lambda name: exponent(name, 1e-2, 5.0, start=(0.1, 1.0)), "gamma"),
            *self._per_domain(lambda name: positive(name, start=(0.01, 1.0), **in_A), "CA"),
            *self._per_domain(lambda name: positive(name, start=(0.01, 1.0), **in_B), "CB"),
        )

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from N, D and the shares, and then the constants."""
        n = (len(arguments) - 7) // 5
        N, D, shares = arguments[0], arguments[1], arguments[2 : 2 + n]
        E, alpha, beta, gamma_A, gamma_B = arguments[2 + n : 7 + n]
        C, gamma, in_A, in_B = (arguments[7 + k * n : 7 + (k + 1) * n] for k in range(1, 5))
        size, data = (sum(c * h for c, h in zip(cs, shares, strict=True)) for cs in (in_A, in_B))
        return E + 1.0 / _power_sum(shares, C, gamma) + size**gamma_A * N**-alpha + data**gamma_B * D**-beta


def _power_sum(shares: Sequence[Any], C: Sequence[Any], gamma: Sequence[Any]) -> Any:
    terms = (c * np.maximum(h, _SMALLEST_SHARE) ** g for c, h, g in zip(C, shares, gamma, strict=True))
    return sum(terms, start=1e-9)


class KnowledgeInfusion(ParametricLaw):
    r"""The amount of domain data beyond which a model forgets the domain knowledge, as a function of model size.

    .. math:: r^*(N) = a N^{-b} + c

    The collapse point of "Scaling laws for knowledge infusion" 2025 (arXiv 2509.19371), stated as a power of size.
    """

    variables = ("params",)
    candidate = NOT_CHOSEN
    parameters = (irreducible("c"), amplitude("a", N="b"), exponent("b"))

    @staticmethod
    def formula(N: Any, c: Any, a: Any, b: Any) -> Any:
        """Return the collapse point."""
        return c + a * N**-b


class _Regression(ScalingLaw):
    """A linear model of log value (value, where some are not positive) on features of shares and log scale."""

    variables = ("mix_*",)

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        raise NotImplementedError

    def fit(self, X: pd.DataFrame, y: Any) -> _Regression:
        """Fit by ridge regression with a strength chosen by leave-one-out error on the training rows."""
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        X, y = self._read_training(X, y, positive=False)
        self.log_ = bool((y > 0).all())
        self.scale_columns_ = tuple(c for c in ("params", "tokens", "steps", "flops") if c in X and X[c].nunique() > 1)
        self.model_ = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-6, 2, 17)))
        self.model_.fit(self._features(X), np.log(y) if self.log_ else y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return predictions, shape (n,)."""
        check_is_fitted(self, "model_")
        found: np.ndarray = self.model_.predict(self._features(self._read(X)))
        return np.exp(np.clip(found, -690.0, 690.0)) if self.log_ else found

    def _shares(self, X: pd.DataFrame) -> np.ndarray:
        return np.stack(select(X, self.columns_), axis=1)

    def _scale(self, X: pd.DataFrame) -> list[np.ndarray]:
        return [np.log(np.maximum(x, 1e-300)) for x in select(X, self.scale_columns_)]


class MixtureRegression(_Regression):
    """Linear regression of log loss on shares and log scale: the linear variant of RegMix.

    Liu et al. 2024 (arXiv 2407.01492).
    """

    candidate = Candidate()

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        return np.column_stack([self._shares(X), *self._scale(X)])


class LogMixture(_Regression):
    r"""Linear in the shares and in their logarithms.

    .. math:: \log L = a + \sum_j b_j \log(r_j + \epsilon) + \sum_j c_j r_j

    The form that leads the mixture task of SLDBench (Lin et al. 2025, arXiv 2507.21184); log scale is added
    where it varies.
    """

    candidate = Candidate()

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        shares = self._shares(X)
        return np.column_stack([shares, np.log(shares + 0.01), *self._scale(X)])


class MixtureBoosting(ScalingLaw):
    """Gradient-boosted trees on shares and log scale: the boosted variant of RegMix.

    Liu et al. 2024 (arXiv 2407.01492) use LightGBM; scikit-learn's histogram boosting replaces it.
    """

    variables = ("mix_*",)
    candidate = Candidate(unless=_SCALE)

    def fit(self, X: pd.DataFrame, y: Any) -> MixtureBoosting:
        """Fit the trees."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        X, y = self._read_training(X, y, positive=False)
        self.log_ = bool((y > 0).all())
        self.scale_columns_ = tuple(c for c in ("params", "tokens", "steps", "flops") if c in X and X[c].nunique() > 1)
        self.model_ = HistGradientBoostingRegressor(min_samples_leaf=min(20, max(2, len(y) // 8)), random_state=0)
        self.model_.fit(self._features(X), np.log(y) if self.log_ else y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return predictions, shape (n,)."""
        check_is_fitted(self, "model_")
        found: np.ndarray = self.model_.predict(self._features(self._read(X)))
        return np.exp(found) if self.log_ else found

    def _features(self, X: pd.DataFrame) -> np.ndarray:
        return np.stack(select(X, (*self.columns_, *self.scale_columns_)), axis=1)
