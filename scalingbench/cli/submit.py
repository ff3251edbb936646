"""Commands for your own predictor: new-predictor, check, evaluate, submit, verify."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scalingbench.cli.console import exit_with, print_answer, print_board, progress_bar, run_with_progress, say, split_names, terminal_width
from scalingbench.cli.envelope import print_json
from scalingbench.cli.options import CPUS, All, Collections, Jobs, Json, Limit, Out, Resume, SuiteName, Track
from scalingbench.common.defaults import DEFAULT_SUITE, QUICK_SUITE, TIME_LIMIT, TOLERANCE
from scalingbench.common.messages import first_problem

if TYPE_CHECKING:
    from scalingbench.benchmark.evaluation.results import TaskResult
    from scalingbench.benchmark.evaluation.wall.sandbox import Wall
    from scalingbench.benchmark.tasks.suite import Suite
    from scalingbench.leaderboard.results import Results
    from scalingbench.leaderboard.submissions.metadata import Submission

__all__ = ["COMMANDS"]

Target = Annotated[str, typer.Argument(help="FILE.py:Class.")]
Wheels = Annotated[Path | None, typer.Option("--wheels", help="Folder with wheels of packages that ScalingBench does not depend on.")]


def new_predictor(
    name: Annotated[str, typer.Argument(help="Name of the file to write, e.g. my_law.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write it to.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write a commented template of a predictor, and its test."""
    import importlib.resources

    from scalingbench.common.errors import InputError
    from scalingbench.common.files import replacing

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(f"name: expected lower-case letters, digits and underscores (it becomes a Python file), got {name!r}")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    files = {out / f"{name}.py": "predictor.py.txt", out / f"test_{name}.py": "test.py.txt"}
    for path in files:
        if path.exists():
            raise InputError(f"{path}: already exists")
    for path, template in files.items():
        text = (importlib.resources.files("scalingbench") / "templates" / template).read_text(encoding="utf-8")
        with replacing(path) as temporary:
            temporary.write_text(text.replace("CLASS_NAME", class_name).replace("FILE_NAME", name), encoding="utf-8")
    written = list(map(str, files))
    print_answer("new-predictor", {"files": written}, "\n".join(written), as_json)


def check(
    target: Annotated[str, typer.Argument(help="FILE.py, FILE.py:Class, package.module:Class or a registered name.")], as_json: Json = False
) -> None:
    """Check a predictor on small synthetic tasks: report broken rules of the contract, and instability under rounding."""
    from copy import deepcopy

    from scalingbench.benchmark.evaluation.contract_check import check as violations
    from scalingbench.benchmark.evaluation.contract_check import unstable
    from scalingbench.cli.predictor_argument import load_target

    name, predictor = load_target(target)
    broken = list(violations(lambda: deepcopy(predictor)))
    moved = [] if broken else list(unstable(lambda: deepcopy(predictor)))
    text = "\n".join(f"{name}: {line}" for line in (broken or ["keeps the contract", *moved]))
    print_answer("check", {"predictor": name, "broken": broken, "unstable": moved}, text, as_json)
    if broken:
        raise typer.Exit(1)


def evaluate(
    targets: Annotated[list[str], typer.Argument(help="FILE.py, FILE.py:Class, package.module:Class or a registered name.")],
    suite: SuiteName = QUICK_SUITE,
    collections: Collections = None,
    track: Track = None,
    out: Out = Path("results"),
    jobs: Jobs = CPUS,
    resume: Resume = False,
    time_limit: Limit = TIME_LIMIT,
    everything: All = False,
    whole: Annotated[bool, typer.Option("--whole", help="Print the whole board instead of the neighbours.")] = False,
    as_json: Json = False,
) -> None:
    """Evaluate your own predictor and show its place on the board and on each track: on suite lite in a minute, or on --suite v2."""
    from scalingbench.benchmark.evaluation.run import refuse_unwritable
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.cli.predictor_argument import load_targets
    from scalingbench.common.errors import InputError
    from scalingbench.predictors.registry import make

    if everything and collections is not None:
        raise InputError("--all: cannot be combined with --collections, which lists every collection to run")
    chosen = load_suite(suite)
    fetch_only = _available_locally(chosen) if everything else ()
    own = load_targets(targets)
    refuse_unwritable(out)
    if suite != QUICK_SUITE and collections is None and track is None:
        _say_expected_time(chosen, jobs)
    entered = {**own, **({} if chosen.reference in own else {chosen.reference: make(chosen.reference)})}
    results = run_with_progress(
        entered,
        chosen,
        out,
        track=track,
        collections=split_names(collections),
        jobs=jobs,
        resume=resume,
        time_limit={name: time_limit if name in own else TIME_LIMIT for name in entered},
        fetch_only=fetch_only,
    )
    together = _with_committed(results, tuple(own))
    if whole or as_json or chosen.protocol is not None:
        print_board(together, "md", as_json="evaluate" if as_json else None)
    else:
        print(together.standing(*own).text(terminal_width()))
    exit_with(results.failures)


