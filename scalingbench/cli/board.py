"""The commands that read results: leaderboard, compare, cite, release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from scalingbench.cli.console import print_board, split_names
from scalingbench.cli.options import Format, Json, Names, SuiteName, Top, Track
from scalingbench.common.defaults import DEFAULT_SUITE

if TYPE_CHECKING:
    from benchmark.evaluation.results import TaskResult
    from benchmark.tasks.suite import Suite

__all__ = ["COMMANDS"]

Results = Annotated[Path | None, typer.Option("--results", help="Folder of result files; by default those that come with the package.")]
By = Literal["track", "domain", "metric", "extrapolation", "compute-share", "rows", "noise"]


def leaderboard(
    results: Results = None,
    suite: SuiteName = DEFAULT_SUITE,
    track: Track = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = "md",
    top: Top = None,
    variants: Annotated[bool, typer.Option("--variants", help="Also the other recipes of a law, under the one that heads it.")] = False,
    by: Annotated[By | None, typer.Option("--by", help="Skill on each part of the suite instead of one number.")] = None,
    release: Annotated[str | None, typer.Option("--release", help="Print a released board unchanged.")] = None,
) -> None:
    """Print the board of a folder of results."""
    from leaderboard.results import released, skill_table

    if release is not None:
        print(released(release, form, top, variants))
        return
    chosen, found = _load(results, suite)
    if by is not None and chosen.protocol is None:
        from leaderboard.rendering import render_parts

        print(render_parts(*skill_table(found, chosen, chosen.build(track=track), by, top), by, form))
        return
    print_board(found, chosen, chosen.build(track=track), track, form, top=top, variants=variants)


def compare(
    results: Results = None,
    suite: SuiteName = DEFAULT_SUITE,
    predictors: Names = None,
    track: Track = None,
    top: Annotated[int, typer.Option("--top", min=2, help="How many of the board, unless they are named.")] = 12,
    out: Annotated[Path | None, typer.Option("--out", help="Also draw it: .svg, .png or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Test which predictors the collections can tell apart."""
    from leaderboard.results import comparison_of, render_comparison
    from leaderboard.significance import draw

    chosen, found = _load(results, suite)
    comparison = comparison_of(found, chosen, chosen.build(track=track), split_names(predictors), top)
    if out is not None:
        draw(comparison, out)
    print(render_comparison(comparison, as_json))


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
    results: Results = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of releases.")] = Path("leaderboard/releases"),
) -> None:
    """Freeze the board under its version, to be printed unchanged by 'leaderboard --release'."""
    from leaderboard.rendering import render
    from leaderboard.results import board_of
    from scalingbench.common.files import replacing

    chosen, found = _load(results, suite)
    board = board_of(found, chosen, chosen.tasks)
    path = out / f"{board.version}.json"
    with replacing(path) as temporary:
        temporary.write_text(render(board, "json") + "\n", encoding="utf-8")
    print(path)


def site(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    suite: SuiteName = DEFAULT_SUITE,
    results: Results = None,
) -> None:
    """Write the static site: board, predictors, collections and tasks, ready for Hugging Face Spaces and GitHub Pages."""
    from benchmark.tasks.suite import load_suite
    from leaderboard.site.build import build_site
    from scalingbench.cli.console import say

    print(f"{out}: {build_site(load_suite(suite), results, out, say)} pages")


def _load(results: Path | None, suite: str) -> tuple[Suite, tuple[TaskResult, ...]]:
    from benchmark.tasks.suite import load_suite
    from leaderboard.results import results_of

    chosen = load_suite(suite)
    return chosen, results_of(results, chosen)


COMMANDS: dict[str, Callable[..., None]] = {"leaderboard": leaderboard, "compare": compare, "cite": cite, "release": release, "site": site}
