"""Chinchilla's form with its full posterior: predictions average over the constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from scalingbench.common.errors import PredictorError
from scalingbench.predictors import fitting
from scalingbench.predictors.candidacy import Candidacy, NotCandidate
from scalingbench.predictors.laws.priors import ChinchillaWithPrior

__all__ = ["ChinchillaPosterior", "stretch_moves"]

_WALKERS, _ROUNDS, _KEPT = 64, 1000, 20
_PRIOR_NOISE = 1e-3  # prior scale of the noise, as a logarithm
_PRIOR_ROWS = 2.0  # prior weight of that scale, in rows


class ChinchillaPosterior(ChinchillaWithPrior):
    r"""Chinchilla's form, averaged over the posterior of its constants.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    The prior is that of `ChinchillaWithPrior`, with wide log-normal ones on the amplitudes. The noise is normal in the logarithm of the
    loss, and its scale is integrated out. The posterior is sampled with the affine-invariant moves of Goodman & Weare 2010
    (doi 10.2140/camcos.2010.5.65), in two halves of walkers. A prediction is the mean of the logarithm over the draws; quantiles
    are those of the draws plus noise.

    Attributes
    ----------
    draws_ : ndarray, shape (S, P)
        Coordinates of the constants.
    noise_ : ndarray, shape (S,)
        Standard deviation of the noise, as a logarithm, of each draw.
    """

    candidate: ClassVar[Candidacy] = NotCandidate("slow, and its mean is close to chinchilla[prior]")  # type: ignore[assignment]
    prior: ClassVar[Mapping[str, tuple[float, float]]] = {
        **ChinchillaWithPrior.prior,
        "A": (np.log(0.3), 2.0),
        "B": (np.log(0.3), 2.0),
    }

    def _store(self, result: fitting.FitResult) -> None:
        super()._store(result)
        problem, own = self._problem, self._weights
        mean, spread = self._stated(self)
        low, high = problem.bounds
        freedom = float((own > 0).sum()) + _PRIOR_ROWS

        def squares(u: np.ndarray) -> np.ndarray:
            found: np.ndarray = (own * problem.residuals(u) ** 2).sum(axis=1) + _PRIOR_ROWS * _PRIOR_NOISE**2
            return found

        def density(u: np.ndarray) -> np.ndarray:
            inside = ((u >= low) & (u <= high)).all(axis=1)
            log = -0.5 * freedom * np.log(squares(np.clip(u, low, high))) - 0.5 * (((u - mean) / spread) ** 2).sum(axis=1)
            return np.where(inside, log, -np.inf)

        rng = np.random.default_rng(self.random_state)
        slopes = problem.linearise(result.u[None])[1][0] * np.sqrt(own)
        nearby = np.linalg.inv(slopes @ slopes.T * freedom / squares(result.u[None])[0] + np.diag(spread**-2.0))
        around = np.clip(rng.multivariate_normal(result.u, nearby, _WALKERS), low, high)
        self.draws_ = stretch_moves(density, around, _ROUNDS, _KEPT, rng)
        self.noise_ = np.sqrt(squares(self.draws_) / rng.chisquare(freedom, len(self.draws_)))

    def _logs(self, X: pd.DataFrame) -> np.ndarray:
        check_is_fitted(self, "draws_")
        X = self._read(X)
        found: np.ndarray = np.log(np.maximum(self._evaluate(self.inputs(X), self.draws_), 1e-300))
        return found

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict values, shape (n,): the mean of the logarithm over the posterior."""
        found: np.ndarray = np.exp(self._logs(X).mean(axis=0))
        return found

    def predict_quantiles(
        self, X: pd.DataFrame, levels: Sequence[float], *, method: Literal["bootstrap", "delta"] = "bootstrap", n_resamples: int = 200
    ) -> np.ndarray:
        """Predict quantiles of a new measurement by the posterior, shape (n, len(levels)); `method` and `n_resamples` are not used."""
        logs = self._logs(X)
        noise = np.random.default_rng([self.random_state, 1]).standard_normal(logs.shape) * self.noise_[:, None]
        found: np.ndarray = np.exp(np.quantile(logs + noise, np.asarray(levels, float), axis=0).T)
        return found

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if self.space != "log" or self.loss != "l2":
            raise PredictorError("loss, space: the posterior needs normal noise in the logarithm, so loss 'l2' and space 'log'")


def stretch_moves(
    density: Callable[[np.ndarray], np.ndarray], walkers: np.ndarray, rounds: int, kept: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw from a density with the affine-invariant ensemble sampler, eq. 7 of Goodman & Weare 2010, with a = 2.

    Parameters
    ----------
    density : callable
        Logarithm of the density up to a constant, shape (W,), at points of shape (W, P).
    walkers : ndarray, shape (W, P)
        Starting points; W is even.
    rounds : int
        Moves of every walker.
    kept : int
        Number of returned rounds, evenly spaced over the second half.
    rng : Generator
        Source of the draws.

    Returns
    -------
    ndarray, shape (kept * W, P)
    """
    x, half, n = walkers.copy(), len(walkers) // 2, walkers.shape[1]
    log = density(x)
    wanted = set(np.linspace(rounds // 2, rounds - 1, kept).astype(int).tolist())
    found = []
    for step in range(rounds):
        for mine, others in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
            z = (1.0 + rng.random(half)) ** 2 / 2.0
            partner = x[others][rng.integers(0, half, half)]
            proposed = partner + z[:, None] * (x[mine] - partner)
            after = density(proposed)
            with np.errstate(invalid="ignore"):
                accepted = np.log(rng.random(half)) < (n - 1) * np.log(z) + after - log[mine]
            x[mine] = np.where(accepted[:, None], proposed, x[mine])
            log[mine] = np.where(accepted, after, log[mine])
        if step in wanted:
            found.append(x.copy())
    return np.concatenate(found)
