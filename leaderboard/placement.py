"""Placement of predictors: their neighbours on the board, and their rank on every track."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scalingbench.common.defaults import TOLERANCE
from scalingbench.common.messages import count_of
from scalingbench.common.tables import Table, interval, number
from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.columns import milliseconds
from scalingbench.leaderboard.suite_board import SuiteBoard

__all__ = ["Placement", "placement_of", "same_errors", "usual_seconds"]

_NEIGHBOURS = 2
_FEWEST = 2  # tasks from which the same errors say something
_TIMES = "(here): the predictor placed. Its fit time is that of this machine; those of the others are of the machine of their results."


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
        One line for each predictor that has the errors of others, or that the whole board does not rank.
    """

    board: Board
    tracks: Mapping[str, Board]
    predictors: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def neighbours(self) -> Board:
        """The rows of the board around the predictors, and the row of the reference."""
        rows = self._rows(self.board)
        near = self._near(rows, _NEIGHBOURS)
        return replace(self.board, rows=rows[near | (rows["predictor"] == self.board.reference)])

    def by_track(self) -> Table:
        """Return the rows of the predictors on every track, each between the one above and the one below."""
        cells = [line for track in self.tracks for line in self._track_rows(track)]
        return Table(("track", "rank", "predictor", "skill", "95 % interval", "fit ms"), cells, frozenset({0, 2}), _TIMES, minor=(5, 4))

    def _track_rows(self, track: str) -> Iterator[tuple[str, ...]]:
        rows = self._rows(self.tracks[track])
        title = f"{track} ({count_of(self.tracks[track].n_tasks, 'task')})"
        for i in rows.index[self._near(rows, 1)]:
            row = rows.loc[i]
            name = f"{row['predictor']} (here)" if row["predictor"] in self.predictors else str(row["predictor"])
            bounds = interval(row["skill_low"], row["skill_high"], 2)
            yield title, f"{i + 1} of {len(rows)}", name, number(row["skill"], 3), bounds, milliseconds(row)
            title = ""

    def _near(self, rows: pd.DataFrame, most: int) -> pd.Series:
        """Return which rows are at most so many places from one of the predictors."""
        places = rows.index[rows["predictor"].isin(self.predictors)]
        return pd.Series([any(abs(i - place) <= most for place in places) for i in range(len(rows))], dtype=bool)

    def _rows(self, board: Board) -> pd.DataFrame:
        """Return the rows of the heads of families, and those of the placed predictors."""
        return board.rows[(board.rows["variant_of"] == "") | board.rows["predictor"].isin(self.predictors)].reset_index(drop=True)

    def text(self, width: int | None = None) -> str:
        """Return the neighbours on the board, those on each track and the notes: as Markdown, or for a terminal of a width."""
        board, tracks = self.neighbours, self.by_track()
        parts = [board.render() if width is None else board.fitted(width)]
        if self.tracks:
            parts.append(tracks.markdown() if width is None else tracks.fitted(width))
        return "\n\n".join([*parts, *(["\n".join(self.notes)] if self.notes else [])])

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Placement({', '.join(self.predictors)} among {len(self._rows(self.board))} of suite {self.board.suite})"

    def _repr_html_(self) -> str:
        return self.neighbours._repr_html_()


def same_errors(scores: pd.DataFrame, predictor: str) -> tuple[str, ...]:
    """Return the predictors that have the same error, within the tolerance of a submission, on every task that this one entered."""
    errors = scores.pivot_table(index="task", columns="predictor", values="error")
    own = errors.pop(predictor).dropna()
    if len(own) < _FEWEST:
        return ()
    close = np.isclose(errors.loc[own.index], own.to_numpy()[:, None], rtol=TOLERANCE, atol=0.0)
    return tuple(map(str, errors.columns[np.flatnonzero(close.all(axis=0))]))


def usual_seconds(scores: pd.DataFrame) -> tuple[float, float]:
    """Return the seconds of all fits between which the middle half of the predictors lies."""
    total = (scores["fit_seconds"] * scores["folds"]).groupby(scores["predictor"]).sum()
    return float(total.quantile(0.25)), float(total.quantile(0.75))


def placement_of(
    board: Board, predictors: tuple[str, ...], share_entered: Callable[[str], float], same: Callable[[str], tuple[str, ...]]
) -> Placement:
    """Return the placement of predictors on a board, and on its tracks if it has any.

    Parameters
    ----------
    board : Board
        The whole board.
    predictors : tuple of str
        The predictors that are placed.
    share_entered : callable
        Function from a predictor to the share of the weight that it entered.
    same : callable
        Function from a predictor to those with the same errors.
    """
    notes = [f"{name} predicts as {', '.join(twins)} does: the same errors" for name in predictors if (twins := same(name))]
    if not isinstance(board, SuiteBoard):
        return Placement(board, {}, predictors, tuple(notes))
    own = {name: b for name, b in board.tracks.items() if b.rows["predictor"].isin(predictors).any()}
    shares = {name: share_entered(name) for name in predictors if name not in set(board.rows["predictor"])}
    notes += [f"{name} enters {share:.0%} of the weight: a specialised law, ranked on tracks only" for name, share in shares.items()]
    return Placement(board.overall, own, predictors, tuple(notes))
