r"""Laws of scale and mixture together: Chinchilla's form, and an exponential of the shares that multiplies it or is added to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from scalingbench.predictors.candidacy import Candidate
from scalingbench.predictors.laws.mixture import WithScale
from scalingbench.predictors.laws.priors import ChinchillaWithPrior, LawWithPrior
from scalingbench.predictors.parameters import Parameter, amplitude, exponent, irreducible, real

__all__ = ["MixturePlusScale", "MixtureTimesScale"]

_CONSTANT = 1e-6  # shares whose sum varies by less than this add up to a constant


class _ScaledMixture(LawWithPrior, WithScale):
    """Where the shares of the training rows add up to a constant, the last one is redundant and left out."""

    default_starts = 4  # every start ends at one optimum, so that few are enough
    extra_starts = 1
    prior: ClassVar[Mapping[str, tuple[float, float]]] = ChinchillaWithPrior.prior

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # type: ignore[override]
        """Chinchilla's five, then a rate per domain."""
        rates = self._per_domain(lambda name: real(name, -30.0, 30.0, start=(-0.5, 0.5)), "t")
        return (irreducible("E"), amplitude("A", N="alpha"), exponent("alpha"), amplitude("B", D="beta"), exponent("beta"), *rates)

    def _wanted(self, X: pd.DataFrame) -> tuple[str, ...]:
        found = super()._wanted(X)
        total = X[list(found[2:])].sum(axis=1)
        redundant = len(found) > 3 and float(np.ptp(total)) < _CONSTANT
        return found[:-1] if redundant else found


def _parts(arguments: Sequence[Any]) -> tuple[Any, Any, Sequence[Any], Sequence[Any], Sequence[Any]]:
    """Return N, D, the shares, Chinchilla's five constants and the rates."""
    n = (len(arguments) - 7) // 2
    return arguments[0], arguments[1], arguments[2 : 2 + n], arguments[2 + n : 7 + n], arguments[7 + n :]


def _powers(N: Any, D: Any, A: Any, alpha: Any, B: Any, beta: Any) -> tuple[Any, Any]:
    return A * N**-alpha, B * D**-beta


def _slopes(N: Any, D: Any, A: Any, alpha: Any, B: Any, beta: Any) -> tuple[Any, ...]:
    """Return the derivatives of both powers by A, alpha, B and beta."""
    size, data = N**-alpha, D**-beta
    return size, -A * size * np.log(N), data, -B * data * np.log(D)


def _mixture(shares: Sequence[Any], rates: Sequence[Any]) -> Any:
    return np.exp(np.minimum(sum(t * h for t, h in zip(rates, shares, strict=True)), 50.0))


class MixtureTimesScale(_ScaledMixture):
    r"""Chinchilla's form times an exponential of the shares.

    .. math:: L(N, D, h) = \left(E + A N^{-\alpha} + B D^{-\beta}\right) \exp\left(\sum_j t_j h_j\right)

    The mixture changes every run's loss by the same factor, whatever its size.
    """

    candidate = Candidate(order=83)

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from N, D and the shares, and then the constants."""
        N, D, shares, (E, *powers), rates = _parts(arguments)
        return (E + sum(_powers(N, D, *powers))) * _mixture(shares, rates)

    @staticmethod
    def jacobian(*arguments: Any) -> np.ndarray:
        """Return the derivatives by the constants, shape (S, P, n)."""
        N, D, shares, (E, *powers), rates = _parts(arguments)
        factor, by_power = _mixture(shares, rates), _slopes(N, D, *powers)
        whole = (E + sum(_powers(N, D, *powers))) * factor
        return np.stack(np.broadcast_arrays(factor, *(slope * factor for slope in by_power), *(whole * h for h in shares)), axis=1)


class MixturePlusScale(_ScaledMixture):
    r"""Chinchilla's form with an irreducible loss that is an exponential of the shares.

    .. math:: L(N, D, h) = E \exp\left(\sum_j t_j h_j\right) + A N^{-\alpha} + B D^{-\beta}

    The mixture changes every run's loss by the same amount, whatever its size.
    """

    candidate = Candidate(order=84)

    @staticmethod
    def formula(*arguments: Any) -> Any:
        """Return the loss, from N, D and the shares, and then the constants."""
        N, D, shares, (E, *powers), rates = _parts(arguments)
        return E * _mixture(shares, rates) + sum(_powers(N, D, *powers))

    @staticmethod
    def jacobian(*arguments: Any) -> np.ndarray:
        """Return the derivatives by the constants, shape (S, P, n)."""
        N, D, shares, (E, *powers), rates = _parts(arguments)
        factor, by_power = _mixture(shares, rates), _slopes(N, D, *powers)
        return np.stack(np.broadcast_arrays(factor, *by_power, *(E * factor * h for h in shares)), axis=1)
