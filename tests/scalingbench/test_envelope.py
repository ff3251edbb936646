"""The envelope of --json: every command, after success and after a refusal, as its JSON Schema says."""

import pytest
import typer
from command import data_of, error_of, scalingbench

from scalingbench.cli.envelope import command_of, json_schema, place_of
from scalingbench.cli.main import app

ROOT = typer.main.get_command(app)


def _commands(group, prefix=""):
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        if below is None or any("--json" in p.opts for p in command.params):
            yield f"{prefix}{name}", command
        if below is not None:
            yield from _commands(command, f"{prefix}{name} ")


COMMANDS = dict(_commands(ROOT))
TARGET = ("--target", "params=1B,tokens=20B")
GOOD = {
    "check": ("my_law.py",),
    "cite": ("--collection", "porian"),
    "collections": (),
    "compare": ("--suite", "lite", "--predictors", "chinchilla,kaplan"),
    "example": (),
    "forecasts": ("--open",),
    "leaderboard": ("--suite", "lite", "--top", "2"),
    "new-predictor": ("other_law",),
    "plan": ("--budget", "1e20", *TARGET),
    "predictors": (),
    "read": ("runs.csv",),
    "release": ("--suite", "lite", "--out", "releases"),
    "show": ("porian",),
    "tasks": ("--suite", "lite"),
    "validate": ("runs.csv",),
}
ELSEWHERE = {
    "allocate": "tests/scalingbench/forecasting/test_allocate.py",
    "contrast": "tests/scalingbench/forecasting/test_contrast.py",
    "evaluate": "tests/scalingbench/test_cli.py",
    "findings": "tests/leaderboard/test_findings.py",
    "forecasts register": "tests/scalingbench/test_forecasts_cli.py",
    "forecast": "tests/scalingbench/forecasting/test_forecast.py",
    "forecasts resolve": "tests/scalingbench/test_forecasts_cli.py",
    "forecasts score": "tests/scalingbench/test_forecasts_cli.py",
    "run": "tests/leaderboard/test_literature.py",
    "watch": "tests/scalingbench/forecasting/test_watch.py",
    "score-forecast": "tests/scalingbench/forecasting/test_registering.py",
}
"""Where `data_of` checks a command whose success takes a while, or a book."""
LONG = {"hub build", "hub pull", "hub push", "hub push-results", "hub validate", "pictures", "plot", "site", "submit", "verify"}
"""Their data are one line of `print_answer`; a success takes seconds, or a server."""
REFUSED = {
    "allocate": ("gone.csv", "--flops", "1e21"),
    "check": ("gone.py",),
    "cite": ("--collection", "gone"),
    "collections": ("--gone",),
    "compare": ("--predictors", "gone,kaplan"),
    "contrast": ("gone.csv", "--at", "flops=1e21"),
    "evaluate": ("gone.py:Law",),
    "watch": ("gone.csv", "--until", "100"),
    "example": ("gone",),
    "findings": ("--suite", "gone"),
    "forecast": ("gone.csv", *TARGET),
    "forecasts": ("--book", "gone"),
    "forecasts register": ("gone.json",),
    "forecasts resolve": ("gone", "--source", "log", "--target", "x"),
    "forecasts score": ("--book", "gone"),
    "hub build": ("--out", "folder", "--collections", "gone"),
    "hub pull": ("--repo", "gone", "--revision", "v1"),
    "hub push": ("gone", "--repo", "a/b"),
    "hub push-results": ("--repo", "gone"),
    "hub validate": ("gone",),
    "leaderboard": ("--results", "gone"),
    "new-predictor": ("Gone",),
    "pictures": ("--suite", "gone", "--out", "pictures"),
    "plan": TARGET,
    "plot": ("gone", "--out", "x.png"),
    "predictors": ("--track", "gone"),
    "read": ("gone.csv",),
    "release": ("--suite", "gone"),
    "run": ("--suite", "gone"),
    "score-forecast": ("gone", "--value", "2"),
    "show": ("gone",),
    "site": (),
    "submit": ("gone.py:Law", "--name", "x", "--authors", "A", "--paper", "unpublished", "--license", "MIT"),
    "tasks": ("--suite", "gone"),
    "validate": ("gone.csv",),
    "verify": ("gone",),
}


def test_every_command_takes_json_and_is_checked_here():
    assert [name for name, command in COMMANDS.items() if not any("--json" in p.opts for p in command.params)] == []
    assert set(COMMANDS) == set(REFUSED) == set(GOOD) | set(ELSEWHERE) | LONG
    described = {part["if"]["properties"]["command"]["const"] for part in json_schema()["allOf"]}
    assert described == set(COMMANDS) - {"score-forecast"}  # the old name of 'forecasts score'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("user")
    assert scalingbench("new-predictor", "my_law", cwd=made).returncode == 0
    (made / "runs.csv").write_text(scalingbench("example", "base").stdout)
    return made


@pytest.mark.parametrize("command", GOOD)
def test_success_is_data_in_the_envelope(command, folder):
    done = scalingbench(*command.split(), *GOOD[command], "--json", cwd=folder)
    assert done.returncode == 0 and data_of(done, command), done.stderr


@pytest.mark.parametrize("command", REFUSED)
def test_a_refusal_is_an_error_in_the_envelope_and_a_line_on_standard_error(command, tmp_path):
    error = error_of(scalingbench(*command.split(), *REFUSED[command], "--json", cwd=tmp_path), command)
    assert error["message"] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("gone",), ("hub", "gone"), ("tasks", "--gone"), ("plot", "porian"), ("compare", "--top", "x")])
def test_a_usage_error_is_in_the_envelope_too(words):
    done = scalingbench(*words, "--json")
    assert error_of(done, command_of(ROOT, words)) and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("runs.csv: row 3, column 'N': 'x' is not a number", ("runs.csv", 3, "N", None)),
        ("--book: runs.csv: no such folder", ("runs.csv", None, None, "--book")),
        ("law.py: has no class 'Law'", ("law.py", None, None, None)),
        ("gone: no such folder", ("gone", None, None, None)),
        ("Missing option '--out'.", (None, None, None, "--out")),
        ("unknown suite 'x'; known: lite", (None, None, None, None)),
        ("the column: say --map x=ignore", (None, None, None, None)),
    ],
)
def test_the_place_of_an_error_is_read_off_its_message(message, place):
    found = place_of(message, ("read", "runs.csv", "law.py:Law", "gone"))
    assert tuple(found[key] for key in ("file", "row", "column", "option")) == place
