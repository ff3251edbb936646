"""The commands that read results: leaderboard, compare, cite, release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from scalingbench.cli.console import print_board, split_names
from scalingbench.cli.options import Json, Names, SuiteName, Top, Track
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.tables import Format

__all__ = ["COMMANDS"]

Folder = Annotated[Path | None, typer.Option("--results", help="Folder of result files; by default those that come with the package.")]
By = Literal["track", "domain", "metric", "extrapolation", "compute-share", "rows", "noise"]


def leaderboard(
    results: Folder = None,
    suite: SuiteName = DEFAULT_SUITE,
    track: Track = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = "md",
    top: Top = None,
    variants: Annotated[bool, typer.Option("--variants", help="Also the other recipes of a law, under the one that heads it.")] = False,
    by: Annotated[By | None, typer.Option("--by", help="Skill on each slice of the suite instead of one number.")] = None,
    release: Annotated[str | None, typer.Option("--release", help="Print a released board unchanged.")] = None,
) -> None:
    """Print the board of a folder of results."""
    from leaderboard.releases import load_release
    from leaderboard.results import Results

    if release is not None:
        print(load_release(release).cut(top, variants=variants).render(form))
        return
    found = Results.load(suite, results).select(track=track)
    if by is not None and found.suite.protocol is None:
        print(found.skill_by(by, top).render(form))
        return
    print_board(found, form, top=top, variants=variants)


def compare(
    results: Folder = None,
    suite: SuiteName = DEFAULT_SUITE,
    predictors: Names = None,
    track: Track = None,
    top: Annotated[int, typer.Option("--top", min=2, help="How many of the board, unless they are named.")] = 12,
    out: Annotated[Path | None, typer.Option("--out", help="Also draw it: .svg, .png or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Test which predictors the collections can tell apart."""
    from leaderboard.results import Results
    from leaderboard.significance import draw

    comparison = Results.load(suite, results).select(track=track).compare(split_names(predictors), top=top)
    if out is not None:
        draw(comparison, out)
    print(comparison.render("json") if as_json else comparison)


def cite(
    predictor: Annotated[str | None, typer.Option("--predictor", help="Also the law's papers.")] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", help="Only this collection's papers, not those of all ranked on.")
    ] = None,
    suite: SuiteName = DEFAULT_SUITE,
    form: Annotated[Literal["bibtex", "apa", "cff"], typer.Option("--format", help="Output format.")] = "bibtex",
) -> None:
    """Print what to cite: the suite at its version, the law, the collections that its score rests on."""
    from leaderboard.references import citations

    print(citations(suite, predictor, collection, form))


def release(
    suite: SuiteName = DEFAULT_SUITE,
    results: Folder = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of releases.")] = Path("leaderboard/releases"),
) -> None:
    """Freeze the board under its version, to be printed unchanged by 'leaderboard --release'."""
    from leaderboard.results import Results
    from scalingbench.common.files import replacing

    board = Results.load(suite, results).board()
    path = out / f"{board.version}.json"
    with replacing(path) as temporary:
        temporary.write_text(board.render("json") + "\n", encoding="utf-8")
    print(path)


def site(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    suite: SuiteName = DEFAULT_SUITE,
    results: Folder = None,
) -> None:
    """Write the static site: board, predictors, collections and tasks, ready for Hugging Face Spaces and GitHub Pages."""
    from leaderboard.results import Results
    from leaderboard.site.build import build_site, check_site_can_be_written
    from scalingbench.cli.console import say

    check_site_can_be_written(out)
    print(f"{out}: {build_site(Results.load(suite, results), out, say)} pages")


COMMANDS: dict[str, Callable[..., None]] = {"leaderboard": leaderboard, "compare": compare, "cite": cite, "release": release, "site": site}
