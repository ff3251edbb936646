"""Values that a source derives, the same on every processor.

Processors round the last bit of a logarithm differently, and a table's digest and a task's fingerprint see every bit.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext

import pandas as pd

__all__ = ["natural_log", "years_since_2020"]

_DIGITS = 40
"""More than twice those of a float: the last rounding, which is the only one that counts, is right."""


_START = pd.Timestamp("2020-01-01")


def years_since_2020(dates: pd.Series) -> pd.Series:
    """Return dates in years of 365.25 days since the first day of 2020; NaN where a date is missing."""
    return (pd.to_datetime(dates) - _START).dt.days / 365.25


def natural_log(values: pd.Series) -> pd.Series:
    """Return natural logarithms, each correctly rounded; NaN where a value is missing."""
    return pd.Series(list(_logs(values)), index=values.index, dtype=float)


def _logs(values: Iterable[float]) -> Iterable[float]:
    with localcontext() as context:
        context.prec = _DIGITS
        for value in values:
            yield float(Decimal(float(value)).ln())