def _say_expected_time(suite: Suite, jobs: int) -> None:
    """Say how long the fits of most predictors take on a suite, from the committed results."""
    from scalingbench.leaderboard.committed import load_stored
    from scalingbench.leaderboard.placement import usual_seconds

    stored = load_stored(suite)
    if stored is not None:
        low, high = (seconds / jobs / 60 for seconds in usual_seconds(stored.scores))
        say(f"suite {suite.name}: expect {low:.1g} to {high:.1g} min for the fits of most laws with --jobs {jobs}; lite is quicker")


def submit(
    target: Target,
    name: Annotated[str, typer.Option("--name", help="Name on the board: lower-case letters, digits, - . [ ].")],
    authors: Annotated[str, typer.Option("--authors", help="Authors.")],
    paper: Annotated[str, typer.Option("--paper", help="arXiv number, DOI, URL, or 'unpublished'.")],
    license_name: Annotated[str, typer.Option("--license", help="The code's licence, by its SPDX name.")],
    trained_on: Annotated[str | None, typer.Option("--trained-on", help="Collections used to tune its constants or defaults.")] = None,
    suite: SuiteName = DEFAULT_SUITE,
    out: Annotated[Path, typer.Option("--out", help="Folder of submissions.")] = Path("leaderboard/submissions"),
    jobs: Jobs = CPUS,
    time_limit: Limit = TIME_LIMIT,
    wheels: Wheels = None,
    everything: All = False,
    as_json: Json = False,
) -> None:
    """Run a predictor on the suite and write the folder of a submission, for a pull request."""
    from scalingbench.benchmark.evaluation.wall.guard import Guards
    from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.leaderboard.results import Results
    from scalingbench.leaderboard.submissions.submit import Execution
    from scalingbench.leaderboard.submissions.submit import submit as submit_to

    source, _, class_name = target.rpartition(":")
    chosen = load_suite(suite)
    described = _described(Path(source), class_name, name, authors, paper, license_name, chosen, split_names(trained_on) or ())
    described = described.model_copy(update={"fetch_only": _available_locally(chosen) if everything else ()})
    wall = raise_wall(unconfined=True)  # the user's own code; in the sandbox all the same, so that it fails as in verification
    say(f"confined by {', '.join(wall.layers)}{_missing_layers(wall)}")
    with progress_bar() as progress, Guards(wall) as guards:
        execution = Execution(guards, jobs, time_limit, progress, wheels)
        folder, results = submit_to(Path(source), described, chosen, out, execution)
    print_answer("submit", {"folder": str(folder)}, folder, as_json)
    say(f"next: scalingbench verify {folder} --suite {suite}, then open a pull request that adds this folder")
    exit_with(Results.of(results, chosen).failures)


def _available_locally(suite: Suite) -> tuple[str, ...]:
    """Return the fetch-only collections of a suite with upstream files available locally; a warning names the others."""
    from scalingbench.leaderboard.rescoring import available_collections

    return available_collections(suite, suite.fetch_only)


def _with_committed(results: Results, own: tuple[str, ...]) -> Results:
    """Return results together with the committed ones of other predictors, on bundled collections if only those were run.

    A task that was not run counts as the reference's; on the whole board the skill would depend on which data are available locally.
    """
    together = results.with_committed()
    run = {r.task.split("/")[0] for r in results.results if r.predictor in own}
    alone = set(together.predictors) <= set(own)
    if alone or not results.suite.fetch_only or run & set(results.suite.fetch_only):
        return together
    say("ranked on bundled collections only, because no other was run (--all: also those available locally)")
    return together.select(bundled=True)


