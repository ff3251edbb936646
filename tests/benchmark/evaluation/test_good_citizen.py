"""A run ends when it is asked to, leaves what it has finished, and takes its workers along."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from command import scalingbench_process as scalingbench
from made import DISTILLATION, suite_file
from typer.testing import CliRunner

from scalingbench.benchmark.evaluation.results import load_results
from scalingbench.benchmark.evaluation.run import run_suite
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.cli.main import app
from scalingbench.common.errors import InputError

SLOW = """
import subprocess, sys, time
from pathlib import Path
import numpy as np

class Slow:
    variables = ("params", "tokens")
    def fit(self, X, y):
        if len(y) != 348 and not Path("GO").exists():
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], **quiet)
            Path("FITTING").write_text(str(child.pid))
            time.sleep(1000)
        self.mean_ = float(np.mean(y))
        return self
    def predict(self, X):
        return np.full(len(X), self.mean_)
"""
SUITE = suite_file(DISTILLATION.replace("train_max: 1.0e+21}", "train_max: 3.0e+20, name: small}"))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found += [int(entry), *descendants(int(entry))]
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.full
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_when_a_run_is_ended_then_its_workers_end_and_it_can_be_resumed(signum, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "two.yaml").write_text(SUITE)
    command = ["evaluate", "slow.py:Slow", "--suite", "two.yaml", "--jobs", "2", "--out", "out"]
    run = subprocess.Popen(
        [sys.executable, "-m", "scalingbench", *command], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 600
    while not (tmp_path / "FITTING").exists() or len(list(tmp_path.glob("out/.parts/*/*.parquet"))) < 3:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.1)
    workers = [p for p in descendants(run.pid) if p != int((tmp_path / "FITTING").read_text())]
    run.send_signal(signum)
    _, said = run.communicate(timeout=300)
    assert run.returncode in (-signal.SIGKILL, 128 + signum) and "Traceback" not in said
    if signum != signal.SIGKILL:
        assert "interrupted; finished results are kept" in said
        workers.append(int((tmp_path / "FITTING").read_text()))  # what a predictor started ends with its worker
    deadline = time.monotonic() + 100
    while any(map(alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    if alive(child := int((tmp_path / "FITTING").read_text())):
        os.kill(child, signal.SIGKILL)
    (tmp_path / "GO").touch()
    kept = list(tmp_path.glob("out/.parts/*/*.parquet"))
    done = scalingbench(*command, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(kept) == 3 and {(r.predictor, len(r.failures)) for r in load_results(tmp_path / "out")} == {
        ("Slow", 0),
        ("nearest-neighbor", 0),
    }
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["Slow.parquet", "nearest-neighbor.parquet"]


class Ends:
    """Ends its process, or asks for it, in a way of its own."""

    def __init__(self, how):
        self.how = how

    def fit(self, X, y):
        exec(self.how, {})
        return self

    def predict(self, X):
        return np.ones(len(X))


ENDS = {
    "import sys; sys.exit(0)": ("error", "SystemExit: 0"),
    "raise KeyboardInterrupt": ("error", "KeyboardInterrupt"),
    "raise GeneratorExit": ("error", "GeneratorExit"),
    "import os; os._exit(0)": ("crash", "its process died with exit code 0"),
    "import os; os._exit(7)": ("crash", "its process died with exit code 7"),
    "import os; os.closerange(3, 1000)": ("crash", "its process"),
    "import os\nfor fd in range(3, 1000):\n    try: os.write(fd, b'x' * 99)\n    except OSError: pass": ("crash", "its process"),
}


def test_when_a_fit_ends_its_process_then_it_is_a_failure_and_the_run_goes_on(tmp_path):
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    tasks = load_suite("v3").build(collections=("porian",))[:1]
    named = {f"p{i}": Ends(how) for i, how in enumerate(ENDS)}
    began = time.monotonic()
    results = run_suite({**named, "honest": Ends("pass")}, tasks, tmp_path, jobs=2)
    assert time.monotonic() - began < 60.0  # one time limit: none of them was waited for
    for (status, message), result in zip(ENDS.values(), results, strict=False):
        fold, *_ = result.folds
        assert fold.status == status and message in fold.message, result
    assert results[-1].folds[0].status == "ok"


def test_an_error_of_the_constructor_is_told_at_once(tmp_path):
    (tmp_path / "bad.py").write_text("class P:\n    def __init__(self): raise RuntimeError('no')\n    fit = predict = None\n")
    began = time.monotonic()
    done = scalingbench("evaluate", "bad.py:P", cwd=tmp_path)
    assert done.returncode == 2 and "cannot be constructed without arguments: RuntimeError: no" in done.stderr
    assert time.monotonic() - began < 30.0


def test_what_cannot_work_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = "class Ends:\n    def fit(self, X, y): return self\n    def predict(self, X): return 1\n"
    (tmp_path / "ends.py").write_text(plain)
    (tmp_path / "other.py").write_text(plain)
    (tmp_path / "neighbor.py").write_text("class kaplan:\n    def fit(self, X, y): return self\n    def predict(self, X): return 1\n")
    (tmp_path / "trap.py").write_text("globals()['nearest-neighbor'] = 5\n")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "file").touch()
    for arguments, message in {
        ("run", "--predictors", "nope"): "unknown predictor 'nope'",
        ("run", "--suite", "lite", "--predictors", "kaplan", "--out", "file"): "file: no folder for results can be made here",
        ("run", "--suite", "lite", "--predictors", "kaplan", "--out", "file/below"): "file/below: no folder for results can be made here",
        ("evaluate", "ends.py:Ends", "--out", "file"): "file: no folder for results can be made here",
        ("evaluate", "ends.py:Ends", "other.py:Ends"): "a second predictor called 'Ends'",
        ("evaluate", "kaplan", "kaplan"): "a second predictor called 'kaplan'",
        ("evaluate", "neighbor.py:kaplan"): "'kaplan' is a predictor of the board",
        ("evaluate", "trap.py:nearest-neighbor"): "expected FILE.py, FILE.py:Class",
        ("check", ":P"): "expected FILE.py, FILE.py:Class",
        ("check", "ends.py:"): "expected FILE.py, FILE.py:Class",
        ("check", "ends.py:a.b"): "expected FILE.py, FILE.py:Class",
        ("check", "exits.py:P"): "exits.py: cannot be imported: SystemExit: 0",
        ("check", "gone:P"): "gone: cannot be imported",
    }.items():
        began = time.monotonic()
        done = CliRunner().invoke(app, arguments)
        assert isinstance(done.exception, InputError) and message in str(done.exception), arguments
        assert time.monotonic() - began < 10.0


def test_two_names_of_one_file_are_refused(tmp_path):
    tasks = load_suite("v3").build(collections=("porian",))[:1]
    with pytest.raises(InputError, match=r"'a\[b\]' and 'A-b' would share the result file"):
        run_suite({"a[b]": Ends("pass"), "A-b": Ends("pass")}, tasks, tmp_path)


PLAIN_SCRIPT = """
from pathlib import Path
from scalingbench.benchmark.evaluation.run import run_suite
from scalingbench.benchmark.tasks.suite import load_suite

class Ones:
    def fit(self, X, y):
        return self
    def predict(self, X):
        return [1.0] * len(X)

print("begun", flush=True)
(result,) = run_suite({"ones": Ones()}, load_suite("v3").build(collections=("porian",))[:1], Path("out"), jobs=1)
print(len(result.failures))
"""


def test_a_script_without_a_main_guard_runs_once(tmp_path):
    (tmp_path / "plain.py").write_text(PLAIN_SCRIPT)
    done = subprocess.run([sys.executable, "plain.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("begun\n0\n", 0), done.stderr
