"""Values that a source derives, the same on every processor.

Processors round the last bit of a logarithm differently, and a table's digest and a task's fingerprint see every bit.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext

import pandas as pd

__all__ = ["natural_log"]

_DIGITS = 40
"""More than twice those of a float: the last rounding, which is the only one that counts, is right."""


def natural_log(values: pd.Series) -> pd.Series:
    """Return natural logarithms, each correctly rounded; NaN where a value is missing."""
    return pd.Series(list(_logs(values)), index=values.index, dtype=float)


def _logs(values: Iterable[float]) -> Iterable[float]:
    with localcontext() as context:
        context.prec = _DIGITS
        for value in values:
            yield float(Decimal(float(value)).ln())
