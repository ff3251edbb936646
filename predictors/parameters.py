"""A law's constants: roles, bounds, and scaling with the units of the data.

A law lists its constants with the helpers below. The engine fits on normalised data (each input
divided by its geometric mean, the response likewise), so bounds and starts are written for data
of order one and never depend on the user's units. Each constant states how it scales, so that its
fitted value can be converted back: ``amplitude("A", N="alpha")`` is multiplied by ``y0 * N0**alpha``, with the
normalising constants ``y0`` of the response and ``N0`` of input ``N``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

__all__ = ["Parameter", "Power", "amplitude", "exponent", "factor", "irreducible", "level", "location", "positive", "real"]

Power = float | str | Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""An exponent of a unit: a number, a parameter's name (``"-b"`` negates), or a function of all parameters.

The function gets the parameters by name, and the log of each normalising constant as ``"ln x"``.
"""

Role = Literal["irreducible", "amplitude", "exponent", "location", "positive", "real"]


@dataclass(frozen=True)
class Parameter:
    """One constant of a law.

    Parameters
    ----------
    name : str
        Name in the paper and of the formula's argument.
    role : str
        ``irreducible`` (additive, >= 0, linear), ``amplitude`` (multiplies a term, > 0, linear),
        ``exponent`` (> 0, of order 0.01 to 3), ``location`` (a point on the axis of an input, > 0),
        ``positive`` (> 0, not linear), ``real`` (any sign).
    low, high : float
        Bounds in normalised units; infinite where there is none.
    scale : mapping
        Unit: the power of each normalising constant that multiplies the fitted value. Keys are ``y``
        and names of inputs.
    shift : mapping
        Logarithmic unit: the multiple of the log of each normalising constant that is added to the
        fitted value, before `scale` (the ``b`` of ``exp(a x + b)`` has ``shift={"y": 1}``).
    start : tuple of float, optional
        Range that starts are drawn from, in normalised units (log-uniform where the role is
        positive); by default the role's.
    linear : bool
        Whether the formula is linear in it, given the others.
    """

    name: str
    role: Role
    low: float
    high: float
    scale: Mapping[str, Power] = field(default_factory=dict)
    shift: Mapping[str, Power] = field(default_factory=dict)
    start: tuple[float, float] | None = None
    linear: bool = False

    @property
    def positive(self) -> bool:
        """Whether it is searched in logarithms."""
        return self.role in ("amplitude", "exponent", "location", "positive")

    def raw(self, scales: Mapping[str, float], params: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the value in the units of the data from the normalised one.

        Parameters
        ----------
        scales : mapping
            Normalising constant of ``y`` and of each input.
        params : mapping
            Normalised values of all parameters (exponents are dimensionless).
        """
        if not (self.scale or self.shift):
            return params[self.name]
        known = {**params, **{f"ln {key}": np.log(value) for key, value in scales.items()}}
        return (params[self.name] + _log_units(self.shift, scales, known)) * np.exp(_log_units(self.scale, scales, known))


def _log_units(units: Mapping[str, Power], scales: Mapping[str, float], params: Mapping[str, np.ndarray]) -> np.ndarray | float:
    return sum((_power(power, params) * np.log(scales[key]) for key, power in units.items()), start=0.0)


def _power(power: Power, params: Mapping[str, np.ndarray]) -> np.ndarray | float:
    if callable(power):
        return power(params)
    if isinstance(power, str):
        return -params[power[1:]] if power.startswith("-") else params[power]
    return power


def irreducible(name: str = "E") -> Parameter:
    """Additive floor of the response, in its unit, at least 0.

    Examples
    --------
    >>> import scalingbench as sb
    >>> E = sb.irreducible()
    >>> E.name, E.role, E.linear
    ('E', 'irreducible', True)
    """
    return Parameter(name, "irreducible", 0.0, np.inf, {"y": 1.0}, linear=True)


def amplitude(name: str, *, linear: bool = True, start: tuple[float, float] | None = None, **scale: Power) -> Parameter:
    """Positive factor of a term; ``amplitude("A", N="alpha")`` multiplies ``N**-alpha``.

    Examples
    --------
    >>> import scalingbench as sb
    >>> A = sb.amplitude("A", N="alpha")
    >>> A.role, A.scale
    ('amplitude', {'y': 1.0, 'N': 'alpha'})
    """
    return Parameter(name, "amplitude", 0.0, np.inf, {"y": 1.0, **scale}, {}, start, linear)


def level(name: str, **shift: Power) -> Parameter:
    """Additive constant of any sign; ``level("a", x="-b")`` is the ``a`` of ``a + b log x``.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.level("a", x="-b").shift
    {'x': '-b'}
    """
    return Parameter(name, "real", -np.inf, np.inf, {"y": 1.0}, shift, linear=True)


def factor(name: str, *, shift: Mapping[str, Power] | None = None, **scale: Power) -> Parameter:
    """Factor of a term, of any sign: `amplitude` for responses that may rise or fall.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.factor("A", N="alpha").positive
    False
    """
    return Parameter(name, "real", -np.inf, np.inf, {"y": 1.0, **scale}, shift or {}, linear=True)


def exponent(name: str, low: float = 1e-3, high: float = 10.0, start: tuple[float, float] | None = None) -> Parameter:
    """Positive exponent, dimensionless.

    Examples
    --------
    >>> import scalingbench as sb
    >>> alpha = sb.exponent("alpha", high=1.0)
    >>> alpha.low, alpha.high
    (0.001, 1.0)
    """
    return Parameter(name, "exponent", low, high, {}, {}, start)


def location(name: str, *, start: tuple[float, float] | None = None, **scale: Power) -> Parameter:
    """Point on the axis of an input, positive: ``location("d", x=1)``; 1 is the middle of the data.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.location("d", x=1).scale
    {'x': 1}
    """
    return Parameter(name, "location", 0.0, np.inf, scale, {}, start)


def positive(name: str, low: float = 0.0, high: float = np.inf, start: tuple[float, float] | None = None, **scale: Power) -> Parameter:
    """Any other positive constant; dimensionless by default, see `scale`.

    Examples
    --------
    >>> import scalingbench as sb
    >>> delta = sb.positive("delta", high=1.0)
    >>> delta.positive, delta.linear
    (True, False)
    """
    return Parameter(name, "positive", low, high, scale, {}, start)


def real(
    name: str,
    low: float = -np.inf,
    high: float = np.inf,
    start: tuple[float, float] | None = None,
    *,
    linear: bool = False,
    scale: Mapping[str, Power] | None = None,
    shift: Mapping[str, Power] | None = None,
) -> Parameter:
    """Constant of any sign, searched without a transformation.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.real("b", low=-1.0, high=1.0).role
    'real'
    """
    return Parameter(name, "real", low, high, scale or {}, shift or {}, start, linear)
