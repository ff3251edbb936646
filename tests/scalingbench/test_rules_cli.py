"""Options of the board commands."""

import json

import pytest
from made import scored
from typer.testing import CliRunner

from scalingbench.cli.main import app
from scalingbench.common.errors import InputError


@pytest.fixture
def command(monkeypatch):
    """Give a function that calls a command on the made-up suite, whose scores are stored and whose collections do not exist."""
    found = scored(cells={("form[b]", "b/1", "coverage"): 0.6})  # 60 % of the values of b/1, which goes 10x
    monkeypatch.setattr("scalingbench.leaderboard.results.Results.load", lambda *of: found)
    return lambda name, *more: CliRunner().invoke(app, [name, "--suite", "made", *more])


def good(done):
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(done):
    assert isinstance(done.exception, InputError)
    return str(done.exception)


def fields(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_default_board_shows_the_specialised_laws_that_place(command):
    """law is first of four on compute."""
    text = good(command("leaderboard"))
    assert "| law " in text and "only those in the first 3 places there" in text and "form[a]" not in text
    assert "only those that place" not in good(command("leaderboard", "--variants"))


def test_by_reach(command):
    lines = good(command("leaderboard", "--by", "reach", "--top", "1")).splitlines()
    assert fields(lines[0])[1:3] == ["within 3x (1 tasks, 1 clusters)", "3x to 10x (1 tasks, 1 clusters)"]
    assert fields(lines[2]) == ["form[b]", "0.200", "0.200", "0.000", "0.000"] and len(lines) == 5


def test_coverage_by_reach(command):
    lines = good(command("leaderboard", "--by", "reach", "--what", "coverage")).splitlines()
    assert fields(lines[2]) == ["form[b]", "-", "-", "0.600", "-"]
    assert good(command("leaderboard", "--by", "reach", "--what", "crps")).splitlines()[-1].startswith("Skill of the intervals")


def test_bundled(command):
    facts = json.loads(good(command("leaderboard", "--bundled", "--format", "json")))
    assert facts["n_tasks"] == 3 and facts["choice"] == "bundled collections only"
    assert "over 2 clusters" in good(command("compare", "--bundled", "--predictors", "form[a],plain"))


def test_published_after(command):
    facts = json.loads(good(command("leaderboard", "--published-after", "2021-06", "--format", "json")))
    assert facts["n_tasks"] == 2 and facts["choice"] == "published after 2021-06"
    assert "expected a month as YYYY-MM" in refused(command("leaderboard", "--published-after", "2021"))


def test_the_board_of_synthetic_worlds(command):
    facts = json.loads(good(command("leaderboard", "--track", "synthetic", "--format", "json")))
    assert facts["n_tasks"] == 1 and facts["track"] == "synthetic" and "exponent_error" in facts["rows"][0]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--store",), "--store: needs --recompute"),
        (
            ("--recompute", "--results", "."),
            "--recompute: compares the stored scores with the committed results, not with those of --results",
        ),
        (("--what", "crps"), "--what crps: needs --by"),
        (("--beside-committed",), "--beside-committed: needs --results"),
    ],
)
def test_options_that_say_nothing_alone_are_refused(command, more, message):
    assert refused(command("leaderboard", *more)) == message


def test_all_is_refused_where_it_says_nothing():
    message = "--all: cannot be combined with --collections, which lists every collection to run"
    assert refused(CliRunner().invoke(app, ["evaluate", "mean", "--all", "--suite", "v3", "--collections", "chinchilla"])) == message
