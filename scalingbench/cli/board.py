"""The commands that read results: leaderboard, compare, cite, release."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from scalingbench.cli.console import print_board, split_names
from scalingbench.cli.options import Json, Names, SuiteName, Top, Track
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.tables import Format

if TYPE_CHECKING:
    from scalingbench.leaderboard.results import Results

__all__ = ["COMMANDS"]

Folder = Annotated[Path | None, typer.Option("--results", help="Folder of result files; by default those in the package.")]
By = Literal["track", "domain", "metric", "extrapolation", "compute-share", "rows", "noise", "reach", "published", "kind", "tier"]
Bundled = Annotated[bool, typer.Option("--bundled", help="Only bundled collections, whose tables are part of the package.")]
After = Annotated[str | None, typer.Option("--published-after", help="Only collections first published after this month, YYYY-MM.")]


def leaderboard(
    results: Folder = None,
    suite: SuiteName = DEFAULT_SUITE,
    track: Annotated[str | None, typer.Option("--track", help="Only this track, or 'synthetic'.")] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = "md",
    top: Top = None,
    variants: Annotated[bool, typer.Option("--variants", help="Also list the variants of each family, below its head.")] = False,
    by: Annotated[By | None, typer.Option("--by", help="Skill on each slice of the suite instead of overall.")] = None,
    what: Annotated[
        Literal["skill", "coverage", "crps"],
        typer.Option("--what", help="With --by: skill, coverage of the 80 % interval, or skill by CRPS."),
    ] = "skill",
    bundled: Bundled = False,
    published_after: After = None,
    release: Annotated[str | None, typer.Option("--release", help="Print a released board unchanged.")] = None,
    with_committed: Annotated[
        bool, typer.Option("--beside-committed", help="With --results: add the committed results of all others.")
    ] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Recompute every stored score from its predictions, where data are available locally.")
    ] = False,
    store: Annotated[bool, typer.Option("--store", help="With --recompute: store the recomputed scores.")] = False,
) -> None:
    """Print the board of a folder of results, or of the results in the package."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: on small matrices threads only wait for each other
    if release is not None:
        from scalingbench.leaderboard.releases import load_release

        print(load_release(release).cut(top, variants=variants).render(form))
        return
    _check_options(recompute=recompute, store=store, results=results, with_committed=with_committed, what=what, by=by)
    if recompute:
        _recompute(suite, store)
    found = _read(suite, results, with_committed).select(track=track, bundled=bundled, published_after=published_after)
    if by is not None and found.protocol is None:
        print(found.by(by, top, what=what).render(form))
        return
    print_board(found, form, top=top, variants=variants)


def _read(suite: str, results: Path | None, with_committed: bool) -> Results:
    from scalingbench.leaderboard.results import Results

    found = Results.load(suite, results)
    return found.with_committed() if with_committed else found


def _recompute(suite: str, store: bool) -> None:
    """Recompute the stored scores. Report those that differ (exit status 1), or store the new ones."""
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.cli.console import exit_with, say
    from scalingbench.leaderboard.rescoring import rescore, store_scores
    from scalingbench.leaderboard.results import not_ranked_on

    found = rescore(load_suite(suite), not_ranked_on())
    say(f"{len(found.table)} scores on {found.n_tasks} tasks recomputed; {found.n_elsewhere} tasks are not available locally")
    if store:
        say(f"stored: {store_scores(found)}")
        return
    exit_with((*found.problems, *found.lacking))


def _check_options(*, recompute: bool, store: bool, results: Path | None, with_committed: bool, what: str, by: str | None) -> None:
    """Raise an error for options that need, or exclude, another."""
    from scalingbench.common.errors import InputError

    if what != "skill" and by is None:
        raise InputError("--what: needs --by")
    if store and not recompute:
        raise InputError("--store: needs --recompute")
    if recompute and results is not None:
        raise InputError("--recompute: compares the stored scores with the committed results, not with those of --results")
    if with_committed and results is None:
        raise InputError("--beside-committed: needs --results")


def compare(
    results: Folder = None,
    suite: SuiteName = DEFAULT_SUITE,
    predictors: Names = None,
    track: Track = None,
    top: Annotated[int, typer.Option("--top", min=2, help="Number of predictors from the top of the board, if none are named.")] = 12,
    bundled: Bundled = False,
    published_after: After = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a plot: .svg, .png or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Test which predictors differ significantly over the clusters of collections."""
    from scalingbench.leaderboard.significance import draw

    found = _read(suite, results, with_committed=False)
    comparison = found.select(track=track, bundled=bundled, published_after=published_after).compare(split_names(predictors), top=top)
    if out is not None:
        draw(comparison, out)
    print(comparison.render("json") if as_json else comparison)


def cite(
    predictor: Annotated[str | None, typer.Option("--predictor", help="Also cite the papers of this law.")] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", help="Cite this collection only, not all that the board ranks on.")
    ] = None,
    suite: SuiteName = DEFAULT_SUITE,
    form: Annotated[Literal["bibtex", "apa", "cff"], typer.Option("--format", help="Output format.")] = "bibtex",
) -> None:
    """Print citations: the suite at its version, the law, and the collections behind its score."""
    from scalingbench.leaderboard.citation import citations

    print(citations(suite, predictor, collection, form))


def release(
    suite: SuiteName = DEFAULT_SUITE,
    results: Folder = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of releases.")] = Path("leaderboard/releases"),
) -> None:
    """Freeze the board under its version, to be printed unchanged by 'leaderboard --release'."""
    from scalingbench.common.files import replacing
    from scalingbench.leaderboard.results import Results

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
    from scalingbench.cli.console import say
    from scalingbench.leaderboard.results import Results
    from scalingbench.leaderboard.site.build import build_site, check_site_can_be_written

    check_site_can_be_written(out)
    print(f"{out}: {build_site(Results.load(suite, results), out, say)} pages")


COMMANDS: dict[str, Callable[..., None]] = {"leaderboard": leaderboard, "compare": compare, "cite": cite, "release": release, "site": site}
