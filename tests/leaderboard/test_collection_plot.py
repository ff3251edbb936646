"""Pictures of collections."""

import pytest
from made import made_up_results, made_up_suite
from typer.testing import CliRunner

from scalingbench.cli.main import app
from scalingbench.common.errors import InputError
from scalingbench.leaderboard.collection_plot import _best
from scalingbench.leaderboard.committed import ScoredTasks


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("porian", []),
        *(pytest.param(*case, marks=pytest.mark.full) for case in (("bnsl_like", []), ("rectified_sft", ["--predictor", "bnsl-1"]))),
    ],
)
def test_plot_writes_a_picture(name, more, tmp_path):
    if name == "bnsl_like":
        name, more = "synthetic_broken", ["--task", "synthetic_broken/loss/u-shaped"]
    out = tmp_path / "x.png"
    done = CliRunner().invoke(app, ["plot", name, "--out", str(out), *more])
    assert done.exit_code == 0, done.output
    assert out.read_bytes()[:4] == b"\x89PNG" and name in done.output


@pytest.mark.parametrize("name", ["x.txt", "x", "x.png.gz"])
def test_an_ending_that_is_no_picture_is_refused_before_any_work(name, tmp_path, monkeypatch):
    monkeypatch.setattr("scalingbench.leaderboard.collection_plot._task", lambda *args: pytest.fail("work was begun"))
    done = CliRunner().invoke(app, ["plot", "porian", "--out", str(tmp_path / name)])
    assert isinstance(done.exception, InputError) and f"{name}: a picture ends in .png, .svg, .pdf" in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_plot_names_a_task_that_is_not_there(tmp_path):
    done = CliRunner().invoke(app, ["plot", "porian", "--out", str(tmp_path / "x.png"), "--task", "nope"])
    assert done.exception is not None and "has no task 'nope'" in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_the_law_that_is_drawn_is_the_best_by_the_stored_scores_of_these_rows(monkeypatch):
    suite = made_up_suite()
    monkeypatch.setattr("scalingbench.leaderboard.rescoring.is_available", lambda name: True)
    errors = {"kaplan": (0.3, 0.1, 0.3), "m4": (0.1, 0.2, 0.1), "other": (0.01,) * 3}
    results = made_up_results(errors, suite)
    stored = ScoredTasks(results.scores, results.statements)
    monkeypatch.setattr("scalingbench.leaderboard.collection_plot.load_stored", lambda suite: stored)
    assert [_best(task, suite) for task in suite.made] == ["m4", "kaplan", "m4"]  # other is no law that could be drawn
    stored.scores["fingerprint"] = "of other rows"
    assert _best(suite.made[0], suite) not in ("m4", "other")
