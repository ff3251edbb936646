"""Laws with a prior on their constants: a fixed one, or one estimated from curves that are fitted together (empirical Bayes)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import clone

from scalingbench.predictors import fitting
from scalingbench.predictors.candidacy import Candidacy, Candidate, NotCandidate
from scalingbench.predictors.law import ParametricLaw
from scalingbench.predictors.laws.compute import Chinchilla
from scalingbench.predictors.laws.power_laws import BNSL, M4, ShiftedPowerLaw

__all__ = [
    "ChinchillaWithPrior",
    "LawWithPrior",
    "PooledBNSL",
    "PooledChinchilla",
    "PooledLaw",
    "PooledM4",
    "PooledShiftedPowerLaw",
    "Prior",
    "ShiftedPowerLawWithPrior",
    "noise_of",
    "precision_of",
    "shared_prior",
]

_LEAST_NOISE = 2e-3  # lower limit of the noise estimate, as a logarithm
_NO_FREEDOM = 1e-2  # noise estimate for no more rows than constants


Prior = tuple[np.ndarray, np.ndarray]
"""Mean and standard deviation of every coordinate that is searched, each of shape (P,); infinite where there is no prior."""


class LawWithPrior(ParametricLaw):
    """A law with a prior on its constants; a fit without the prior gives the noise, and so the prior's weight."""

    prior: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Mean and standard deviation: of the logarithm of a positive constant, of an irreducible value relative to the mean response."""
    extra_starts: ClassVar[int] = 6
    """Starts beside the fit without a prior; constants with a prior start at its mean."""

    def _solve(self, laws: Sequence[ParametricLaw]) -> list[fitting.FitResult]:
        found = super()._solve(laws)
        noises = [noise_of(law, result) for law, result in zip(laws, found, strict=True)]
        problems, weights, starts = [], [], []
        for law, result, noise, (mean, spread) in zip(laws, found, noises, self._priors(laws, found, noises), strict=True):
            problem, has_prior = law._problem, np.isfinite(spread)
            drawn = fitting.draw_starts(problem, self.extra_starts, np.random.default_rng(self.random_state), law._weights)
            starts.append(np.concatenate([result.u[None], np.where(has_prior, mean, np.concatenate([result.u[None], drawn]))]))
            problems.append(fitting.with_prior(problem, mean, spread))
            weights.append(np.concatenate([np.full(len(mean), noise**2), law._weights]))
        penalised = fitting.fit_from(problems, starts, weights)
        return [replace(result, n_starts=result.n_starts + before.n_starts) for result, before in zip(penalised, found, strict=True)]

    def _priors(self, laws: Sequence[ParametricLaw], found: Sequence[fitting.FitResult], noises: Sequence[float]) -> list[Prior]:
        """Return the prior of every data set, from the fits without one."""
        return [self._stated(law) for law in laws]

    def _stated(self, law: ParametricLaw) -> Prior:
        """Return the prior of the class."""
        stated = [self.prior.get(p.name, (0.0, np.inf)) for p in law._problem.parameters]
        mean, spread = (np.array(column) for column in zip(*stated, strict=True))
        return mean, spread


def noise_of(law: ParametricLaw, result: fitting.FitResult) -> float:
    """Return the standard deviation of the rows about a fit, as a logarithm."""
    own = law._weights
    freedom = int((own > 0).sum()) - len(result.u)
    r = law._problem.residuals(result.u[None])[0]
    return max(float(np.sqrt(own @ r**2 / freedom)) if freedom > 0 else _NO_FREEDOM, _LEAST_NOISE)


class ChinchillaWithPrior(LawWithPrior, Chinchilla):
    r"""Chinchilla's form with a prior on its exponents and its floor.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    The maximum a posteriori: log exponents and the irreducible share have normal priors, which matter where few cheap runs do not
    identify them.
    """

    candidate = Candidate(order=81)
    prior: ClassVar[Mapping[str, tuple[float, float]]] = {
        "E": (0.55, 0.3),
        "alpha": (np.log(0.33), 0.35),
        "beta": (np.log(0.33), 0.35),
    }


class ShiftedPowerLawWithPrior(LawWithPrior, ShiftedPowerLaw):
    r"""A power law above an irreducible value, with a prior on the exponent and the floor.

    .. math:: L(x) = E + a x^{-b}

    As `ChinchillaWithPrior`.
    """

    candidate: ClassVar[Candidacy] = NotCandidate("no gain on the tuning cases")  # type: ignore[assignment]
    prior: ClassVar[Mapping[str, tuple[float, float]]] = {"E": (0.5, 0.35), "b": (np.log(0.33), 0.6)}


_ROUNDS = 30
_STATED_COUNTS = 2.0  # weight of the stated prior, in curves
_LEAST_SPREAD = 0.02  # lower limit of the spread between curves of a task
_LOOSE = 1e-6  # precision of a constant without a prior


class PooledLaw(LawWithPrior):
    r"""A law with partial pooling over the data sets that `fit_many` is given.

    Constants in the coordinates of the search, :math:`u_k` of data set k, come from a common normal distribution:

    .. math:: u_k \sim \mathcal{N}(\mu, \mathrm{diag}(\tau^2)), \quad \hat u_k \mid u_k \sim \mathcal{N}(u_k, P_k^{-1})

    with :math:`\hat u_k` the fit of each alone and :math:`P_k` its precision, from the curvature and the noise of its rows.
    Expectation-maximisation gives mean and spread, with the stated prior as two more data sets; they are the prior of the final fit
    of every data set. For a single data set this prior is close to the stated one. Only the constants that `prior`
    names are shared: exponents and limits, not amplitudes.
    """

    pools = True

    def fit_many(
        self, frames: Sequence[pd.DataFrame], responses: Sequence[Any], groups: Sequence[Hashable] | None = None
    ) -> list[ParametricLaw]:
        """Fit clones on many data sets in one descent.

        Parameters
        ----------
        frames, responses : sequences
            X and y of each data set, as in `fit`.
        groups : sequence, optional
            Data sets of one value share a prior; by default all do.
        """
        together = clone(self)
        together._groups = [0] * len(frames) if groups is None else list(groups)
        return ParametricLaw.fit_many(together, frames, responses)

    def _priors(self, laws: Sequence[ParametricLaw], found: Sequence[fitting.FitResult], noises: Sequence[float]) -> list[Prior]:
        members: dict[Hashable, list[int]] = {}
        for k, group in enumerate(getattr(self, "_groups", [0] * len(laws))):
            members.setdefault(group, []).append(k)
        priors: dict[int, Prior] = {}
        for rows in members.values():
            shared = self._shared([laws[k] for k in rows], [found[k] for k in rows], [noises[k] for k in rows])
            priors |= dict.fromkeys(rows, shared)
        return [priors[k] for k in range(len(laws))]

    def _shared(self, laws: Sequence[ParametricLaw], found: Sequence[fitting.FitResult], noises: Sequence[float]) -> Prior:
        """Return the prior of data sets of one group."""
        mean, spread = self._stated(laws[0])
        shared = np.flatnonzero(np.isfinite(spread))
        alone = np.stack([result.u[shared] for result in found])
        precision = np.stack([precision_of(law, result, noise, shared) for law, result, noise in zip(laws, found, noises, strict=True)])
        mean[shared], spread[shared] = shared_prior(alone, precision, mean[shared], spread[shared])
        return mean, spread


def shared_prior(alone: np.ndarray, precision: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> Prior:
    """Return mean and standard deviation of constants over data sets, by expectation-maximisation.

    Parameters
    ----------
    alone : ndarray, shape (K, P)
        Estimates of every data set.
    precision : ndarray, shape (K, P, P)
        Inverse covariances of the estimates.
    mean, spread : ndarray, shape (P,)
        The stated prior: the starting point, and the target of the shrinkage.
    """
    m, t2 = mean.copy(), spread**2
    total = len(alone) + _STATED_COUNTS
    information = np.einsum("kpq,kq->kp", precision, alone)
    for _ in range(_ROUNDS):
        covariance = np.linalg.inv(precision + np.diag(1.0 / t2))
        centre = np.einsum("kpq,kq->kp", covariance, information + m / t2)
        m = (centre.sum(axis=0) + _STATED_COUNTS * mean) / total
        around = (centre - m) ** 2 + np.diagonal(covariance, axis1=1, axis2=2)
        t2 = (around.sum(axis=0) + _STATED_COUNTS * spread**2) / total
        t2 = np.maximum(t2, _LEAST_SPREAD**2)
    return m, np.sqrt(t2)


def precision_of(law: ParametricLaw, result: fitting.FitResult, noise: float, shared: np.ndarray) -> np.ndarray:
    """Return the inverse covariance of the shared constants of a fit, marginal over the others; shape (Q, Q)."""
    _, jacobian = law._problem.linearise(result.u[None])
    slopes = jacobian[0] * np.sqrt(law._weights)
    whole = slopes @ slopes.T / noise**2 + _LOOSE * np.eye(len(result.u))
    found: np.ndarray = np.linalg.inv(np.linalg.inv(whole)[np.ix_(shared, shared)])
    return found


class PooledChinchilla(PooledLaw, Chinchilla):
    r"""Chinchilla's form, with exponents and irreducible share pooled over the data sets that are fitted together.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}
    """

    candidate: ClassVar[Candidacy] = Candidate(order=82)  # type: ignore[assignment]
    prior = ChinchillaWithPrior.prior


class PooledShiftedPowerLaw(PooledLaw, ShiftedPowerLaw):
    r"""A power law above an irreducible value, with limit and exponent pooled over the curves that are fitted together.

    .. math:: L(x) = E + a x^{-b}
    """

    candidate: ClassVar[Candidacy] = Candidate("one-variable", plain=True, order=20)  # type: ignore[assignment]
    prior = ShiftedPowerLawWithPrior.prior


class PooledBNSL(PooledLaw, BNSL):
    r"""A power law with smooth breaks, with its limit, exponents and sharpness pooled over the curves that are fitted together.

    .. math:: L(x) = a + b x^{-c_0} \prod_{i=1}^{n} \left(1 + (x / d_i)^{1 / f_i}\right)^{-c_i f_i}
    """

    candidate: ClassVar[Candidacy] = Candidate("one-variable", order=35)  # type: ignore[assignment]
    default_starts = 128
    prior: ClassVar[Mapping[str, tuple[float, float]]] = {"a": (0.5, 0.35), "c0": (0.2, 0.3), "c1": (0.1, 0.4), "f1": (np.log(0.3), 0.8)}


class PooledM4(PooledLaw, M4):
    r"""A curve between two limits, with the lower limit and the exponents pooled over the curves that are fitted together.

    .. math:: \frac{L - \varepsilon_\infty}{(\varepsilon_0 - L)^{\alpha}} = \beta x^{-c}
    """

    candidate: ClassVar[Candidacy] = Candidate("one-variable", order=35)  # type: ignore[assignment]
    prior: ClassVar[Mapping[str, tuple[float, float]]] = {"eps_inf": (0.5, 0.35), "alpha": (0.7, 0.7), "c": (np.log(0.33), 0.6)}