def _described(
    source: Path, class_name: str, name: str, authors: str, paper: str, license_name: str, suite: Suite, trained_on: tuple[str, ...]
) -> Submission:
    from pydantic import ValidationError

    from scalingbench.benchmark.data.collection import list_collections
    from scalingbench.common.errors import InputError
    from scalingbench.common.files import sha256_of
    from scalingbench.common.names import unknown_name
    from scalingbench.leaderboard.submissions.metadata import Submission

    if not source.is_file() or source.suffix != ".py":
        raise InputError(f"target: expected FILE.py:Class with a file that exists, got '{source}:{class_name}'")
    for collection in trained_on:
        if collection not in list_collections():
            raise unknown_name("collection", collection, list_collections())
    try:
        return Submission(
            name=name,
            predictor=class_name,
            authors=authors,
            paper=paper,
            license=license_name,
            year=date.today().year,
            suite=suite.name,
            trained_on=trained_on,
            source_sha256=sha256_of(source),
        )
    except ValidationError as error:
        raise InputError(f"--{first_problem(error)}") from None


def verify(
    folder: Annotated[Path, typer.Argument(help="A submission's folder.")],
    suite: Annotated[str | None, typer.Option("--suite", help="Suite name or file; by default the one in the submission.")] = None,
    jobs: Jobs = CPUS,
    time_limit: Limit = TIME_LIMIT,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Largest relative difference of a prediction.")] = TOLERANCE,
    wheels: Wheels = None,
    unconfined: Annotated[bool, typer.Option("--unconfined", help="Continue if a layer of the sandbox is missing.")] = False,
    summary: Annotated[Path | None, typer.Option("--summary", help="Also write the verdict and its counts, as JSON.")] = None,
    recomputed: Annotated[Path | None, typer.Option("--recomputed", help="Also write the results of this run, for publication.")] = None,
    as_json: Json = False,
) -> None:
    """Rerun a submission in the sandbox, compare every prediction, and preview the board."""
    from scalingbench.benchmark.evaluation.results import write_results
    from scalingbench.benchmark.evaluation.wall.guard import Guards
    from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
    from scalingbench.benchmark.tasks.suite import load_suite
    from scalingbench.leaderboard.submissions.metadata import read_submission
    from scalingbench.leaderboard.submissions.submit import Execution
    from scalingbench.leaderboard.submissions.verify import summary_of, write_summary
    from scalingbench.leaderboard.submissions.verify import verify as verify_folder

    for stale in (summary, recomputed):
        if stale is not None:
            stale.unlink(missing_ok=True)  # files of an earlier run must not be mistaken for those of this one
    wall = raise_wall(unconfined=unconfined)
    say(f"confined by {', '.join(wall.layers)}{_missing_layers(wall)}")
    chosen = load_suite(suite or read_submission(folder).suite)
    with progress_bar() as progress, Guards(wall) as guards:
        execution = Execution(guards, jobs, time_limit, progress, wheels)
        verdict = verify_folder(folder, chosen, execution, tolerance=tolerance)
    if summary is not None:
        write_summary(summary, verdict)
    if as_json:
        print_json("verify", summary_of(verdict))
    if not verdict.verified:
        say(f"refused: {folder}: {verdict.reason}")
        raise typer.Exit(1)
    if recomputed is not None:
        write_results(recomputed, verdict.results)
    if as_json:
        return
    count = verdict.count
    print(f"{folder}: {count.predictions_compared} predictions on {len(verdict.results)} tasks recomputed within {tolerance:g}", end="")
    print(f"; {count.folds_failed} fits failed again" if count.folds_failed else "")
    if count.folds_unstable:
        print(f"{count.folds_unstable} of {count.folds_compared} fits are unstable: equal only within ten times the effect of rounding")
    print(f"confined by {', '.join(wall.layers)}")
    print(verdict.exactness)
    for note in verdict.notes:
        print(note)
    print()
    _preview(verdict.results, verdict.submission, chosen)


def _missing_layers(wall: Wall) -> str:
    return f"; NOT confined by {'; '.join(wall.missing)}" if wall.missing else ""


def _preview(results: tuple[TaskResult, ...], submission: Submission, suite: Suite) -> None:
    from scalingbench.leaderboard.results import Results, not_ranked_on

    own = Results.of(results, suite, exclusions={**not_ranked_on(), submission.name: submission.trained_on})
    together = _with_committed(own, (submission.name,))
    if together.predictors == (submission.name,):
        say(f"no board of suite {suite.name} to preview")
        return
    if submission.trained_on:
        print(f"not ranked on what it was trained on: {', '.join(submission.trained_on)}\n")
    print(together.standing(submission.name).text(terminal_width()))


COMMANDS: dict[str, Callable[..., None]] = {
    "new-predictor": new_predictor,
    "check": check,
    "evaluate": evaluate,
    "submit": submit,
    "verify": verify,
}
