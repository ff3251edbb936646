"""The command as a user types it: standard output, standard error and exit status."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import data_of, scalingbench, scalingbench_process

from scalingbench.benchmark.data.card import cards_folder, load_card
from scalingbench.benchmark.data.collection import list_collections
from scalingbench.common.defaults import TIME_LIMIT

SMALL = ("--collections", "porian")
FEW = ("--collections", "humanlike_vits")
BAD_PREDICTORS = """
import os, time
import numpy as np

class Fine:
    def fit(self, X, y): self.m = np.mean(y); return self
    def predict(self, X): return np.full(len(X), self.m)

class Hangs(Fine):
    def fit(self, X, y): time.sleep(600)

class Raises(Fine):
    def fit(self, X, y): raise RuntimeError("no way")

class ReturnsNaN(Fine):
    def predict(self, X): return np.full(len(X), np.nan)

class WrongShape(Fine):
    def predict(self, X): return np.zeros(3)

class Prints(Fine):
    def fit(self, X, y): print("chatter"); os.write(1, b"more chatter"); return super().fit(X, y)

class NeedsArguments(Fine):
    def __init__(self, size): self.size = size

class NoPredict:
    def fit(self, X, y): return self
"""


def assert_refused(done, *words):
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr and done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], lines[0]


@pytest.mark.parametrize("arguments", [["--help"], ["leaderboard", "--help"], ["cite", "--help"], ["hub", "push", "--help"]])
def test_help_does_not_import_what_is_slow(arguments):
    code = f"""
import sys
from scalingbench.cli.main import main
sys.argv = ["scalingbench", *{arguments}]
try:
    main()
