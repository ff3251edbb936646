"""A run ends when it is asked to, leaves what it has finished, and takes its workers along."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import scalingbench

from benchmark.evaluation.results import load_results

SLOW = """
import subprocess, sys, time
from pathlib import Path
import numpy as np

class Slow:
    variables = ("params", "tokens")
    def fit(self, X, y):
        if len(y) != 217 and not Path("GO").exists():
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], **quiet)
            Path("FITTING").write_text(str(child.pid))
            time.sleep(1000)
        self.mean_ = float(np.mean(y))
        return self
    def predict(self, X):
        return np.full(len(X), self.mean_)
"""
SUITE = """
description: two tasks
reference: nearest-neighbor
pool: [nearest-neighbor]
tasks:
  - collection: chinchilla
    metric: loss
    track: compute
    variables: [params, tokens]
    split: {kind: budget, share: 0.1}
  - collection: chinchilla
    metric: loss
    track: compute
    variables: [params, tokens]
    split: {kind: frontier, variable: flops, train_max: 1.0e+21}
"""


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
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_when_a_run_is_ended_then_its_workers_end_and_it_can_be_resumed(signum, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "two.yaml").write_text(SUITE)
    command = ["evaluate", "slow.py:Slow", "--suite", "two.yaml", "--jobs", "2", "--out", "out"]
    run = subprocess.Popen(
        [sys.executable, "-m", "scalingbench", *command], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 90
    while not (tmp_path / "FITTING").exists() or len(list(tmp_path.glob("out/.parts/*/*.parquet"))) < 3:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.1)
    workers = [p for p in descendants(run.pid) if p != int((tmp_path / "FITTING").read_text())]
    run.send_signal(signum)
    _, said = run.communicate(timeout=30)
    assert run.returncode in (-signal.SIGKILL, 128 + signum) and "Traceback" not in said
    if signum != signal.SIGKILL:
        assert "interrupted; what was finished is kept" in said
        workers.append(int((tmp_path / "FITTING").read_text()))  # what a predictor started ends with its worker
    deadline = time.monotonic() + 10
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


ENDS = """
import os, sys
import numpy as np

class Ends:
    variables = ("params", "tokens")
    def fit(self, X, y):
        {ending}
        return self
    def predict(self, X):
        return np.ones(len(X))
"""


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("sys.exit(0)", "SystemExit: 0"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("os._exit(0)", "its process died with exit code 0"),
        ("os._exit(7)", "its process died with exit code 7"),
        ("os.closerange(3, 100)", "its process"),
    ],
)
def test_when_a_fit_ends_its_process_then_it_is_a_failure_and_the_run_goes_on(ending, said, tmp_path):
    (tmp_path / "ends.py").write_text(ENDS.format(ending=ending))
    (tmp_path / "two.yaml").write_text(SUITE)
    began = time.monotonic()
    done = scalingbench("evaluate", "ends.py:Ends", "--suite", "two.yaml", "--out", "out", "--whole", cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert sum("failed: Ends on chinchilla" in line and said in line for line in done.stderr.splitlines()) == 2, done.stderr
    assert time.monotonic() - began < 60 and "nearest-neighbor" in done.stdout


def test_what_cannot_work_is_told_before_anything_is_computed(tmp_path):
    (tmp_path / "ends.py").write_text(ENDS.format(ending="pass"))
    (tmp_path / "other.py").write_text(ENDS.format(ending="pass"))
    (tmp_path / "neighbor.py").write_text("class kaplan:\n    def fit(self, X, y): return self\n    def predict(self, X): return 1\n")
    (tmp_path / "trap.py").write_text("globals()['nearest-neighbor'] = 5\n")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "file").touch()
    for arguments, message in {
        ("run", "--predictors", "nope"): "unknown predictor 'nope'",
        ("run", "--suite", "v0", "--predictors", "kaplan", "--out", "file"): "file: no folder for results can be made here",
        ("run", "--suite", "v0", "--predictors", "kaplan", "--out", "file/below"): "file/below: no folder for results can be made here",
        ("evaluate", "ends.py:Ends", "--out", "file"): "file: no folder for results can be made here",
        ("evaluate", "ends.py:Ends", "other.py:Ends"): "a second predictor called 'Ends'",
        ("evaluate", "kaplan", "kaplan"): "a second predictor called 'kaplan'",
        ("evaluate", "neighbor.py:kaplan"): "'kaplan' is a predictor of the board",
        ("evaluate", "trap.py:nearest-neighbor"): "expected FILE.py:Class",
        ("check", ":P"): "expected FILE.py:Class",
        ("check", "ends.py:"): "expected FILE.py:Class",
        ("check", "ends.py:a.b"): "expected FILE.py:Class",
        ("check", "exits.py:P"): "exits.py: cannot be imported: SystemExit: 0",
        ("check", "gone:P"): "gone: cannot be imported",
    }.items():
        done = scalingbench(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and "Traceback" not in done.stderr, arguments
        assert message in done.stderr.splitlines()[-1], done.stderr
