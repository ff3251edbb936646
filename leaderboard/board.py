"""A board: a ranking, its origin, and its printed forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from scalingbench.common.messages import count_of
from scalingbench.common.tables import Table, Tabular
from scalingbench.leaderboard.columns import columns_text, shown_columns

__all__ = ["Board"]

_FACTS = ("suite", "track", "n_tasks", "n_collections", "reference", "pool", "n_resamples", "seed", "version")


@dataclass(frozen=True, eq=False, repr=False)
class Board(Tabular):
    """A ranking.

    The ranking itself is a DataFrame, `rows`. Its origin is in the other attributes; a subclass of DataFrame would lose them
    with the first filter or join.

    Attributes
    ----------
    rows : DataFrame
        One row per predictor, best first, with the columns that docs/leaderboard.md lists
    suite : str
        Which tasks were ranked on, together with `track` (None is all), `n_tasks` and `n_collections`.
    reference : str
        Predictor whose error is the unit of skill.
    pool : tuple of str
        Predictors that win rates are measured against.
    n_resamples, seed : int
        Of the bootstrap over clusters.
    version : str
        Suite and hash of the ranked content, see `scalingbench.leaderboard.releases`.
    fingerprints : mapping of str to str
        Hash of the rows of every task ranked on; empty for a released board, whose version names them.
    exclusions : mapping of str to tuple of str
        Collections that a predictor was tuned or trained on; it is not ranked on them. Empty for a released board.
    n_clusters : int, optional
        Number of clusters of collections; None if each collection is a cluster of its own.
    choice : str
        Description of the selection of tasks, e.g. ``"bundled collections only"``.

    Examples
    --------
    >>> import scalingbench as sb
    >>> board = sb.Results.load("lite").select(track="compute").board()
    >>> board.track, board.n_tasks
    ('compute', 2)
    >>> board.rows["skill"].is_monotonic_decreasing
    True
    """

    rows: pd.DataFrame
    suite: str
    track: str | None
    n_tasks: int
    n_collections: int
    reference: str
    pool: tuple[str, ...]
    n_resamples: int
    seed: int
    version: str = ""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    exclusions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    n_clusters: int | None = None
    choice: str = ""

    @property
    def heads(self) -> pd.DataFrame:
        """The rows of the heads of families, best first."""
        return self.rows[self.rows["variant_of"] == ""]

    def cut(self, top: int | None = None, *, variants: bool = True) -> Board:
        """Return the board with its first rows only, or without variants."""
        rows = self.rows if variants else self.heads
        return replace(self, rows=rows if top is None else rows.head(top))

    @property
    def scope(self) -> str:
        """Suite and track as text."""
        return f"suite {self.suite}" + (f", track {self.track}" if self.track else "")

    @property
    def caption(self) -> str:
        """One sentence about what is ranked, and how."""
        scope = self.scope + (f", {self.choice}" if self.choice else "")
        where = f"{count_of(self.n_tasks, 'task')} of {count_of(self.n_collections, 'collection')}"
        unit = "collection" if self.n_clusters is None else "cluster"
        if self.n_clusters is not None:
            where += f" in {count_of(self.n_clusters, 'cluster')}"
        intervals = (
            f"[95 % intervals]: {self.n_resamples} bootstrap resamples of {unit}s"
            if (self.n_clusters or self.n_collections) > 1
            else f"no intervals, because they need more than one {unit} to resample"
        )
        version = f" Board version {self.version}." if self.version else ""
        return f"{scope}: {where}; skill against {self.reference}; {intervals}.{version}"

    def table(self) -> Table:
        columns = shown_columns(self.rows)
        header = [heading for column in columns for heading in column.headings]
        rows = [[cell for column in columns for cell in column.cells(row)] for row in self.rows.to_dict("records")]
        return Table(header, rows, frozenset({1}), self.caption)

    def facts(self) -> dict[str, Any]:
        clusters = {} if self.n_clusters is None else {"n_clusters": self.n_clusters, "choice": self.choice}
        return {**{name: getattr(self, name) for name in _FACTS}, **clusters, "rows": self.rows.to_dict("records")}

    def __repr__(self) -> str:
        first = f"; first: {self.rows.iloc[0]['predictor']}, skill {self.rows.iloc[0]['skill']:.3f}" if len(self.rows) else ""
        version = f"; version {self.version}" if self.version else ""
        return f"Board({self.scope}: {count_of(len(self.rows), 'predictor')} on {count_of(self.n_tasks, 'task')}{first}{version})"


Board.__doc__ = str(Board.__doc__).replace(" that docs/leaderboard.md lists", f"\n\n        {columns_text(' ' * 8)}")
