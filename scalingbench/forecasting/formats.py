"""Percentages and factors as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from scalingbench.common.variables import VARIABLES
from scalingbench.forecasting.numbers import as_size

__all__ = ["as_percent", "as_target", "as_times", "as_value"]


def as_percent(share: float) -> str:
    """Return a share as a percentage of two digits.

    Examples
    --------
    >>> as_percent(0.0123), as_percent(1.5), as_percent(36.7)
    ('1.2 %', '150 %', '3,670 %')
    """
    return f"{_plain(100.0 * share, 2)} %"


def as_times(factor: float) -> str:
    """Return a factor with three digits.

    Examples
    --------
    >>> as_times(2.28), as_times(3671.0), as_times(0.0012)
    ('2.28', '3,670', '0.0012')
    """
    return _plain(factor, 3)


def as_value(name: str, value: float) -> str:
    """Return a value of a variable with four digits: numbers of parameters and tokens as they are said.

    Examples
    --------
    >>> as_value("params", 7e9), as_value("flops", 1e21), as_value("learning_rate", 3e-4)
    ('7B', '1e+21', '0.0003')
    """
    counted = name in VARIABLES and VARIABLES[name].unit in ("parameters", "tokens")
    return as_size(value, 4) if counted else f"{value:.4g}"


def as_target(target: Mapping[str, float]) -> str:
    """Return a target as ``--target`` takes it, to four digits.

    Examples
    --------
    >>> as_target({"params": 7e9, "tokens": 1.4e12})
    'params=7B, tokens=1.4T'
    """
    return ", ".join(f"{name}={as_value(name, value)}" for name, value in target.items())


def _plain(value: float, digits: int) -> str:
    """Return a number without an exponent below 1e12, with commas."""
    short = float(f"{value:.{digits}g}") if abs(value) < 1000 else float(f"{value:.3g}")
    return f"{short:,.0f}" if 10**digits <= abs(short) < 1e12 else f"{short:.{digits}g}"
