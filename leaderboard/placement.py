"""Placement of predictors: their neighbours on the board, and their rank on every track."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.suite_board import SuiteBoard

__all__ = ["Placement", "placement_of"]

_NEIGHBOURS = 2


@dataclass(frozen=True, eq=False, repr=False)
class Placement:
    """The placement of predictors; `str` gives the text that ``scalingbench evaluate`` prints.

    Attributes
    ----------
    board : Board
        The whole board.
    tracks : mapping of str to Board
        The board of each track that one of them entered, if there are several tracks.
    predictors : tuple of str
        The predictors that are placed.
    notes : tuple of str
        One line for each predictor that the whole board does not rank.
    """

    board: Board
    tracks: Mapping[str, Board]
    predictors: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def neighbours(self) -> Board:
        """The rows of the board around the predictors, and the row of the reference."""
        rows = self._rows(self.board)
        places = rows.index[rows["predictor"].isin(self.predictors)]
        near = [any(abs(i - place) <= _NEIGHBOURS for place in places) for i in range(len(rows))]
        return replace(self.board, rows=rows[pd.Series(near, dtype=bool) | (rows["predictor"] == self.board.reference)])

    @property
    def places(self) -> dict[str, str]:
        """By track: text with the ranks of the predictors."""
        return {track: self._places(board) for track, board in self.tracks.items()}

    def _rows(self, board: Board) -> pd.DataFrame:
        """Return the rows of the heads of families, and those of the placed predictors."""
        return board.rows[(board.rows["variant_of"] == "") | board.rows["predictor"].isin(self.predictors)].reset_index(drop=True)

    def _places(self, board: Board) -> str:
        rows = self._rows(board)
        return "; ".join(_place(rows, i) for i in rows.index[rows["predictor"].isin(self.predictors)])

    def __str__(self) -> str:
        lines = [*self.notes, *(f"{track} ({self.tracks[track].n_tasks} tasks): {places}" for track, places in self.places.items())]
        return "\n\n".join([self.neighbours.render(), *(["\n".join(lines)] if lines else [])])

    def __repr__(self) -> str:
        return f"Placement({', '.join(self.predictors)} among {len(self._rows(self.board))} of suite {self.board.suite})"

    def _repr_html_(self) -> str:
        return self.neighbours._repr_html_()


def _place(rows: pd.DataFrame, i: int) -> str:
    shown = [f"{name} {skill:.3f}" for name, skill in zip(rows["predictor"], rows["skill"], strict=True)]
    above = f", below {shown[i - 1]}" if i > 0 else ""
    below = f", above {shown[i + 1]}" if i + 1 < len(rows) else ""
    return f"{shown[i]} is {i + 1} of {len(rows)}{above}{below}"


def placement_of(board: Board, predictors: tuple[str, ...], share_entered: Callable[[str], float]) -> Placement:
    """Return the placement of predictors on a board, and on its tracks if it has any.

    Parameters
    ----------
    board : Board
        The whole board.
    predictors : tuple of str
        The predictors that are placed.
    share_entered : callable
        Function from a predictor to the share of the weight that it entered.
    """
    if not isinstance(board, SuiteBoard):
        return Placement(board, {}, predictors)
    own = {name: b for name, b in board.tracks.items() if b.rows["predictor"].isin(predictors).any()}
    shares = {name: share_entered(name) for name in predictors if name not in set(board.rows["predictor"])}
    notes = (f"{name} enters {share:.0%} of the weight: a specialised law, ranked on tracks only" for name, share in shares.items())
    return Placement(board.overall, own, predictors, tuple(notes))
