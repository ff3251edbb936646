"""What --help and --version show, and how a file names its predictor."""

import shlex

import pytest
import typer
from command import scalingbench, scalingbench_process

from scalingbench.cli.help import EXAMPLES, GROUPS
from scalingbench.cli.main import app
from scalingbench.common.packages import own_version

ROOT = typer.main.get_command(app)
VISIBLE = {name for name, command in ROOT.commands.items() if not command.hidden}


def test_the_version_is_printed():
    done = scalingbench("--version")
    assert done.returncode == 0 and done.stdout == f"scalingbench {own_version()}\n"


def test_every_command_is_in_a_group_and_has_two_examples():
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped)) and set(grouped) >= VISIBLE
    assert VISIBLE - {"hub", "forecasts"} <= EXAMPLES.keys() and {len(examples) for examples in EXAMPLES.values()} == {2}
    text = scalingbench("--help").stdout
    assert [title for title in GROUPS if title not in text] == []


@pytest.mark.parametrize("example", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_a_valid_call_and_is_in_the_help(example):
    name, *words = shlex.split(example)
    ROOT.commands[name].make_context(name, words, parent=ROOT.make_context("scalingbench", [name]))
    assert f"scalingbench {example}"[:60] in " ".join(ROOT.commands[name].epilog.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("user")
    assert scalingbench("new-predictor", "my_law", cwd=made).returncode == 0
    return made


TWO = "class One:\n    def fit(self, X, y):\n        return self\n    def predict(self, X):\n        return [0.0] * len(X)\n"


def test_check_finds_the_one_class_of_a_file(folder):
    done = scalingbench("check", "my_law.py", cwd=folder)
    assert done.returncode == 0 and "MyLaw: keeps the contract" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TWO + TWO.replace("One", "Two"), "there are One, Two; choose one: many.py:One"),
        ("class Empty:\n    pass\n", "there is none; a predictor has fit(X, y) and predict(X)"),
    ],
)
def test_a_file_of_several_predictors_or_none_is_refused(source, message, tmp_path):
    (tmp_path / "many.py").write_text(source)
    done = scalingbench("check", "many.py", cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed_and_names_are_completed(shell):
    script = scalingbench_process(env={"_SCALINGBENCH_COMPLETE": f"source_{shell}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert script.returncode == 0 and "scalingbench" in script.stdout and "_SCALINGBENCH_COMPLETE" in script.stdout, script.stderr
    line = "scalingbench cite --collection por"
    words = {"COMP_WORDS": line, "COMP_CWORD": "3", "_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = scalingbench_process(env={"_SCALINGBENCH_COMPLETE": f"complete_{shell}", **words})
    assert done.stdout.split()[0].strip("'\"") == "porian" or '"porian"' in done.stdout, done.stdout + done.stderr
