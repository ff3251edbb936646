"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from scalingbench.cli.completion import collection_names, listed, predictor_names, suite_names, track_names
from scalingbench.common.names import unknown_name
from scalingbench.common.tracks import TRACKS

__all__ = [
    "CPUS",
    "All",
    "Backend",
    "CollectionName",
    "Collections",
    "Fresh",
    "Intervals",
    "Jobs",
    "Json",
    "Limit",
    "Out",
    "Predictors",
    "Resume",
    "Scheduler",
    "SuiteName",
    "Top",
    "Track",
    "known_track",
]

CPUS = os.cpu_count() or 1
_SYNTHETIC = "synthetic"  # the board of synthetic worlds, which commands of the board take for a track


def known_track(name: str | None) -> str | None:
    """Return the name of a track; an unknown one is refused before anything is imported that takes long.

    Raises
    ------
    InputError
        If there is no such track; suggests the nearest.
    """
    if name is not None and name not in (*TRACKS, _SYNTHETIC):
        raise unknown_name("track", name, TRACKS)
    return name


All = Annotated[bool, typer.Option("--all", help="Also run on fetch-only collections with local upstream files.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SuiteName = Annotated[str, typer.Option("--suite", help="Suite name, or a YAML file.", autocompletion=suite_names)]
Out = Annotated[Path, typer.Option("--out", help="Folder for the result files.")]
Jobs = Annotated[
    int, typer.Option("--jobs", min=1, help="Number of worker processes; results do not depend on it.", show_default="all processors")
]
Resume = Annotated[bool, typer.Option("--resume", help="Keep finished results in the folder if they are still valid.")]
Limit = Annotated[
    float,
    typer.Option("--time-limit", min=0.1, help="Seconds for one predictor on a task of one fold; each further fold adds a tenth."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Run all again: re-use no committed result.")]
Backend = Annotated[str, typer.Option("--backend", help="Where the fits run: local, or dask (extra 'cluster').")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", help="Address of a dask scheduler; by default one is started here, with --jobs workers.")
]
Track = Annotated[str | None, typer.Option("--track", help="Only this track.", autocompletion=track_names, callback=known_track)]
Predictors = Annotated[str | None, typer.Option(help="Names, separated by commas.", autocompletion=listed(predictor_names))]
Collections = Annotated[
    str | None, typer.Option("--collections", help="Names, separated by commas.", autocompletion=listed(collection_names))
]
CollectionName = Annotated[str, typer.Argument(help="Name of a collection.", autocompletion=collection_names)]
Intervals = Annotated[bool, typer.Option("--intervals", help="Also store the quantiles .1, .5 and .9 of predictors that give them.")]
Top = Annotated[int | None, typer.Option("--top", min=1, help="Only this many predictors.")]
