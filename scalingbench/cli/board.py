"""The commands that read results: leaderboard, compare, cite, release."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from scalingbench.cli.completion import collection_names, predictor_names, suite_names
from scalingbench.cli.console import print_answer, print_board, print_table, split_names
from scalingbench.cli.options import Json, Predictors, SuiteName, Top, Track, known_track
from scalingbench.common.defaults import DEFAULT_SUITE
from scalingbench.common.tables import Format

if TYPE_CHECKING:
    from scalingbench.leaderboard.results import Results

__all__ = ["COMMANDS"]

SuiteOf = Annotated[
    str | None, typer.Option("--suite", help="Suite name, or a YAML file; by default that of the results.", autocompletion=suite_names)
]
Folder = Annotated[Path | None, typer.Option("--results", help="Folder of result files; by default those in the package.")]
Kind = Annotated[Literal["published"] | None, typer.Option("--kind", help="'published': only law forms of papers, by family.")]
By = Literal["track", "domain", "metric", "extrapolation", "compute-share", "rows", "noise", "reach", "published", "kind", "tier"]
Bundled = Annotated[bool, typer.Option("--bundled", help="Only bundled collections, whose tables are part of the package.")]
After = Annotated[str | None, typer.Option("--published-after", help="Only collections first published after this month, YYYY-MM.")]


def leaderboard(
    results: Folder = None,
    suite: SuiteOf = None,
    track: Annotated[str | None, typer.Option("--track", help="Only this track, or 'synthetic'.", callback=known_track)] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = "md",
    top: Top = None,
    variants: Annotated[bool, typer.Option("--variants", help="Also list the variants of each family, below its head.")] = False,
    by: Annotated[By | None, typer.Option("--by", help="Skill on each slice of the suite instead of overall.")] = None,
    what: Annotated[
        Literal["skill", "coverage", "crps", "mape", "noise"],
        typer.Option(
            "--what",
            help="With --by: skill, coverage of the interval, CRPS skill, error in %, or error over that of a repeat. "
            "Without: 'coverage', how it spreads over tasks and clusters.",
        ),
    ] = "skill",
    bundled: Bundled = False,
    published_after: After = None,
    kind: Kind = None,
    release: Annotated[str | None, typer.Option("--release", help="Print a released board unchanged.")] = None,
    with_committed: Annotated[
        bool, typer.Option("--beside-committed", help="With --results: add the committed results of all others.")
    ] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Recompute every stored score from its predictions, where data are available locally.")
    ] = False,
    store: Annotated[bool, typer.Option("--store", help="With --recompute: store the recomputed scores.")] = False,
    as_json: Json = False,
) -> None:
    """Print the board of a folder of results, or of the results in the package."""
    from scalingbench.common.errors import InputError

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded: on small matrices threads only wait for each other
    if release is not None:
        from scalingbench.leaderboard.releases import load_release

        for option, given in (("--by", by), ("--bundled", bundled), ("--published-after", published_after), ("--kind", kind)):
            if given:
                raise InputError(f"{option}: a release is printed unchanged, whole or for a --track")
        print_table(load_release(release, track).cut(top, variants=variants), "leaderboard", form, as_json)
        return
    _check_options(recompute=recompute, store=store, results=results, with_committed=with_committed, what=what, by=by)
    if recompute:
        _recompute(suite or DEFAULT_SUITE, store)
    found = _read(suite, results, with_committed).select(track=track, bundled=bundled, published_after=published_after, kind=kind)
    if kind is not None and found.protocol is not None:
        raise InputError(f"--kind: the board of suite {found.suite.name} follows another benchmark and has no kinds of predictors")
    if by is not None and found.protocol is None:
        print_table(found.by(by, top, what=what), "leaderboard", form, as_json)
        return
    if what == "coverage" and found.protocol is None:
        print_table(found.calibration(top), "leaderboard", form, as_json)
        return
    print_board(found, form, top=top, variants=variants, as_json="leaderboard" if as_json else None)


def _read(suite: str | None, results: Path | None, with_committed: bool) -> Results:
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

    if what not in ("skill", "coverage") and by is None:
        raise InputError(f"--what {what}: needs --by")
    if store and not recompute:
        raise InputError("--store: needs --recompute")
    if recompute and results is not None:
        raise InputError("--recompute: compares the stored scores with the committed results, not with those of --results")
    if with_committed and results is None:
        raise InputError("--beside-committed: needs --results")


def compare(
    results: Folder = None,
    suite: SuiteOf = None,
    predictors: Predictors = None,
    track: Track = None,
    top: Annotated[int, typer.Option("--top", min=2, help="Number of predictors from the top of the board, if none are named.")] = 12,
    bundled: Bundled = False,
    published_after: After = None,
    kind: Kind = None,
    common: Annotated[bool, typer.Option("--common", help="Only the tasks that all of them entered.")] = False,
    by: Annotated[By | None, typer.Option("--by", help="The error of the first of two over that of the second, on each slice.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a plot: .svg, .png or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Test which predictors differ significantly over the clusters of collections."""
    from scalingbench.common.errors import InputError
    from scalingbench.leaderboard.significance import draw

    found = _read(suite, results, with_committed=False)
    chosen = found.select(track=track, bundled=bundled, published_after=published_after, kind=kind)
    names = split_names(predictors)
    if by is not None:
        if names is None or len(names) != 2:
            raise InputError("--by: needs --predictors with two names")
        print_table(chosen.ratio_by(by, *names), "compare", "md", as_json)
        return
    comparison = chosen.compare(names, top=top, common=common)
    if out is not None:
        draw(comparison, out)
    print_table(comparison, "compare", "md", as_json)


