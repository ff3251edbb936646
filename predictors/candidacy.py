"""Where AutoLaw may use a law: declared by the class of the law, or by a catalogue entry that overrides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["NOT_CHOSEN", "TOO_NEW", "Candidacy", "Candidate", "NotCandidate"]


@dataclass(frozen=True)
class Candidate:
    """AutoLaw tries the law on every data set that has its variables, within these limits.

    Parameters
    ----------
    when : {"always", "one-variable", "several-variables"}
        Number of numeric columns of the data set. A form that equals another in one variable needs several.
    values : {"any", "shares"}
        With ``"shares"`` the law is not tried where a value is above 1.
    needs : tuple of str
        Columns that must be present, though the law can be fitted without them.
    unless : tuple of str
        The law is not tried where all of these columns are present: laws that read them replace it.
    most_rows, most_columns : int
        Limits on training rows and numeric columns, for laws with a cost or constants that grow with them.
    plain : bool
        Whether it has weight where no back-test is possible.
    order : int
        Rank among candidates of equal back-test error; ties follow the registry.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.make("kaplan").candidate
    Candidate(when='always', values='any', needs=(), unless=(), most_rows=4000, most_columns=1000, plain=False, order=100)
    >>> sb.Candidate(when="several-variables", most_rows=500)
    Candidate(when='several-variables', values='any', needs=(), unless=(), most_rows=500, most_columns=1000, plain=False, order=100)
    """

    when: Literal["always", "one-variable", "several-variables"] = "always"
    values: Literal["any", "shares"] = "any"
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
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
            and not (self.unless and set(self.unless) <= set(columns))
            and n_rows <= self.most_rows
            and n_numeric <= self.most_columns
        )


@dataclass(frozen=True)
class NotCandidate:
    """AutoLaw leaves the law out.

    Parameters
    ----------
    reason : str
        The reason.

    Examples
    --------
    >>> import scalingbench as sb
    >>> sb.make("mean").candidate
    NotCandidate(reason='a baseline that ignores scale')
    """

    reason: str


Candidacy = Candidate | NotCandidate

NOT_CHOSEN = NotCandidate("not among the candidates, which were chosen before any held-out result")
"""For laws that no candidate replaces. A new candidate needs a new choice of the defaults (``perf/tuning``)."""

TOO_NEW = NotCandidate("added after the candidates were chosen; the next choice may admit it")
"""For laws that could be candidates; until then the results of AutoLaw stay what they are."""
