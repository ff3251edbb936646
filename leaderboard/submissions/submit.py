"""Make a submission: run the code on a whole suite, in the sandbox, and write it together with its results."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from scalingbench.benchmark.evaluation.confined_predictor import Submitted, load_submitted
from scalingbench.benchmark.evaluation.results import TaskResult, write_results
from scalingbench.benchmark.evaluation.run import run_suite
from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.benchmark.tasks.suite import Suite
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.errors import InputError
from scalingbench.common.files import replacing_folder
from scalingbench.common.names import slug
from scalingbench.leaderboard.submissions.dependencies import REQUIREMENTS, Requirement, pinned, with_packages
from scalingbench.leaderboard.submissions.metadata import ENVIRONMENT, METADATA, RESULTS, SOURCE, Submission, check_license, check_name

__all__ = ["Execution", "Progress", "submit"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Execution:
    """How the code of a submission is run.

    Attributes
    ----------
    guards : Guards
        The sandbox that runs it.
    jobs, time_limit, progress
        As in `scalingbench.benchmark.evaluation.run.run_suite`.
    wheels : Path, optional
        Folder with the wheels of imported packages that are not dependencies of ScalingBench.
    """

    guards: Guards
    jobs: int
    time_limit: float
    progress: Progress
    wheels: Path | None = None

    def run(self, name: str, predictor: Submitted, suite: str, tasks: Sequence[Task]) -> tuple[TaskResult, ...]:
        """Return the results of a predictor on tasks."""
        with tempfile.TemporaryDirectory() as work:
            return run_suite(
                {name: predictor},
                tasks,
                Path(work),
                suite=suite,
                jobs=self.jobs,
                time_limit=self.time_limit,
                progress=self.progress,
            )


def submit(source: Path, submission: Submission, suite: Suite, out: Path, execution: Execution) -> tuple[Path, tuple[TaskResult, ...]]:
    """Run a predictor on a suite and write its submission.

    Parameters
    ----------
    source : Path
        File with the class.
    submission : Submission
        Its metadata.
    suite : Suite
        The suite to run: all its tasks on bundled collections, and on the fetch-only ones that the submission names.
    out : Path
        Folder of submissions; the submission becomes ``<out>/<slug of its name>``.
    execution : Execution
        How its code is run.

    Returns
    -------
    tuple
        The submission's folder, and its results.

    Raises
    ------
    InputError
        If the name is taken, the folder exists, or the predictor can enter no task.
    """
    folder = out / slug(submission.name)
    if folder.exists():
        raise InputError(f"{folder}: already exists; remove it to submit again")
    check_name(submission.name, "--name")
    check_license(submission.license, "--license")
    requirements = pinned(source, execution.wheels)
    with replacing_folder(folder) as made, with_packages(execution.guards, requirements, execution.wheels) as own:
        predictor = load_submitted(source, submission.predictor, own, time_limit=execution.time_limit)
        results = execution.run(submission.name, predictor, suite.name, suite.tasks_with(submission.fetch_only))
        _write(made, source, submission, requirements, results)
    return folder, results


def _write(folder: Path, source: Path, submission: Submission, requirements: Sequence[Requirement], results: Iterable[TaskResult]) -> None:
    shutil.copyfile(source, folder / SOURCE)
    write_results(folder / RESULTS, results)
    (folder / METADATA).write_text(yaml.safe_dump(submission.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    (folder / REQUIREMENTS).write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
    environment = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
    (folder / ENVIRONMENT).write_text(json.dumps(environment, indent=2) + "\n", encoding="utf-8")
