"""What one training run will end at, from its own curve, its learning rates and finished runs.

Power laws here are averaged over their exponent, with the other constants solved for: a fit takes a few milliseconds, because a
forecast is made at every evaluation and back-tested each time, and what the exponent leaves open is in its spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scalingbench.forecasting.rate_schedules import Schedule

__all__ = ["Curve", "Guess", "annealed_power", "like_finished", "power_of_steps"]

_EXPONENTS = np.geomspace(0.03, 2.0, 24)
_EARLY = 0.1
"""Share of the rows' range that is left out: the warm-up and the first steps follow no power law."""
_FEWEST, _MOST = 4, 60
_GAIN, _GAIN_SD = 0.045, 0.03
"""Share of the loss that goes when the learning rate falls to 0: the multi-power law with its published constants (Luo et al. 2025)
gives 4 to 5 % for rates of 3e-4; its standard deviation before rows tell."""
_LEAST_NOISE = 1e-4
"""Relative scatter of the values below which it is rounding."""


@dataclass(frozen=True)
class Curve:
    """Measured values of one run.

    Attributes
    ----------
    name : str
        The run.
    clock, values : ndarray, shape (n,)
        Steps (tokens, epochs) in rising order, and the loss at each.
    end : float
        The planned end of training.
    schedule : Schedule, optional
        Its learning rates.
    """

    name: str
    clock: np.ndarray
    values: np.ndarray
    end: float
    schedule: Schedule | None = None

    def upto(self, at: float) -> Curve:
        """Return the curve as it was known at a time."""
        known = self.clock <= at * (1.0 + 1e-9)
        return Curve(self.name, self.clock[known], self.values[known], self.end, self.schedule)

    @property
    def share(self) -> float:
        """Share of training that is done."""
        return float(self.clock[-1] / self.end)


@dataclass(frozen=True)
class Guess:
    """A value and its relative standard deviation by one law alone."""

    value: float
    spread: float


def power_of_steps(curve: Curve, at: float, _: Sequence[Curve] = ()) -> Guess | None:
    """Return the value at a time by a power law of the steps above a constant; None below four rows."""
    if len(curve.clock) < _FEWEST:
        return None
    rows = _rows(curve.clock)
    return _average(curve.clock[rows] / curve.end, curve.values[rows], at / curve.end)


def annealed_power(curve: Curve, at: float, _: Sequence[Curve] = ()) -> Guess | None:
    r"""Return the value at a time by a power law of the summed learning rate, and a gain from its fall; None without rates.

    .. math:: L(t) = E + A S(t)^{-b} - G (1 - \eta(t) / \eta_{max})

    The form is that of Tissue et al. 2024, eq. 1 (arXiv 2408.11029), with the drop of the learning rate itself in place of its
    momentum; the gain G has a prior, because the rows before a decay say nothing about it.
    """
    if curve.schedule is None or len(curve.clock) < _FEWEST:
        return None
    rows = _rows(curve.clock)
    times = np.append(curve.clock[rows], at)
    progress, drop = curve.schedule.progress(times), curve.schedule.drop(times)
    if progress[0] <= 0:
        return None
    return _average(progress[:-1], curve.values[rows], progress[-1], drop[:-1], drop[-1])


def like_finished(curve: Curve, at: float, others: Sequence[Curve] = ()) -> Guess | None:
    """Return the value at a time if the curve goes on like finished runs at the same share of training; None without any.

    Each run's logarithm of the loss is shifted to the later half of the rows; the median over runs is the value.
    """
    share = curve.clock / curve.end
    late = share >= 0.5 * share[-1]
    found = [value for other in others if (value := _continued(share[late], curve.values[late], at / curve.end, other)) is not None]
    if not found:
        return None
    logs = np.log(found)
    return Guess(float(np.exp(np.median(logs))), float(np.std(logs)))


def _continued(share: np.ndarray, values: np.ndarray, at: float, other: Curve) -> float | None:
    known = other.clock / other.end
    inside = share >= known[0]
    if not inside.any() or len(known) < _FEWEST:
        return None
    shift = np.mean(np.log(values[inside]) - np.interp(share[inside], known, np.log(other.values)))
    return float(np.exp(shift + np.interp(at, known, np.log(other.values))))


def _rows(clock: np.ndarray) -> np.ndarray:
    """Return the rows that are fitted: after the first steps, evenly thinned."""
    rows = np.flatnonzero(clock >= _EARLY * clock[-1])
    rows = rows if len(rows) >= _FEWEST else np.arange(len(clock))
    return rows if len(rows) <= _MOST else rows[np.linspace(0, len(rows) - 1, _MOST).astype(int)]


def _average(x: np.ndarray, values: np.ndarray, at: float, drop: np.ndarray | None = None, drop_at: float = 0.0) -> Guess | None:
    """Return the mean over exponents of a constant plus a power of x, less a gain times the drop, weighted by likelihood."""
    scale, columns = float(values[-1]), 2 if drop is None else 3
    power = x[None, :] ** -_EXPONENTS[:, None]
    at_end = at**-_EXPONENTS
    F = np.stack([np.ones_like(power), power - at_end[:, None], *([] if drop is None else [np.broadcast_to(-drop, power.shape)])], axis=2)
    point = np.array([1.0, 0.0, -drop_at][:columns])
    fits = [_solve(f, values / scale, columns == 3) for f in F]
    means = np.array([point @ theta for theta, _, _ in fits])
    within = np.array([point @ covariance @ point for _, covariance, _ in fits])
    legal = np.array([theta[1] >= 0 and theta[0] - theta[1] * end >= 0 for (theta, _, _), end in zip(fits, at_end, strict=True)])
    score = np.array([s for _, _, s in fits]) - np.where(legal, 0.0, 50.0)
    weights = np.exp(score - score.max())
    weights /= weights.sum()
    mean = float(weights @ means)
    if not np.isfinite(mean) or mean <= 0:
        return None
    return Guess(mean * scale, float(np.sqrt(weights @ (within + (means - mean) ** 2))) / mean)


def _solve(F: np.ndarray, z: np.ndarray, with_gain: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Return constants, covariance and log likelihood of a linear fit, the third constant with a prior."""
    precision = np.zeros(F.shape[1])
    centre = np.zeros(F.shape[1])
    if with_gain:
        precision[2], centre[2] = _GAIN_SD**-2, _GAIN
    noise = 1e-5
    for _ in range(3):
        H = F.T @ F / noise + np.diag(precision + 1e-9)
        theta = np.linalg.solve(H, F.T @ z / noise + precision * centre)
        rest = z - F @ theta
        noise = max(float(rest @ rest) / max(len(z) - 3, 1), _LEAST_NOISE**2)
    score = -0.5 * len(z) * np.log(noise) - 0.5 * float(precision @ (theta - centre) ** 2)
    return theta, np.linalg.inv(H), score
