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
from scalingbench.leaderboard.submissions.metadata import Submission
from scalingbench.leaderboard.submissions.submit import submit

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


@pytest.fixture
def joined(tmp_path, monkeypatch):
    (tmp_path / "level.py").write_text(LAW)
    described = Submission(
        name="lowest-level",
        predictor="Level",
        authors="Nobody, Anna",
        paper="unpublished",
        license="MIT",
        year=2026,
        suite="v0",
        trained_on=("porian",),
        source_sha256=sha256_of(tmp_path / "level.py"),
    )
    suite = load_suite("v0")
    with Guards(raise_wall(unconfined=True)) as guards:
        submit(tmp_path / "level.py", described, suite, tmp_path / "subs", guards=guards, jobs=2, time_limit=60.0, progress=lambda *_: None)
    monkeypatch.setattr(submissions, "_root", lambda: tmp_path / "subs")
    return suite


def test_it_is_ranked_but_not_on_what_it_was_trained_on(joined):
    results = Results.load(joined)
    board = results.board()
    assert board.rows.set_index("predictor").loc["lowest-level", "tasks_entered"] == 7  # on bundled collections alone
    assert board.exclusions["lowest-level"] == ("porian",)
    scores = results.scores
    assert "porian" not in set(scores.loc[scores["predictor"] == "lowest-level", "collection"])


def test_the_commands_know_it(joined):
    run = CliRunner().invoke
    assert "| lowest-level " in run(app, ["leaderboard", "--suite", "v0"]).stdout
    assert "lowest-level, a predictor submitted" in run(app, ["cite", "--suite", "v0", "--predictor", "lowest-level"]).stdout
    board = json.loads(run(app, ["leaderboard", "--suite", "v0", "--format", "json"]).stdout)
    assert any(row["predictor"] == "lowest-level" for row in board["rows"])


def test_published_constants_are_not_ranked_on_the_runs_they_come_from():
    scores = Results.load("v1").scores
    entered = scores[scores["predictor"] == "chinchilla[hoffmann2022]"]
    assert len(entered) > 10 and "chinchilla" not in set(entered["collection"])


def test_the_site_has_its_page(joined, tmp_path):
    done = CliRunner().invoke(app, ["site", "--suite", "v0", "--out", str(tmp_path / "site")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "site" / "predictors" / "lowest-level.html").read_text(encoding="utf-8")
    assert "Submitted by Nobody, Anna, 2026." in page and "porian: its constants come from there" in page
    assert 'href="predictors/lowest-level.html"' in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
