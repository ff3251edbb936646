"""Boards of the literature: the law forms of papers alone, one row each, under the names of their families."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from scalingbench.leaderboard.board import Board
from scalingbench.leaderboard.ranking import ranks_of
from scalingbench.leaderboard.suite_board import SuiteBoard, leader_of, specialists
from scalingbench.predictors.registry import published_families

__all__ = ["literature"]


def literature(board: Board, skill_on_entered: Callable[[str, str, str], float]) -> Board:
    """Return the published law forms of a board. The head of a family stands for it; ranks are among them.

    Parameters
    ----------
    board : Board
        A board of all predictors; of a `SuiteBoard` remain the published forms of every track, and the best track of each.
    skill_on_entered : callable
        As `specialists` takes it.
    """
    return _of_suite(board, skill_on_entered) if isinstance(board, SuiteBoard) else _of_track(board)


def _of_track(board: Board) -> Board:
    rows = board.heads[board.heads["family"].isin(published_families())]
    named = rows[rows["predictor"] != rows["family"]]
    stand_for = ", ".join(f"{family} is {name}" for family, name in zip(named["family"], named["predictor"], strict=True))
    ranks = ranks_of(rows["skill"].to_numpy(float), rows["rank"].notna().to_numpy())
    intervals = {key: np.nan for key in ("rank_low", "rank_high") if key in rows}  # those of the board are of places among all
    words = ", ".join(filter(None, [board.choice, "published law forms" + (f" ({stand_for})" if stand_for else "")]))
    return replace(board, rows=rows.assign(rank=ranks, **intervals, predictor=rows["family"]).reset_index(drop=True), choice=words)


def _of_suite(board: SuiteBoard, skill_on_entered: Callable[[str, str, str], float]) -> SuiteBoard:
    tracks: Mapping[str, Board] = {name: _of_track(track) for name, track in board.tracks.items()}
    heads = {
        (name, family): predictor
        for name, track in board.tracks.items()
        for family, predictor in zip(track.heads["family"], track.heads["predictor"], strict=True)
    }
    rows = specialists(board.overall, tracks, lambda leader, family, track: skill_on_entered(leader, heads[track, family], track))
    words = ", ".join(filter(None, [board.choice, "published law forms"]))
    return replace(board, rows=board.rows.iloc[:0], tracks=tracks, specialists=rows, choice=words, leader=leader_of(board))
