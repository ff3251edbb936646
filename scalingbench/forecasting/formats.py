"""Percentages and factors as people read them."""

from __future__ import annotations

__all__ = ["as_percent", "as_times"]


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


def _plain(value: float, digits: int) -> str:
    """Return a number without an exponent below 1e12, with commas."""
    short = float(f"{value:.{digits}g}") if abs(value) < 1000 else float(f"{value:.3g}")
    return f"{short:,.0f}" if 10**digits <= abs(short) < 1e12 else f"{short:.{digits}g}"