def findings(
    suite: SuiteName = DEFAULT_SUITE,
    top: Annotated[int | None, typer.Option("--top", min=1, help="Only the first findings.")] = None,
    as_json: Json = False,
) -> None:
    """Print what the committed results say, one sentence each, with the command that prints its numbers."""
    from scalingbench.leaderboard.findings.report import findings as found_in

    found = found_in(suite).cut(top)
    print_answer("findings", found.facts(), found.render(), as_json)


def pictures(
    out: Annotated[Path, typer.Option("--out", help="Folder for the SVG files.")],
    suite: SuiteName = DEFAULT_SUITE,
    results: Folder = None,
    as_json: Json = False,
) -> None:
    """Draw the board: skill with intervals, error by extrapolation factor, skill by track."""
    from scalingbench.leaderboard.pictures import draw_pictures

    paths = list(map(str, draw_pictures(_read(suite, results, with_committed=False), out)))
    print_answer("pictures", {"files": paths}, "\n".join(paths), as_json)


def cite(
    predictor: Annotated[
        str | None,
        typer.Option("--predictor", help="State the score of this predictor, and cite its papers.", autocompletion=predictor_names),
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option("--collection", help="Cite this collection only, not all that the board ranks on.", autocompletion=collection_names),
    ] = None,
    suite: SuiteName = DEFAULT_SUITE,
    track: Track = None,
    form: Annotated[Literal["bibtex", "apa", "cff"], typer.Option("--format", help="Output format.")] = "bibtex",
    as_json: Json = False,
) -> None:
    """Print citations: the suite at its version, the law, the collections behind its score, and a sentence with the score."""
    from scalingbench.leaderboard.citation import citations

    found = citations(suite, predictor, collection, track=track)
    print_answer("cite", {"format": form, "sentence": found.sentence, "text": found.render(form)}, found.render(form), as_json)


def release(
    suite: SuiteOf = None,
    results: Folder = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of releases.")] = Path("leaderboard/releases"),
    as_json: Json = False,
) -> None:
    """Freeze the board under its version, to be printed unchanged by 'leaderboard --release'."""
    from scalingbench.common.files import replacing
    from scalingbench.leaderboard.results import Results

    board = Results.load(suite, results).board()
    path = out / f"{board.version}.json"
    with replacing(path) as temporary:
        temporary.write_text(board.render("json") + "\n", encoding="utf-8")
    print_answer("release", {"path": str(path), "board": board.version}, path, as_json)


def site(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    suite: SuiteOf = None,
    results: Folder = None,
    as_json: Json = False,
) -> None:
    """Write the static site: board, predictors, collections and tasks, ready for Hugging Face Spaces and GitHub Pages."""
    from scalingbench.cli.console import say
    from scalingbench.leaderboard.results import Results
    from scalingbench.leaderboard.site.build import build_site, check_site_can_be_written

    check_site_can_be_written(out)
    pages = build_site(Results.load(suite, results), out, say)
    print_answer("site", {"out": str(out), "pages": pages}, f"{out}: {pages} pages", as_json)


COMMANDS: dict[str, Callable[..., None]] = {
    "leaderboard": leaderboard,
    "findings": findings,
    "compare": compare,
    "pictures": pictures,
    "cite": cite,
    "release": release,
    "site": site,
}
