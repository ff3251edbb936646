"""``scalingbench forecasts`` as a user types it."""

import contextlib
import io
import sys
from types import SimpleNamespace
from unittest import mock

import pandas as pd
import pytest
from command import data_of

from scalingbench.cli.main import main

TARGET = "7b:params=7e9"


def scalingbench(*arguments):
    """Call the command in this process: every line of it but the interpreter's start."""
    out, err, status = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["scalingbench", *map(str, arguments)]),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
    return SimpleNamespace(returncode=status, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "runs.csv"
    params = [1e6, 2e6, 4e6, 8e6, 1.6e7, 3.2e7]
    pd.DataFrame({"params": params, "value": [1.5 + 400 * n**-0.4 for n in params]}).to_csv(path, index=False)
    return path


def refused(done, *words):
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert all(word in line for word in words), line


def test_the_projects_own_book_is_listed_with_its_chain():
    done = scalingbench("forecasts", "--json")
    assert done.returncode == 0, done.stderr
    found = data_of(done, "forecasts")
    assert found["chain"]["unbroken"] and found["chain"]["registrations"] > 100
    assert "designed_mlp" in {row["question"] for row in found["forecasts"]}
    assert {row["origin"] for row in found["origins"]} == {"designed", "replay", "published", "open"}
    every = data_of(scalingbench("forecasts", "--all", "--json"), "forecasts")["forecasts"]
    assert "designed_mlp/mse/main" in {row["question"] for row in every}
    assert sum(row["forecasts"] for row in found["origins"]) == found["chain"]["registrations"]
    still = data_of(scalingbench("forecasts", "--open", "--json"), "forecasts")["forecasts"]
    assert {row["status"] for row in still} <= {"open", "partly resolved"}


def test_register_resolve_and_score(tmp_path, table):
    book = tmp_path / "book"
    made = scalingbench(
        "forecasts",
        "register",
        table,
        "--question",
        "lab/loss/big",
        "--target",
        TARGET,
        "--predictors",
        "shifted-power-law,mean",
        "--book",
        book,
        "--json",
    )
    assert made.returncode == 0 and [entry["number"] for entry in data_of(made, "forecasts register")] == [1, 2], made.stderr
    done = scalingbench(
        "forecasts", "resolve", "lab/loss/big", "--target", "7b", "--value", 1.55, "--source", "a log", "--book", book, "--json"
    )
    assert done.returncode == 0 and data_of(done, "forecasts resolve")["path"], done.stderr
    rows = data_of(scalingbench("forecasts", "score", "--book", book, "--json"), "forecasts score")
    assert [row["forecaster"] for row in rows] == ["shifted-power-law", "mean"]
    assert rows[0]["error"] < 0.01 < rows[1]["error"] and rows[1]["crps"] is None
    late = scalingbench("forecasts", "register", table, "--question", "lab/loss/big", "--target", TARGET, "--book", book)
    refused(late, "the outcome of '7b' is already known")


def test_bad_input_is_one_line_and_status_2(tmp_path, table):
    book = tmp_path / "book"
    refused(scalingbench("forecasts", "register", tmp_path / "no.json", "--book", book), "no.json: no such file")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    refused(scalingbench("forecasts", "register", broken, "--book", book), "broken.json", "Invalid JSON")
    refused(scalingbench("forecasts", "register", table, "--book", book), "needs --question")
    asked = ("forecasts", "register", table, "--question", "lab/loss/big", "--book", book)
    refused(scalingbench(*asked, "--target", "params=7e9"), "expected NAME:variable=number")
    refused(scalingbench(*asked, "--target", "7b:tokens=7e9"), "no column 'tokens'")
    refused(scalingbench(*asked, "--target", TARGET, "--predictors", "chinchilla[l2]"), "chinchilla[l2]", "nothing was registered")
    refused(scalingbench("forecasts", "--book", book), "no such folder")
    refused(scalingbench("forecasts", "--question", "nope"), "unknown question 'nope'")
    refused(scalingbench("forecasts", "score", "--question", "designed_mlp/mse/mian"), "did you mean 'designed_mlp/mse/main'")
    assert not book.exists()


def test_an_altered_registration_is_named(tmp_path, table):
    book = tmp_path / "book"
    scalingbench("forecasts", "register", table, "--question", "lab/loss/big", "--target", TARGET, "--predictors", "mean", "--book", book)
    (path,) = (book / "registered").glob("*.json")
    path.write_text(path.read_text().replace('"rows": 6', '"rows": 7'))
    refused(scalingbench("forecasts", "--book", book), path.name, "changed after it was registered")
