"""What a predictor would have said from the rows that were known at a date.

A table's column ``date`` is when a value was public, in years since 2020-01-01; a row without a date was never dated, so it
is never taken as known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from scalingbench.common.errors import LeaderboardError
from scalingbench.leaderboard.forecasts.making import Question

__all__ = ["DatedQuestion", "known_rows", "years_of"]

_EPOCH = date(2020, 1, 1)


def years_of(day: str) -> float:
    """Return a day as the tables write it.

    Examples
    --------
    >>> years_of("2021-01-01")
    1.0020533880903491
    """
    return (date.fromisoformat(day) - _EPOCH).days / 365.25


def known_rows(table: pd.DataFrame, cutoff: str) -> pd.DataFrame:
    """Return the rows whose value was public on the day of the cut-off or before.

    Raises
    ------
    LeaderboardError
        If the table has no dates.
    """
    if "date" not in table:
        raise LeaderboardError("a replay needs the column 'date': when each value became known")
    half_a_day = 0.5 / 365.25
    return table[table["date"].notna() & (table["date"] <= years_of(cutoff) + half_a_day)]


@dataclass(frozen=True)
class DatedQuestion:
    """A question whose training rows are those known at a date.

    Attributes
    ----------
    id, what, unit : str
        As in a `Question`.
    collection, curve, metric : str
        Where its rows are.
    inputs : tuple of str
        Columns that predictors read; ``date`` may be one.
    cutoff : str
        Day; rows that became known later are left out.
    targets : mapping of str to mapping
        Name of each target to its inputs.
    leave_out : tuple of str
        Runs that are never trained on, whatever their date: those that are forecast.
    by_hand : bool
        Whether the rows were typed in.
    """

    id: str
    what: str
    unit: str
    collection: str
    curve: str
    metric: str
    inputs: tuple[str, ...]
    cutoff: str
    targets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    by_hand: bool = False

    def question(self, table: pd.DataFrame) -> Question:
        """Return the question with the rows of a collection's table that were known.

        Raises
        ------
        LeaderboardError
            If nothing was known.
        """
        of = table[(table["curve"] == self.curve) & (table["metric"] == self.metric) & (table["flag"] == "")]
        rows = known_rows(of, self.cutoff)
        rows = rows[~rows["run"].isin(self.leave_out)].dropna(subset=[*self.inputs, "value"])
        if rows.empty:
            raise LeaderboardError(f"{self.id}: no row of {self.collection}, curve {self.curve}, was known on {self.cutoff}")
        kept = list(dict.fromkeys((*self.inputs, "value", *(["flops"] if "flops" in rows and rows["flops"].notna().all() else []))))
        return Question(
            id=self.id,
            what=self.what,
            metric=self.metric,
            unit=self.unit,
            inputs=self.inputs,
            rows=pd.DataFrame(rows[kept]).reset_index(drop=True),
            targets=self.targets,
            table=self.collection,
            selection=f"curve {self.curve}, known by {self.cutoff}",
            by_hand=self.by_hand,
        )
