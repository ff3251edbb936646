"""Learning rates over a whole training run: logged so far, and planned to its end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scalingbench.common.errors import InputError
from scalingbench.common.names import unknown_name

__all__ = ["SHAPES", "RateShape", "Schedule", "parse_schedule", "schedule_of"]

_KNOTS = 400
_AGREES = 0.03
"""Share of the peak within which logged rates agree with a shape."""
_FEWEST = 4
"""Logged rates from which a shape can be told."""
_STABLE = 0.8
"""Share of a warm-up-stable-decay run after which its rate falls."""


def _wsd(u: np.ndarray, stable: float) -> np.ndarray:
    return np.clip((1.0 - u) / (1.0 - stable), 0.0, 1.0)


SHAPES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "constant": lambda u, _: np.ones_like(u),
    "linear": lambda u, _: 1.0 - u,
    "cosine": lambda u, _: 0.5 * (1.0 + np.cos(np.pi * u)),
    "wsd": _wsd,
}
"""Learning rate over its peak at a share of training after the warm-up."""


@dataclass(frozen=True)
class RateShape:
    """A shape of a schedule.

    Attributes
    ----------
    name : str
        One of `SHAPES`.
    stable : float
        For ``wsd``: the share after which the rate falls.
    final : float
        Last rate over the peak.
    """

    name: str
    stable: float = _STABLE
    final: float = 0.0

    def at(self, share: np.ndarray) -> np.ndarray:
        """Return the rate over its peak at shares of training, shape (n,)."""
        u = np.clip(np.asarray(share, float), 0.0, 1.0)
        return self.final + (1.0 - self.final) * SHAPES[self.name](u, self.stable)

    def __str__(self) -> str:
        text = f"wsd={self.stable:g}" if self.name == "wsd" else self.name
        return f"{text}:{self.final:g}" if self.final else text


@dataclass(frozen=True)
class Schedule:
    """Learning rates from the start of a run to its end.

    Attributes
    ----------
    clock, rates : ndarray, shape (n,)
        Knots between which the rate is a straight line; the first is at 0, the last at the end of training.
    what : str
        Where the rates are from.
    known : bool
        Whether the rest of it is known: stated, or told by rates that have begun to fall.
    """

    clock: np.ndarray
    rates: np.ndarray
    what: str
    known: bool

    def progress(self, at: np.ndarray) -> np.ndarray:
        """Return the summed learning rate up to each time over that of the whole run, shape of `at`."""
        pieces = 0.5 * (self.rates[1:] + self.rates[:-1]) * np.diff(self.clock)
        summed = np.concatenate([[0.0], np.cumsum(pieces)])
        return np.asarray(np.interp(at, self.clock, summed / summed[-1]))

    def drop(self, at: np.ndarray) -> np.ndarray:
        """Return by which share the rate lies below its highest so far, shape of `at`."""
        highest = np.maximum.accumulate(np.maximum(self.rates, 1e-300))
        fallen = np.where(highest > 1e-300, 1.0 - self.rates / highest, 0.0)
        return np.asarray(np.interp(at, self.clock, fallen))


def parse_schedule(text: str) -> RateShape:
    """Return the shape that ``cosine``, ``linear:0.1`` or ``wsd=0.8`` states.

    Raises
    ------
    InputError
        If the shape is unknown or a number is outside [0, 1).

    Examples
    --------
    >>> parse_schedule("wsd=0.9:0.1")
    RateShape(name='wsd', stable=0.9, final=0.1)
    """
    found = re.fullmatch(r"([a-z]+)(?:=([0-9.]+))?(?::([0-9.]+))?", text.strip())
    name = found[1] if found else text
    if name not in SHAPES:
        raise InputError(f"--schedule: {unknown_name('schedule', name, list(SHAPES))}")
    stable, final = (_share(text, number, otherwise) for number, otherwise in zip(found.groups()[1:], (_STABLE, 0.0), strict=True))  # type: ignore[union-attr]
    return RateShape(name, stable, final)


def _share(text: str, number: str | None, otherwise: float) -> float:
    try:
        value = otherwise if number is None else float(number)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1.0:
        raise InputError(f"--schedule: expected a share from 0 to below 1, got {text!r}")
    return value


def schedule_of(clock: np.ndarray, rates: np.ndarray, end: float, shape: RateShape | None) -> Schedule | None:
    """Return the learning rates of a whole run; None where none is logged or stated.

    Parameters
    ----------
    clock, rates : ndarray, shape (n,)
        Logged learning rates, which may be empty.
    end : float
        The end of training, in the unit of `clock`.
    shape : RateShape, optional
        The planned shape; without one it is told from the logged rates, which stay as they are where they have no known shape.
    """
    if not len(clock):
        return None if shape is None else _planned(np.linspace(0.0, end, _KNOTS), shape, end)
    peak, warm = float(rates.max()), float(clock[np.argmax(rates)])
    told = shape or _told(clock, rates, warm, end)
    rest = clock[-1] + (end - clock[-1]) * np.linspace(0.0, 1.0, _KNOTS)[1:] if clock[-1] < end else np.empty(0)
    after = np.full(len(rest), rates[-1]) if told is None else peak * told.at(_after(rest, warm, end))
    start = (np.zeros(1), np.zeros(1) if len(rates) > 1 and rates[0] < peak else rates[:1]) if clock[0] > 0 else (np.empty(0), np.empty(0))
    what = "logged, then held" if told is None else f"logged, then {told}"
    known = shape is not None or not len(rest) or (told is not None and told.name != "constant")
    return Schedule(np.concatenate([start[0], clock, rest]), np.concatenate([start[1], rates, after]), what, known)


def _planned(clock: np.ndarray, shape: RateShape, end: float) -> Schedule:
    return Schedule(clock, shape.at(_after(clock, 0.0, end)), str(shape), True)


def _after(clock: np.ndarray, warm: float, end: float) -> np.ndarray:
    """Return the share of training after the warm-up."""
    return np.asarray((clock - warm) / max(end - warm, 1e-300))


def _told(clock: np.ndarray, rates: np.ndarray, warm: float, end: float) -> RateShape | None:
    """Return the simplest shape that the logged rates after the warm-up agree with."""
    later = clock >= warm
    if later.sum() < _FEWEST:
        return None
    seen, share = rates[later] / rates.max(), _after(clock[later], warm, end)
    shapes = (RateShape("constant"), *(RateShape(name, final=final) for final in (0.0, 0.1) for name in ("linear", "cosine")))
    return next((s for s in shapes if np.abs(s.at(share) - seen).max() < _AGREES), None)
