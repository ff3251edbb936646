"""The board of a suite with rules: every track with its leaders, the general-purpose entries, and where each specialised law is best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from leaderboard.board import Board
from scalingbench.common.tables import Format, Table, csv_of, interval, number

__all__ = ["GENERAL", "LEADERS", "SuiteBoard"]

GENERAL = 0.95
"""Share of the weight that an entry must have entered to be general-purpose."""
LEADERS = 3
"""How many of a track are shown on the board."""
_TRACK_HEADER = ("track", "tasks", "clusters", "published", "rank", "predictor", "skill", "", "entered", "tasks", "regret")
_SPECIALIST_HEADER = ("predictor", "best track", "place", "skill", "", "entered", "tasks", "first overall")


@dataclass(frozen=True, eq=False, repr=False)
class SuiteBoard(Board):
    """The whole board: its own rows are the general-purpose entries, ranked on all tasks that extrapolate.

    Attributes
    ----------
    tracks : mapping of str to Board
        Board of each track, best first, without duels.
    published : mapping of str to tuple of str
        First and last month in which a track's collections were published.
    specialists : DataFrame
        One row per family that enters less: predictor, family, best_track, rank of places there, skill with skill_low and
        skill_high on the whole track, skill_entered on the tasks it entered, tasks_entered of tasks_total, and leader_skill, the
        skill of the first of the overall board on the same tasks.
    placed : int, optional
        Only laws that are among this many first of a track are among the specialists; None is all of them.
    """

    tracks: Mapping[str, Board] = field(default_factory=dict)
    published: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    specialists: pd.DataFrame = field(default_factory=pd.DataFrame)
    placed: int | None = None

    def cut(self, top: int | None = None, *, variants: bool = True) -> SuiteBoard:
        """Return the board with its first general-purpose rows only, and the laws that place as high on a track; or without variants.

        Without variants and a number, specialised laws are those that the table of tracks shows.
        """
        tracks = {name: board.cut(variants=variants) for name, board in self.tracks.items()}
        rows = self.rows if variants else self.heads
        placed = top or (None if variants else LEADERS)
        cut = replace(self, rows=rows if top is None else rows.head(top), tracks=tracks)
        return cut if placed is None else replace(cut, placed=placed, specialists=self.specialists[self.specialists["rank"] <= placed])

    @property
    def overall(self) -> Board:
        """The general-purpose entries alone."""
        return Board(**{name: getattr(self, name) for name in Board.__dataclass_fields__})

    def track_table(self) -> Table:
        """Return the first rows of every track."""
        rows = [cells for name, board in self.tracks.items() for cells in self._leaders(name, board)]
        note = (
            f"Tracks: the first {LEADERS} of each among the predictors that can enter it; skill counts a task not entered as the "
            "reference's, 'entered' is the skill on the tasks entered."
        )
        return Table(_TRACK_HEADER, rows, frozenset({0, 3, 5}), note)

    def _leaders(self, name: str, board: Board) -> list[list[str]]:
        first, last = self.published.get(name, ("-", "-"))
        about = [name, str(board.n_tasks), str(board.n_clusters), first if first == last else f"{first} to {last}"]
        return [
            [
                *(about if i == 0 else [""] * len(about)),
                str(row["rank"]),
                row["predictor"],
                number(row["skill"], 3),
                interval(row["skill_low"], row["skill_high"], 2),
                number(row["skill_entered"], 3),
                f"{row['tasks_entered']}/{row['tasks_total']}",
                number(row["regret"], 2),
            ]
            for i, row in enumerate(board.heads.head(LEADERS).to_dict("records"))
        ]

    def specialist_table(self) -> Table:
        """Return where each specialised law is best."""
        rows = [
            [
                row["predictor"],
                row["best_track"],
                f"{row['rank']} of {row['places']}",
                number(row["skill"], 3),
                interval(row["skill_low"], row["skill_high"], 2),
                number(row["skill_entered"], 3),
                f"{row['tasks_entered']}/{row['tasks_total']}",
                number(row["leader_skill"], 3),
            ]
            for row in self.specialists.to_dict("records")
        ]
        leader = str(self.heads["predictor"].iloc[0]) if len(self.rows) else self.reference
        among = "" if self.placed is None else f"; only those that place in the first {self.placed} there"
        note = (
            f"Specialised laws, which enter less than {GENERAL:.0%} of the weight, on the track where each places best{among}; 'entered' "
            f"is the skill on the tasks entered, 'first overall' that of {leader} on the same tasks."
        )
        return Table(_SPECIALIST_HEADER, rows, frozenset({0, 1}), note)

    def render(self, form: Format = "md") -> str:
        if form == "csv":
            return csv_of(self._flat())
        if form not in ("md", "latex"):
            return super().render(form)
        tables = [t for t in (self.track_table(), self.table(), self.specialist_table()) if t.rows]
        return "\n\n".join(t.markdown() if form == "md" else t.latex() for t in tables)

    def _flat(self) -> pd.DataFrame:
        """Return the rows of all boards, the first column naming the board."""
        boards = {"overall": self.rows, "specialised": self.specialists, **{name: board.rows for name, board in self.tracks.items()}}
        flat = pd.concat([rows.astype(object).assign(board=name) for name, rows in boards.items() if len(rows)])
        return flat[["board", *flat.columns.drop("board")]]

    def facts(self) -> dict[str, Any]:
        tracks = {name: {**board.facts(), "published": self.published.get(name)} for name, board in self.tracks.items()}
        placed = {} if self.placed is None else {"placed": self.placed}
        return {**super().facts(), **placed, "specialists": self.specialists.to_dict("records"), "tracks": tracks}
