"""Problems with a prior on their coordinates: a Gaussian penalty, as pseudo-observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scalingbench.predictors.fitting.problem import Problem
from scalingbench.predictors.fitting.starts import start_ranges

__all__ = ["WithPrior", "nearest_to_the_starts", "with_prior"]

_NOISE = 1e-2  # noise of rows where there are fewer rows than constants


@dataclass(frozen=True)
class WithPrior(Problem):
    """A problem with P pseudo-observations first: their residuals are the constants' deviations from the prior, in standard deviations.

    Mean and spread are of shape (P,), or (K, P) for K data sets that were stacked.
    """

    mean: np.ndarray = field(default_factory=lambda: np.empty(0))
    spread: np.ndarray = field(default_factory=lambda: np.empty(0))

    def residuals(self, u: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return residuals, shape (S, P + n)."""
        r = super().residuals(u, which).copy()
        r[:, : u.shape[1]] = self._off(u, which)
        return r

    def linearise(self, u: np.ndarray, which: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals (S, P + n) and their Jacobian by u (S, P, P + n)."""
        r, jacobian = super().linearise(u, which)
        r, jacobian, k = r.copy(), jacobian.copy(), u.shape[1]
        r[:, :k] = self._off(u, which)
        jacobian[:, :, :k] = np.eye(k) / (self.spread if which is None else self.spread[which])[..., None, :]
        return r, jacobian

    def joined(self, problems: Sequence[Problem]) -> dict[str, Any]:
        """Return the priors of data sets that are stacked."""
        several = [p for p in problems if isinstance(p, WithPrior)]
        return {"mean": np.stack([p.mean for p in several]), "spread": np.stack([p.spread for p in several])}

    def _off(self, u: np.ndarray, which: np.ndarray | None) -> np.ndarray:
        mean, spread = (self.mean, self.spread) if which is None else (self.mean[which], self.spread[which])
        found: np.ndarray = (u - mean) / spread
        return found


def with_prior(problem: Problem, mean: np.ndarray, spread: np.ndarray) -> WithPrior:
    """Return a problem with rows for a prior before its own; mean and spread are of shape (P,)."""
    ones = np.ones(len(mean))
    pads = {"inputs": tuple(np.concatenate([ones, x]) for x in problem.inputs), "y": np.concatenate([ones, problem.y])}
    fields = {f: getattr(problem, f) for f in problem.__dataclass_fields__}
    return WithPrior(**{**fields, **pads, "mean": mean, "spread": spread})


def nearest_to_the_starts(problem: Problem, weights: np.ndarray) -> tuple[WithPrior, np.ndarray]:
    """Return the problem with a prior for fewer rows than constants, and its weights, shape (P + n,).

    Many constants fit such rows equally well. The prior selects those nearest to the middle of the ranges of the starts, in units of
    half a range: the maximum a posteriori under a normal prior there and a noise of 1 %.
    """
    low, high = start_ranges(problem)
    scale = 0.01 * problem.smoothing  # so small that the robust loss of the prior's rows is quadratic
    prior = with_prior(problem, 0.5 * (low + high), 0.5 * (high - low) / scale)
    return prior, np.concatenate([np.full(len(low), (_NOISE / scale) ** 2), weights])
