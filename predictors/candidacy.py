"""Where AutoLaw may use a law: every law says so in its class, and an entry of the catalogue that differs from its class says so itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["NOT_CHOSEN", "Candidacy", "Candidate", "NotCandidate"]


@dataclass(frozen=True)
class Candidate:
    """AutoLaw tries the law on every data set that has its variables, within these limits.

    Parameters
    ----------
    when : {"always", "one-variable", "several-variables"}
        By how many numeric columns the data set has. A form that coincides with another in one variable is tried on several.
    values : {"any", "shares"}
        Whether the law's response is a share: it is not tried where a value is above 1.
    needs : tuple of str
        Columns without which the law loses its point, though it can be fitted.
    most_rows, most_columns : int
        Most training rows, and numeric columns, that it is tried on: for laws whose cost or constants grow with them.
    plain : bool
        Whether it shares the weight where nothing could be back-tested.
    order : int
        Candidates that do equally well in back-tests stand in this order, and those of one order as in the registry.
    """

    when: Literal["always", "one-variable", "several-variables"] = "always"
    values: Literal["any", "shares"] = "any"
    needs: tuple[str, ...] = ()
    most_rows: int = 4_000
    most_columns: int = 1_000
    plain: bool = False
    order: int = 100

    def admits(self, columns: Sequence[str], n_numeric: int, n_rows: int, highest: float) -> bool:
        """Return whether a data set of these columns, rows and highest value is within the limits."""
        alone = n_numeric == 1
        return (
            (self.when == "always" or alone == (self.when == "one-variable"))
            and (self.values == "any" or highest <= 1.0)
            and set(self.needs) <= set(columns)
            and n_rows <= self.most_rows
            and n_numeric <= self.most_columns
        )


@dataclass(frozen=True)
class NotCandidate:
    """AutoLaw leaves the law out.

    Parameters
    ----------
    reason : str
        Why.
    """

    reason: str


Candidacy = Candidate | NotCandidate

NOT_CHOSEN = NotCandidate("not among the candidates, which were chosen before any held-out result")
"""For laws that no candidate stands for. To add one is to choose the defaults again (``perf/tuning``)."""
