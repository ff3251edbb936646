"""Data sets and one law, normalised and turned into a least-squares-like problem.

Inputs and response are divided by their geometric means, so that starts, bounds and tolerances
mean the same in every unit. Positive parameters are searched in logarithms; coordinates are
called u, parameters in normalised units theta, and in the user's units raw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from scalingbench.predictors.fitting.duals import derivatives
from scalingbench.predictors.fitting.losses import Loss, Space
from scalingbench.predictors.parameters import Parameter

__all__ = ["Problem", "make_problem", "stack"]

_LOG_LIMIT = 40.0  # |log| of a positive parameter without a bound of its own
_FLOOR = 1e-12  # floor of predictions on a log scale
_L1_DELTA = 1e-6


@dataclass(frozen=True)
class Problem:
    """What the engine minimises.

    Attributes
    ----------
    parameters : sequence of Parameter
        The law's constants, P of them.
    formula, jacobian : callable
        The law; the Jacobian may be None.
    turn : callable, optional
        Maps the searched parameters to the formula's constants, if they differ.
    constants : sequence of Parameter
        The formula's constants; by default they are `parameters`.
    inputs : tuple of ndarray, shape (n,)
        Normalised inputs; (K, n) for K data sets that were stacked.
    y : ndarray, shape (n,)
        Normalised response; likewise.
    scales : mapping
        Normalising constants of the response (``y``) and each input; empty for stacked data sets.
    """

    parameters: Sequence[Parameter]
    formula: Callable[..., np.ndarray]
    jacobian: Callable[..., np.ndarray] | None
    inputs: tuple[np.ndarray, ...]
    y: np.ndarray
    scales: Mapping[str, float]
    loss: Loss
    space: Space
    delta: float
    turn: Callable[..., Sequence[Any]] | None = None
    constants: Sequence[Parameter] = ()

    @cached_property
    def positive(self) -> np.ndarray:
        """Mask of the parameters searched in logarithms, shape (P,)."""
        return np.array([p.positive for p in self.parameters])

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bounds of u, each of shape (P,)."""
        with np.errstate(divide="ignore"):
            low = np.array([np.log(p.low) if p.positive else p.low for p in self.parameters])
            high = np.array([np.log(p.high) if p.positive else p.high for p in self.parameters])
        low = np.where(self.positive, np.maximum(low, -_LOG_LIMIT), low)
        return low, np.where(self.positive, np.minimum(high, _LOG_LIMIT), high)

    @property
    def smoothing(self) -> float:
        """The delta in use; l1 is Huber with a very small delta."""
        return _L1_DELTA if self.loss == "l1" else self.delta

    def theta(self, u: np.ndarray) -> np.ndarray:
        """Return normalised parameters, shape (..., P)."""
        theta = np.array(u, dtype=float)
        theta[..., self.positive] = np.exp(theta[..., self.positive])
        return theta

    def u(self, theta: np.ndarray) -> np.ndarray:
        """Return coordinates within the bounds, shape (..., P)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.where(self.positive, np.log(np.where(self.positive, theta, 1.0)), theta)
        inside: np.ndarray = np.clip(np.nan_to_num(u, nan=0.0), *self.bounds)
        return inside

    def raw(self, u: np.ndarray) -> np.ndarray:
        """Return parameters in the user's units, shape (..., P)."""
        theta = np.moveaxis(self.theta(u), -1, 0)
        constants = self.constants or self.parameters
        by_name = dict(zip((p.name for p in constants), theta if self.turn is None else self.turn(*theta), strict=True))
        return np.stack([p.raw(self.scales, by_name) for p in constants], axis=-1)

    def evaluate(self, inputs: tuple[np.ndarray, ...], theta: np.ndarray) -> np.ndarray:
        """Evaluate the law on normalised inputs, shape (S, n)."""
        with np.errstate(all="ignore"):
            result = np.asarray(self._law(*inputs, *(theta[:, [p]] for p in range(theta.shape[1]))), float)
        return np.broadcast_to(result, (len(theta), inputs[0].shape[-1]))

    def _law(self, *arguments: Any) -> Any:
        n = len(self.inputs)
        parameters = arguments[n:] if self.turn is None else self.turn(*arguments[n:])
        return self.formula(*arguments[:n], *parameters)

    def values(self, theta: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Evaluate the formula, shape (S, n); `which` names each row's data set where several are stacked."""
        return self.evaluate(self._inputs(which), theta)

    def joined(self, problems: Sequence[Problem]) -> dict[str, Any]:
        """Return further per-data-set attributes of a stack, by name."""
        return {}

    def _inputs(self, which: np.ndarray | None) -> tuple[np.ndarray, ...]:
        return self.inputs if which is None else tuple(x[which] for x in self.inputs)

    def residuals(self, u: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return residuals, shape (S, n)."""
        return self._residuals(self.values(self.theta(u), which), which)

    def linearise(self, u: np.ndarray, which: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals (S, n) and their Jacobian by u (S, P, n)."""
        theta, inputs = self.theta(u), self._inputs(which)
        seeds = np.where(self.positive, theta, 1.0)
        with np.errstate(all="ignore"):
            if self.jacobian is not None:
                value = self.evaluate(inputs, theta)
                jacobian = self.jacobian(*inputs, *(theta[:, [p]] for p in range(theta.shape[1]))) * seeds[:, :, None]
            else:
                value, jacobian = derivatives(self._law, inputs, theta, seeds)
            if self.space == "log":
                jacobian *= np.where(value > _FLOOR, 1.0 / value, 0.0)[:, None, :]
        if not np.isfinite(jacobian.sum()):
            jacobian = np.nan_to_num(jacobian, nan=0.0, posinf=0.0, neginf=0.0)
        return self._residuals(value, which), jacobian

    def _residuals(self, value: np.ndarray, which: np.ndarray | None) -> np.ndarray:
        target = self._target if which is None else self._target[which]
        if self.space == "log":
            with np.errstate(all="ignore"):
                r = np.log(np.maximum(value, _FLOOR)) - target
        else:
            r = value - target
        kept: np.ndarray = r if np.isfinite(r).all() else np.nan_to_num(r, nan=1e6, posinf=1e6, neginf=-1e6)
        return kept

    @cached_property
    def _target(self) -> np.ndarray:
        return np.log(self.y) if self.space == "log" else self.y


def stack(problems: Sequence[Problem]) -> Problem:
    """Join data sets of one law; shorter ones are padded with ones, which must have weight 0."""
    longest = max(len(p.y) for p in problems)

    def padded(arrays: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack([np.pad(a, (0, longest - len(a)), constant_values=1.0) for a in arrays])

    inputs = tuple(padded([p.inputs[i] for p in problems]) for i in range(len(problems[0].inputs)))
    return replace(problems[0], inputs=inputs, y=padded([p.y for p in problems]), scales={}, **problems[0].joined(problems))


def make_problem(
    parameters: Sequence[Parameter],
    formula: Callable[..., np.ndarray],
    inputs: Mapping[str, np.ndarray],
    y: np.ndarray,
    *,
    jacobian: Callable[..., np.ndarray] | None = None,
    turn: Callable[..., Sequence[Any]] | None = None,
    constants: Sequence[Parameter] = (),
    shared: Sequence[Sequence[str]] = (),
    fixed: Sequence[str] = (),
    loss: Loss = "huber",
    space: Space = "log",
    delta: float = 1e-3,
) -> Problem:
    """Normalise a data set.

    Parameters
    ----------
    inputs : mapping of str to ndarray, shape (n,)
        In the order of the formula's first arguments.
    y : ndarray, shape (n,)
        Response; positive where `space` is log.
    shared : sequence of groups of names
        Inputs that must be divided by the same constant (tokens and unique tokens).
    fixed : sequence of str
        Inputs, or ``y``, that must not be rescaled.
    """
    scales = {name: 1.0 if name in fixed else _middle(x) for name, x in inputs.items()}
    for group in shared:
        common = _middle(np.concatenate([inputs[name] for name in group]))
        scales |= dict.fromkeys(group, common)
    scales["y"] = 1.0 if "y" in fixed else _middle(np.abs(y))
    normalised = tuple(x / scales[name] for name, x in inputs.items())
    return Problem(parameters, formula, jacobian, normalised, y / scales["y"], scales, loss, space, delta, turn, constants)


def _middle(x: np.ndarray) -> float:
    """Return the geometric mean of the positive values."""
    positive = x[x > 0]
    return float(np.exp(np.mean(np.log(positive)))) if positive.size else 1.0
