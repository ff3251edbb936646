"""Laws fitted with a prior on their constants: a Gaussian penalty, in the coordinates of the search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from predictors import fitting
from predictors.candidacy import Candidacy, Candidate, NotCandidate
from predictors.compute import Chinchilla
from predictors.law import ParametricLaw
from predictors.power_laws import ShiftedPowerLaw

__all__ = ["ChinchillaWithPrior", "LawWithPrior", "Prior", "ShiftedPowerLawWithPrior", "noise_of"]

_QUIETEST = 2e-3  # the least noise, as a logarithm, that residuals are believed to show
_DRAWN = 6  # starts beside those of the fit without a prior: what is believed is at its mean there
_NO_FREEDOM = 1e-2  # what it is taken to be where there are no more rows than constants


Prior = tuple[np.ndarray, np.ndarray]
"""Mean and standard deviation of every coordinate that is searched, each of shape (P,); infinite where nothing is believed."""


class LawWithPrior(ParametricLaw):
    """A law whose constants have a prior; it weighs as the noise of the rows says, which a fit without it shows."""

    prior: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Mean and standard deviation: of the logarithm of a positive constant, of an irreducible value in units of the middle response."""

    def _solve(self, laws: Sequence[ParametricLaw]) -> list[fitting.FitResult]:
        found = super()._solve(laws)
        noises = [noise_of(law, result) for law, result in zip(laws, found, strict=True)]
        problems, weights, starts = [], [], []
        for law, result, noise, (mean, spread) in zip(laws, found, noises, self._priors(laws, found, noises), strict=True):
            problem, believed = law._problem, np.isfinite(spread)
            drawn = fitting.draw_starts(problem, _DRAWN, np.random.default_rng(self.random_state), law._weights)
            starts.append(np.concatenate([result.u[None], np.where(believed, mean, np.concatenate([result.u[None], drawn]))]))
            problems.append(fitting.with_prior(problem, mean, spread))
            weights.append(np.concatenate([np.full(len(mean), noise**2), law._weights]))
        penalised = fitting.fit_from(problems, starts, weights)
        return [replace(result, n_starts=result.n_starts + before.n_starts) for result, before in zip(penalised, found, strict=True)]

    def _priors(self, laws: Sequence[ParametricLaw], found: Sequence[fitting.FitResult], noises: Sequence[float]) -> list[Prior]:
        """Return the prior of every data set, from the fits without one."""
        return [self._stated(law) for law in laws]

    def _stated(self, law: ParametricLaw) -> Prior:
        """Return the prior that the class states."""
        stated = [self.prior.get(p.name, (0.0, np.inf)) for p in law._problem.parameters]
        mean, spread = (np.array(column) for column in zip(*stated, strict=True))
        return mean, spread


def noise_of(law: ParametricLaw, result: fitting.FitResult) -> float:
    """Return the standard deviation of the rows about a fit, as a logarithm."""
    own = law._weights
    freedom = int((own > 0).sum()) - len(result.u)
    r = law._problem.residuals(result.u[None])[0]
    return max(float(np.sqrt(own @ r**2 / freedom)) if freedom > 0 else _NO_FREEDOM, _QUIETEST)


class ChinchillaWithPrior(LawWithPrior, Chinchilla):
    r"""Chinchilla's form with a prior on its exponents and its floor.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    The constants of greatest posterior density: log exponents and the irreducible share have normal priors, which decide where
    few cheap runs leave them open.
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

    candidate: ClassVar[Candidacy] = NotCandidate("tuning cases are predicted as well without it")  # type: ignore[assignment]
    prior: ClassVar[Mapping[str, tuple[float, float]]] = {"E": (0.5, 0.35), "b": (np.log(0.33), 0.6)}