except SystemExit as exit:
    print(exit.code, [m for m in ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "yaml") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_listings_are_json_where_a_script_asks(tmp_path):
    for arguments, key in [(("predictors",), "name"), (("tasks",), "task")]:
        done = scalingbench(*arguments, "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert all(key in row for row in data_of(done, arguments[0]))
    listed = data_of(scalingbench("collections", "--json", cwd=tmp_path), "collections")
    assert listed["totals"]["collections"] == len(listed["collections"]) >= 40 and listed["totals"]["runs"] >= 15_000


def test_there_are_enough_predictors_and_each_says_where_it_is_from(tmp_path):
    rows = data_of(scalingbench("predictors", "--json", cwd=tmp_path), "predictors")
    assert len(rows) >= 70 and len({r["name"] for r in rows}) == len(rows)
    assert all(r["paper"] for r in rows if r["tracks"])


def test_show_prints_the_essentials(tmp_path):
    done = scalingbench("show", "porian", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("nats/token", "mit", "Porian", "params", "constant-lr-frontier", "RefinedWeb"):
        assert word in done.stdout
    parsed = data_of(scalingbench("show", "porian", "--json", cwd=tmp_path), "show")
    assert parsed["rows"] == 940 and parsed["tasks"]


BUNDLED = [name for name in list_collections() if load_card(name).bundled]
SHOWN = ("designed_text", "lcdb", "porian", "synthetic_coverage")
"""Own runs, many curves, many metrics, a world of known truth."""


@pytest.mark.parametrize("name", [n if n in SHOWN else pytest.param(n, marks=pytest.mark.full) for n in BUNDLED])
def test_a_collection_at_hand_can_be_shown(name, tmp_path):
    done = scalingbench("show", name, cwd=tmp_path)
    assert done.returncode == 0 and name in done.stdout, done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a small finished run, and its board."""
    folder = tmp_path_factory.mktemp("run")
    names = "mean,power-law,chinchilla[l2-log],log-linear"
    done = scalingbench_process("run", *SMALL, "--predictors", names, "--out", "out", "--jobs", 2, "--fresh", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "nearest-neighbor: added" in done.stderr
    return folder, done.stdout


def test_run_prints_the_board_and_writes_a_file_per_predictor(finished):
    folder, board = finished
    assert "chinchilla[l2-log]" in board and "skill" in board
    names = sorted(p.name for p in (folder / "out").iterdir())
    assert names == ["chinchilla-l2-log.parquet", "log-linear.parquet", "mean.parquet", "nearest-neighbor.parquet"]


def test_leaderboard_in_every_format(finished):
    folder, _ = finished
    for form in ("md", "csv", "latex"):
        done = scalingbench("leaderboard", "--results", "out", "--format", form, cwd=folder)
        assert done.returncode == 0 and "log-linear" in done.stdout, done.stderr
    rows = json.loads(scalingbench("leaderboard", "--results", "out", "--format", "json", cwd=folder).stdout)
    assert any(row["predictor"] == "mean" for row in rows["rows"])


def predictions(folder: Path):
    from scalingbench.benchmark.evaluation.results import load_results

    return {(r.predictor, r.task, f.fold): f.predictions.tobytes() for r in load_results(folder) for f in r.folds}


@pytest.mark.full
def test_jobs_and_a_killed_run_do_not_change_predictions(finished, tmp_path):
    import signal
    import time

    folder, _ = finished
    names = "mean,chinchilla[l2-log],log-linear,nearest-neighbor"
    arguments = ("run", *SMALL, "--predictors", names, "--out", "out", "--jobs", "1", "--fresh")
    process = subprocess.Popen(
        [sys.executable, "-m", "scalingbench", *arguments], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "out").rglob("*.parquet"))) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = scalingbench(*arguments, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert predictions(tmp_path / "out") == predictions(folder / "out")


def test_a_run_re_uses_committed_results_says_how_many_and_fresh_does_not(finished, tmp_path):
    folder, _ = finished
    shutil.copytree(folder / "out", tmp_path / "results" / "v3")
    env = {"SCALINGBENCH_RESULTS": str(tmp_path / "results")}
    again = scalingbench("run", *SMALL, "--predictors", "mean,log-linear,constant-law", "--out", "new", cwd=tmp_path, env=env)
    assert again.returncode == 2  # an unknown one is named before anything is re-used
    again = scalingbench("run", *SMALL, "--predictors", "mean,log-linear,kaplan", "--out", "new", cwd=tmp_path, env=env)
    kept, ran = map(int, re.search(r"kept (\d+) results?.*, ran (\d+)", again.stderr).groups())
    new = {(predictor, task) for predictor, task, _ in predictions(tmp_path / "new")}
    assert ran == len({task for predictor, task in new if predictor == "kaplan"}) > 0 and kept == len(new) - ran > ran
    fresh = scalingbench("run", *SMALL, "--predictors", "mean", "--out", "fresh", "--fresh", cwd=tmp_path, env=env)
    assert "kept" not in fresh.stderr
    whole = predictions(folder / "out")
    assert all(whole[key] == found for key, found in predictions(tmp_path / "new").items() if key[0] != "kaplan")


def test_bad_predictors_are_named_and_the_rest_is_scored(tmp_path):
    (tmp_path / "bad.py").write_text(BAD_PREDICTORS)
    targets = [f"bad.py:{name}" for name in ("Hangs", "Raises", "ReturnsNaN", "WrongShape", "Fine", "Prints")]
    done = scalingbench_process("evaluate", *targets, *FEW, "--time-limit", 2, "--out", "out", "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    rows = {row["predictor"]: row for row in data_of(done, "evaluate")["rows"]}
    assert rows["Fine"]["failed_tasks"] == 0 and rows["Prints"]["failed_tasks"] == 0
    for name, word in [
        ("Hangs", "timeout"),
        ("Raises", "RuntimeError: no way"),
        ("ReturnsNaN", "not-finite"),
        ("WrongShape", "wrong-shape"),
    ]:
        assert rows[name]["failed_tasks"] == rows[name]["tasks_entered"]
        assert rows[name]["skill"] < rows["Fine"]["skill"]
        assert any(line.startswith(f"failed: {name} on humanlike_vits/") and word in line for line in done.stderr.splitlines())


def test_the_reference_that_is_added_has_the_ordinary_time_limit(tmp_path, monkeypatch):
    import scalingbench.benchmark.evaluation.run as evaluation

    asked, real = [], evaluation.run_suite
    monkeypatch.setattr(evaluation, "run_suite", lambda *a, **k: asked.append(k["time_limit"]) or real(*a, **k))
    (tmp_path / "bad.py").write_text(BAD_PREDICTORS)
    done = scalingbench("evaluate", "bad.py:Fine", *FEW, "--time-limit", 20, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0 and asked == [{"Fine": 20.0, "nearest-neighbor": TIME_LIMIT}], done.stderr


def test_bad_usage_is_refused_in_one_line(tmp_path):
    (tmp_path / "bad.py").write_text(BAD_PREDICTORS)
    (tmp_path / "broken.py").write_text("def f(:\n")
    cases = [
        (("show", "chinchila"), ("unknown collection 'chinchila'", "did you mean 'chinchilla'")),
        (("run", "--predictors", "chinchila[l2]", *SMALL), ("chinchila[l2]", "did you mean")),
        (("run", "--suite", "v9"), ("unknown suite 'v9'",)),
        (("run", "--suite", "gone.yaml"), ("gone.yaml: no such file",)),
        (("run", "--collections", "chinchila"), ("did you mean 'chinchilla'",)),
        (("run", "--backend", "slurm"), ("--backend: expected local or dask, got 'slurm'",)),
        (("run", "--scheduler", "tcp://a:1"), ("--scheduler: is for --backend dask",)),
        (("run", "--track", "computer"), ("unknown track 'computer'", "did you mean 'compute'")),
        (("leaderboard", "--track", "curves"), ("unknown track", "did you mean 'curve'")),
        (("leaderboard", "--results", "gone"), ("gone: no such folder",)),
        (("evaluate", "gone.py:X"), ("gone.py: no such file",)),
        (("evaluate", "bad.py:X"), ("bad.py: has no class 'X'",)),
        (("evaluate", "bad.py:NeedsArguments"), ("cannot be constructed without arguments",)),
        (("evaluate", "bad.py:NoPredict"), ("has no method 'predict'",)),
        (("evaluate", "broken.py:X"), ("broken.py: cannot be imported: SyntaxError",)),
        (("evaluate", "nope.module:X"), ("nope.module: cannot be imported",)),
    ]
    for arguments, words in cases:
        assert_refused(scalingbench(*arguments, cwd=tmp_path), *words)


def test_an_output_folder_that_is_a_file_is_refused_and_left_alone(tmp_path):
    (tmp_path / "out").write_text("mine")
    done = scalingbench("run", *SMALL, "--predictors", "mean", "--out", "out", cwd=tmp_path)
    assert done.returncode == 2 and "out" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "out").read_text() == "mine"


def test_an_unknown_option_exits_with_2(tmp_path):
    done = scalingbench("run", "--sweet", "lite", cwd=tmp_path)
    assert done.returncode == 2 and "--sweet" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("params,value\n1e8,3.0\n1e9,-2.0\n", ("row 2, column 'value'", "-2.0", "(0, inf]")),
        ("run,params,value\na,1e8,3.0\na,1e8,3.0\n", ("row 2: repeats row 1",)),
        ("parms,value\n1e8,3.0\n", ("column 'parms'", "did you mean 'params'")),
        ("params,value\n1e8,3.O\n", ("row 1, column 'value'", "'3.O' is not a number")),
    ],
)
def test_a_broken_table_is_refused_in_one_line(tmp_path, text, words):
    (tmp_path / "runs.csv").write_text(text)
    assert_refused(scalingbench("validate", "runs.csv", cwd=tmp_path), "runs.csv", *words)


def test_a_sound_table_passes(tmp_path):
    (tmp_path / "runs.csv").write_text("params,value\n1e8,3.0\n1e9,2.0\n")
    done = scalingbench("validate", "runs.csv", cwd=tmp_path)
    assert done.returncode == 0 and "2 rows" in done.stdout


@pytest.mark.parametrize(
    "text",
    [
        "N,D,loss\n1e8,1e9,3.0\n1e9,2e9,2.0\n",
        "params,tokens,value,git\n1e8,1e9,3.0,ab12\n1e9,2e9,2.0,ab13\n",
        "Params (M);Tokens (B);Loss\n100;1;3,01\n1000;2;2,02\n",
        '[{"n_params": "100M", "val/loss": 3.0}, {"n_params": "1B", "val/loss": 2.0}]',
    ],
)
def test_what_forecast_reads_breaks_no_rule(tmp_path, text):
    (tmp_path / "runs.txt").write_text(text)
    done = scalingbench("validate", "runs.txt", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.endswith("runs.txt: 2 runs, no rule broken\n") and "100M to 1B" in done.stdout, done


def test_a_table_with_a_variable_of_its_own_is_checked_against_the_card_that_declares_it(tmp_path):
    (tmp_path / "runs.csv").write_text("run,value,params,x_heat\na,3.0,1e6,1\nb,2.0,1e7,2\n")
    assert_refused(scalingbench("validate", "runs.csv", cwd=tmp_path), "column 'x_heat': the card of the collection does not declare it")
    text = (cards_folder() / "chinchilla.md").read_text()
    (tmp_path / "heat.md").write_text(
        text.replace("  metrics:\n", "  variables:\n    x_heat: {unit: kelvin, meaning: of the bath}\n  metrics:\n", 1)
    )
    done = scalingbench("validate", "runs.csv", "--card", "heat.md", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "runs.csv: 2 rows, no rule broken\n", done.stderr
    assert_refused(scalingbench("validate", "runs.csv", "--card", "cold.md", cwd=tmp_path), "cold.md")


def test_a_missing_or_altered_upstream_file_is_refused_in_one_line(tmp_path):
    raw = tmp_path / "mirror" / "steplaw" / "raw"
    raw.mkdir(parents=True)
    (raw / "dense_lr_bs_loss.csv").write_text("altered\n")
    env = {"SCALINGBENCH_MIRROR": str(tmp_path / "mirror"), "SCALINGBENCH_CACHE": str(tmp_path / "cache")}
    assert_refused(scalingbench_process("show", "steplaw", cwd=tmp_path, env=env), "dense_lr_bs_loss.csv", "sha256", "altered")
    gone = {"SCALINGBENCH_MIRROR": str(tmp_path / "gone")}
    assert_refused(scalingbench_process("show", "steplaw", cwd=tmp_path, env=gone), "gone: no such folder")
    assert_refused(scalingbench("validate", "nothing.csv", cwd=tmp_path), "nothing.csv: no such file")
