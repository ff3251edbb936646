"""The tracks of the board: kinds of tasks, each with its own ranking."""

from typing import Literal, get_args

__all__ = ["TRACKS", "Track"]

Track = Literal[
    "curve",
    "compute",
    "data-constrained",
    "architecture",
    "hyperparameters",
    "training-curve",
    "mixture",
    "transfer",
    "downstream",
    "inference",
    "interpolation",
]
TRACKS: tuple[Track, ...] = get_args(Track)
