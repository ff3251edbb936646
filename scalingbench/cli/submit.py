"""The commands for people who bring a predictor: new-predictor, check, evaluate, submit, verify."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scalingbench.cli.console import exit_with, print_board, progress_bar, run_with_progress, say, split_names
from scalingbench.cli.options import CPUS, Jobs, Json, Limit, Names, Out, Resume, SuiteName, Track
from scalingbench.common.defaults import DEFAULT_SUITE, TIME_LIMIT, TOLERANCE
from scalingbench.common.messages import first_problem

if TYPE_CHECKING:
    from benchmark.evaluation.results import TaskResult
    from benchmark.tasks.suite import Suite
    from leaderboard.submissions.metadata import Submission

__all__ = ["COMMANDS"]

Target = Annotated[str, typer.Argument(help="FILE.py:Class.")]


def new_predictor(
    name: Annotated[str, typer.Argument(help="Name of the file to write, e.g. my_law.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write it to.")] = Path(),
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
            raise InputError(f"{path}: exists already")
    for path, template in files.items():
        text = (importlib.resources.files("scalingbench") / "templates" / template).read_text(encoding="utf-8")
        with replacing(path) as temporary:
            temporary.write_text(text.replace("CLASS_NAME", class_name).replace("FILE_NAME", name), encoding="utf-8")
        print(path)


def check(target: Annotated[str, typer.Argument(help="FILE.py:Class, package.module:Class or a registered name.")]) -> None:
    """Try a predictor on tiny made-up tasks and name what breaks the contract."""
    from copy import deepcopy

    from benchmark.evaluation.contract_check import check as violations
    from scalingbench.cli.predictor_argument import load_target

    name, predictor = load_target(target)
    found = violations(lambda: deepcopy(predictor))
    for line in found:
        print(f"{name}: {line}")
    if found:
        raise typer.Exit(1)
    print(f"{name}: keeps the contract")


def evaluate(
    targets: Annotated[list[str], typer.Argument(help="FILE.py:Class, package.module:Class or a registered name.")],
    suite: SuiteName = DEFAULT_SUITE,
    collections: Names = None,
    track: Track = None,
    out: Out = Path("results"),
    jobs: Jobs = CPUS,
    resume: Resume = False,
    time_limit: Limit = TIME_LIMIT,
    whole: Annotated[bool, typer.Option("--whole", help="The whole board instead of the neighbours.")] = False,
    as_json: Json = False,
) -> None:
    """Evaluate your own predictor and show where it would stand on the board, and on each track."""
    from benchmark.tasks.suite import load_suite
    from predictors.registry import make
    from scalingbench.cli.predictor_argument import load_target

    chosen = load_suite(suite)
    own = dict(load_target(target) for target in targets)
    entered = {**own, **({} if chosen.reference in own else {chosen.reference: make(chosen.reference)})}
    results = run_with_progress(
        entered, chosen, out, track=track, collections=split_names(collections), jobs=jobs, resume=resume, time_limit=time_limit
    )
    together = results.beside_committed()
    if whole or as_json or chosen.protocol is not None:
        print_board(together, "json" if as_json else "md")
    else:
        print(together.standing(*own))
    exit_with(results.failures)


def submit(
    target: Target,
    name: Annotated[str, typer.Option("--name", help="As on the board: lower-case letters, digits, - . [ ].")],
    authors: Annotated[str, typer.Option("--authors", help="Who.")],
    paper: Annotated[str, typer.Option("--paper", help="arXiv number, DOI, URL, or 'unpublished'.")],
    license_name: Annotated[str, typer.Option("--license", help="The code's licence, by its SPDX name.")],
    trained_on: Annotated[str | None, typer.Option("--trained-on", help="Collections its constants or defaults were tuned on.")] = None,
    suite: SuiteName = DEFAULT_SUITE,
    out: Annotated[Path, typer.Option("--out", help="Folder of submissions.")] = Path("leaderboard/submissions"),
    jobs: Jobs = CPUS,
    time_limit: Limit = TIME_LIMIT,
) -> None:
    """Run a predictor on the suite and write the folder to open a pull request with."""
    from benchmark.tasks.suite import load_suite
    from leaderboard.results import Results
    from leaderboard.submissions.verify import submit as submit_to

    source, _, class_name = target.rpartition(":")
    chosen = load_suite(suite)
    described = _described(Path(source), class_name, name, authors, paper, license_name, chosen, split_names(trained_on) or ())
    with progress_bar() as progress:
        folder, results = submit_to(Path(source), described, chosen, out, jobs=jobs, time_limit=time_limit, progress=progress)
    print(folder)
    say(f"next: scalingbench verify {folder} --suite {suite}, then open a pull request that adds this folder")
    exit_with(Results(results, chosen).failures)


def _described(
    source: Path, class_name: str, name: str, authors: str, paper: str, license_name: str, suite: Suite, trained_on: tuple[str, ...]
) -> Submission:
    from pydantic import ValidationError

    from benchmark.data.collection import list_collections
    from leaderboard.submissions.metadata import Submission
    from scalingbench.common.errors import InputError
    from scalingbench.common.files import sha256_of
    from scalingbench.common.names import unknown_name

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
    suite: Annotated[str | None, typer.Option("--suite", help="Suite name or file; by default the one that it names.")] = None,
    jobs: Jobs = CPUS,
    time_limit: Limit = TIME_LIMIT,
    tolerance: Annotated[float, typer.Option("--tolerance", min=0.0, help="Largest relative difference of a prediction.")] = TOLERANCE,
    require_isolation: Annotated[bool, typer.Option("--require-isolation", help="Refuse to run unconfined.")] = False,
) -> None:
    """Run a submission again, confined, compare every prediction, and preview the board."""
    from benchmark.tasks.suite import load_suite
    from leaderboard.submissions.metadata import read_submission
    from leaderboard.submissions.verify import can_confine
    from leaderboard.submissions.verify import verify as verify_folder

    if not can_confine(require_isolation):
        say("not isolated: this system has no Landlock, so the code can read what you can; read it before you run it")
    chosen = load_suite(suite or read_submission(folder).suite)
    with progress_bar() as progress:
        submission, results = verify_folder(
            folder,
            chosen,
            jobs=jobs,
            time_limit=time_limit,
            tolerance=tolerance,
            require_isolation=require_isolation,
            progress=progress,
        )
    n = sum(len(f.predictions) for r in results for f in r.folds)
    print(f"{folder}: {n} predictions on {len(results)} tasks recomputed within {tolerance:g}\n")
    _preview(results, submission, chosen)


def _preview(results: tuple[TaskResult, ...], submission: Submission, suite: Suite) -> None:
    from leaderboard.results import Results, not_ranked_on

    together = Results(results, suite, exclusions={**not_ranked_on(), submission.name: submission.trained_on}).beside_committed()
    if together.predictors == (submission.name,):
        say(f"no board of suite {suite.name} to preview")
        return
    if submission.trained_on:
        print(f"not ranked on what it was trained on: {', '.join(submission.trained_on)}\n")
    print(together.standing(submission.name))


COMMANDS: dict[str, Callable[..., None]] = {
    "new-predictor": new_predictor,
    "check": check,
    "evaluate": evaluate,
    "submit": submit,
    "verify": verify,
}
