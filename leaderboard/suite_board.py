"""The board of a suite: the leaders of every track, the general-purpose entries, and the best track of each specialised law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from scalingbench.benchmark.tasks.frozen import Rules
from scalingbench.common.tables import Format, Table, cell, csv_of, interval, number
from scalingbench.leaderboard.board import Board

__all__ = ["LEADERS", "SuiteBoard", "leader_of", "specialists", "suite_board"]

LEADERS = 3
"""Number of predictors shown for each track."""
_TRACK_HEADER = ("track", "tasks", "clusters", "published", "rank", "predictor", "skill", "", "entered", "tasks", "regret")
_SPECIALIST_HEADER = ("predictor", "best track", "place", "skill", "", "entered", "tasks", "best overall entry")


@dataclass(frozen=True, eq=False, repr=False)
class SuiteBoard(Board):
    """The whole board: its rows are the general-purpose entries, ranked on all tasks that extrapolate.

    Attributes
    ----------
    tracks : mapping of str to Board
        Board of each track, best first, without pairwise comparisons.
    published : mapping of str to tuple of str
        First and last month in which a track's collections were published.
    specialists : DataFrame
        One row per family without a general-purpose entry: predictor, family, best_track, rank and places there, skill with
        skill_low and skill_high on the whole track, skill_entered on the tasks it entered, tasks_entered, tasks_total, and
        leader_skill, the skill of the best overall entry on the same tasks.
    placed : int, optional
        Only laws with a rank up to this on a track are specialists; None is all.
    general : float
        Share of the weight that a general-purpose entry must have entered.
    leader : str
        The best general-purpose entry; empty is the first row.
    """

    tracks: Mapping[str, Board] = field(default_factory=dict)
    published: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    specialists: pd.DataFrame = field(default_factory=pd.DataFrame)
    placed: int | None = None
    general: float = Rules().general
    leader: str = ""

    def cut(self, top: int | None = None, *, variants: bool = True) -> SuiteBoard:
        """Return the board with the first general-purpose rows, and specialised laws of the same ranks on a track; or without variants.

        Without variants and without `top`, the specialised laws are those in the table of tracks.
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
            f"Tracks: the first {LEADERS} predictors of each; skill imputes a task not entered as the "
            "reference's, 'entered' is the skill on the tasks entered."
        )
        return Table(_TRACK_HEADER, rows, frozenset({0, 3, 5}), note, minor=(3, 2))

    def _leaders(self, name: str, board: Board) -> list[list[str]]:
        first, last = self.published.get(name, ("-", "-"))
        about = [name, str(board.n_tasks), str(board.n_clusters), first if first == last else f"{first} to {last}"]
        return [
            [
                *(about if i == 0 else [""] * len(about)),
                cell(row["rank"], ""),
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
        """Return the best track of each specialised law."""
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
        leader = self.leader or leader_of(self)
        among = "" if self.placed is None else f"; only those in the first {self.placed} places there"
        note = (
            f"Specialised laws, which enter less than {self.general:.0%} of the weight, on the track of their best place{among}; "
            f"'entered' is the skill on the tasks entered, 'best overall entry' that of {leader} on the same tasks."
        )
        return Table(_SPECIALIST_HEADER, rows, frozenset({0, 1}), note)

    def render(self, form: Format = "md") -> str:
        if form == "csv":
            return csv_of(self._flat())
        if form not in ("md", "latex"):
            return super().render(form)
        texts = [t.markdown() if form == "md" else t.latex() for t in self.tables()]
        return "\n\n".join(texts if len(self.rows) or form == "latex" else [*texts, self.caption])

    def tables(self) -> list[Table]:
        return [t for t in (self.track_table(), self.table(), self.specialist_table()) if t.rows]

    def _flat(self) -> pd.DataFrame:
        """Return the rows of all boards, the first column names the board."""
        boards = {"overall": self.rows, "specialised": self.specialists, **{name: board.rows for name, board in self.tracks.items()}}
        flat = pd.concat([rows.astype(object).assign(board=name) for name, rows in boards.items() if len(rows)])
        return flat[["board", *flat.columns.drop("board")]]

    def facts(self) -> dict[str, Any]:
        tracks = {name: {**board.facts(), "published": self.published.get(name)} for name, board in self.tracks.items()}
        placed = {} if self.placed is None else {"placed": self.placed}
        return {**super().facts(), **placed, "specialists": self.specialists.to_dict("records"), "tracks": tracks}


def suite_board(
    overall: Board, tracks: Mapping[str, Board], counted: pd.DataFrame, skill_on_entered: Callable[[str, str, str], float]
) -> SuiteBoard:
    """Return the board of a suite.

    Parameters
    ----------
    overall, tracks, skill_on_entered
        As `specialists` takes them.
    counted : DataFrame
        Descriptions of the counted tasks.
    """
    months = counted.dropna(subset="published").groupby("track")["published"].agg(["min", "max"])
    published = {str(name): (str(first), str(last)) for name, first, last in months.itertuples()}
    facts = {name: getattr(overall, name) for name in Board.__dataclass_fields__}
    rows = specialists(overall, tracks, skill_on_entered)
    return SuiteBoard(**facts, tracks=tracks, published=published, specialists=rows)


def specialists(overall: Board, tracks: Mapping[str, Board], skill_on_entered: Callable[[str, str, str], float]) -> pd.DataFrame:
    """Return the families without a general-purpose entry, each on the track where its head has the best place.

    Parameters
    ----------
    overall : Board
        The general-purpose entries.
    tracks : mapping of str to Board
        Board of each track.
    skill_on_entered : callable
        Function from a predictor, another one and a track to the skill of the first on the tasks that the other entered.
    """
    general = set(overall.rows["family"])
    leader = leader_of(overall)
    best: dict[str, dict[str, Any]] = {}
    for name, board in tracks.items():
        heads = board.heads[list(_PLACE)].to_dict("records")
        for row in (row for row in heads if row["family"] not in general and not pd.isna(row["rank"])):
            found: dict[str, Any] = {**{str(k): v for k, v in row.items()}, "best_track": name, "places": len(heads)}
            if row["family"] not in best or _better(found, best[row["family"]]):
                best[row["family"]] = found
    place = list(tracks)
    rows = sorted(best.values(), key=lambda row: (place.index(row["best_track"]), row["rank"], row["predictor"]))
    for law in rows:
        law["leader_skill"] = skill_on_entered(leader, law["predictor"], law["best_track"])
    return pd.DataFrame(rows, columns=["predictor", "family", "best_track", "rank", "places", *_PLACE[3:], "leader_skill"])


def leader_of(overall: Board) -> str:
    """Return the best general-purpose entry; the reference without any."""
    return str(overall.heads["predictor"].iloc[0]) if len(overall.rows) else overall.reference


_PLACE = ("predictor", "family", "rank", "skill", "skill_low", "skill_high", "skill_entered", "tasks_entered", "tasks_total")


def _better(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a place on one track is better than that on another; skill breaks ties."""
    return (one["rank"], -one["skill"]) < (other["rank"], -other["skill"])
