"""A submission that was accepted is on the board, in the citations and on the site."""

import json

import pytest
from typer.testing import CliRunner

import scalingbench.leaderboard.submissions.metadata as submissions
from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.cli.main import app
from scalingbench.common.files import sha256_of
from scalingbench.leaderboard.results import Results
from scalingbench.leaderboard.site.build import build_site
from scalingbench.leaderboard.submissions.metadata import Submission
from scalingbench.leaderboard.submissions.submit import Execution, submit

LAW = """
import numpy as np


class Level:
    variables = ("params", "tokens")

    def fit(self, X, y):
        self.level_ = float(np.min(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.level_)
"""


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joined")
    (folder / "level.py").write_text(LAW)
    described = Submission(
        name="lowest-level",
        predictor="Level",
        authors="Nobody, Anna",
        paper="unpublished",
        license="MIT",
        year=2026,
        suite="lite",
        trained_on=("datablations",),
        source_sha256=sha256_of(folder / "level.py"),
    )
    suite = load_suite("lite")
    with Guards(raise_wall(unconfined=True)) as guards:
        submit(folder / "level.py", described, suite, folder / "subs", Execution(guards, 2, 60.0, lambda *_: None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submissions, "_root", lambda: folder / "subs")
        yield suite


def test_it_is_ranked_but_not_on_what_it_was_trained_on(joined):
    results = Results.load(joined)
    board = results.select(track="compute").board()
    assert board.rows.set_index("predictor").loc["lowest-level", ["tasks_entered", "tasks_total"]].tolist() == [2, 2]
    assert results.board().exclusions["lowest-level"] == ("datablations",)
    scores = results.scores
    assert "datablations" not in set(scores.loc[scores["predictor"] == "lowest-level", "collection"])


@pytest.mark.full
def test_the_commands_know_it(joined):
    run = CliRunner().invoke
    assert "| lowest-level " in run(app, ["leaderboard", "--suite", "lite", "--track", "compute"]).stdout
    assert "lowest-level, a predictor submitted" in run(app, ["cite", "--suite", "lite", "--predictor", "lowest-level"]).stdout
    board = json.loads(run(app, ["leaderboard", "--suite", "lite", "--track", "compute", "--format", "json"]).stdout)
    assert any(row["predictor"] == "lowest-level" for row in board["rows"])


def test_published_constants_are_not_ranked_on_the_runs_they_come_from():
    scores = Results.load("v3").scores
    entered = scores[scores["predictor"] == "chinchilla[hoffmann2022]"]
    assert len(entered) > 10 and "chinchilla" not in set(entered["collection"])


@pytest.mark.full
def test_the_site_has_its_page(joined, tmp_path):
    chosen = Results.load(joined).select(collections=["gpt3_curves", "datablations"], predictors=["lowest-level", "kaplan"])
    build_site(chosen, tmp_path / "site")
    page = (tmp_path / "site" / "predictors" / "lowest-level.html").read_text(encoding="utf-8")
    assert "Submitted by Nobody, Anna, 2026." in page and "datablations: its constants come from there" in page
    assert 'href="predictors/lowest-level.html' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
