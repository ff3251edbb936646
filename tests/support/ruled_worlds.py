"""A made-up suite with rules on real collections, one of them fetch-only: committed results and stored scores in a folder of a test."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from result_worlds import REFERENCE, UNIT, MadeUpSuite, made_up_result, made_up_suite, made_up_task

from scalingbench.benchmark.evaluation.results import TaskResult, list_result_files, predictor_path, write_results
from scalingbench.benchmark.scores.store import StoredScores, read_scores, write_scores
from scalingbench.benchmark.tasks.rules import Rules
from scalingbench.leaderboard.rescoring import rescore, store_scores
from scalingbench.leaderboard.results import Results

FETCH_ONLY = "monkeys"
WHERE = (("distillation_apple", "compute"), ("porian", "curve"), (FETCH_ONLY, "inference"))
METRICS = {"porian": "loss_val", FETCH_ONLY: "loss_solution"}
ERRORS = {REFERENCE: (UNIT, UNIT, UNIT), "law": (0.1, 0.1, 0.4), "mean": (0.4, 0.4, 0.4)}
"""Errors of each predictor on the three tasks."""


def ruled_suite() -> MadeUpSuite:
    """Return three counted tasks of different collections."""
    tasks = []
    for collection, track in WHERE:
        made = made_up_task(collection, track)
        spec = made.spec.model_copy(update={"metric": METRICS.get(collection, "loss")})
        tasks.append(replace(made, id=spec.id, spec=spec))
    return replace(made_up_suite(tasks), rules=Rules())


def ruled_results(errors=ERRORS, suite=None) -> tuple[TaskResult, ...]:
    """Return results with these errors; None where a predictor did not enter."""
    suite = suite or ruled_suite()
    rows = ((name, task, e) for name, own in errors.items() for task, e in zip(suite.made, own, strict=True) if e is not None)
    return tuple(made_up_result(name, task, error) for name, task, error in rows)


@dataclass
class Committed:
    """Committed results of the made-up suite and their stored scores; `absent` are collections whose data are not at hand."""

    folder: Path
    suite: MadeUpSuite
    absent: set[str]

    @property
    def scores(self) -> Path:
        return self.folder / "scores.parquet"

    def write(self, errors=ERRORS) -> None:
        """Replace the result files."""
        for old in set(self.folder.glob("*.parquet")) - {self.scores}:
            old.unlink()
        for name, own in errors.items():
            write_results(predictor_path(self.folder, name), ruled_results({name: own}, self.suite))

    def store(self) -> None:
        """Store the scores of the result files."""
        store_scores(rescore(self.suite, {}))

    def alter(self, change) -> None:
        """Store other scores than the results have."""
        stored = read_scores(self.scores)
        write_scores(self.scores, StoredScores(stored.suite, stored.reference, stored.pool, change(stored.table.copy())))

    def table(self) -> pd.DataFrame:
        """Return the stored scores."""
        return read_scores(self.scores).table


def committed(folder: Path, monkeypatch) -> Committed:
    """Return a folder that takes the place of the committed results."""
    made = Committed(folder, ruled_suite(), set())
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.committed_files", lambda suite: list_result_files(folder))
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.scores_path", lambda suite: made.scores)
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_at_hand", lambda name: name not in made.absent)
    made.write()
    made.store()
    return made


def in_memory(errors=ERRORS, suite=None) -> Results:
    """Return results of the made-up suite that are not the committed ones."""
    suite = suite or ruled_suite()
    return Results(ruled_results(errors, suite), suite, exclusions={})
