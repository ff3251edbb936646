"""`scalingbench verify` itself: the forgeries end with status 1 and one line, what is no submission with status 2, and only what was counted with 0."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
import yaml
from arena import write_submission
from attacks import code, returns
from command import scalingbench
from made import suite_file

from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.common.files import sha256_of

SUITE = suite_file()
TWO_FACED = """
class A:
    calls = 0
    def __init__(self, n): self.n = n
    def __array__(self, dtype=None, copy=None):
        A.calls += 1
        return np.ones(self.n) if A.calls == 1 else np.full(self.n, np.nan)
    def __len__(self): return self.n
"""
PICKLED = """
class Key(str):
    def __reduce__(self): return (os._exit, (0,))
    def __str__(self): return self
"""
FORGERIES = {
    "exit at import": (code("import", "sys.exit(0)"), "predictor.py: SystemExit: 0"),
    "exit in fit": (code("fit", "sys.exit(0)"), "submitted as 'ok', recomputed as 'error' SystemExit: 0"),
    "NaN the second time": (returns("A(n)", TWO_FACED), "recomputed as 'not-finite'"),
    "a pickled payload": (code("fit", "self.params_ = {Key('x'): 1.0}", PICKLED), "are not reproduced"),
}


@pytest.fixture
def place(wall, tmp_path):
    (tmp_path / "one.yaml").write_text(SUITE)
    return tmp_path


def submitted(place, source):
    """Write a submission of this source that claims the held-out values."""
    suite = load_suite(str(place / "one.yaml"))
    write_submission(place / "hostile", source, suite, [f.y_test for f in suite.tasks[0].folds])


def verify(place, *options):
    return scalingbench("verify", "hostile", "--suite", "one.yaml", *options, cwd=place)


def last_line(done):
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("name", ["NaN the second time", *(pytest.param(n, marks=pytest.mark.full) for n in FORGERIES if n[:3] != "NaN")])
def test_when_a_submission_is_a_forgery_then_verify_refuses_with_status_1_and_one_line(name, place):
    source, reason = FORGERIES[name]
    submitted(place, source)
    (place / "s.json").write_text('{"verdict": "verified"}')
    (place / "r.parquet").write_text("old")
    done = verify(place, "--summary", "s.json", "--recomputed", "r.parquet")
    assert done.returncode == 1 and done.stdout == "", done.stderr
    assert last_line(done).startswith("refused: hostile: ") and reason in last_line(done)
    assert len([line for line in done.stderr.splitlines() if "refused" in line or "error:" in line]) == 1
    assert json.loads((place / "s.json").read_text())["verdict"] == "refused"
    assert not (place / "r.parquet").exists()


def test_a_verdict_says_what_it_rests_on(place):
    (place / "mean.py").write_text(code())
    about = (
        "--name",
        "hostile",
        "--authors",
        "A. Nobody",
        "--paper",
        "unpublished",
        "--license",
        "MIT",
        "--suite",
        "one.yaml",
        "--out",
        ".",
    )
    made = scalingbench("submit", "mean.py:P", *about, cwd=place)
    assert made.returncode == 0, made.stderr
    done = verify(place, "--summary", "s.json", "--recomputed", "r.parquet")
    assert done.returncode == 0, done.stderr
    assert "6 predictions on 1 tasks recomputed within 0.0001" in done.stdout and "confined by namespaces" in done.stdout
    summary = json.loads((place / "s.json").read_text())
    assert summary["verdict"] == "verified" and summary["predictions"] == summary["predictions_compared"] == 6
    assert summary["folds"] == summary["folds_compared"] == 1 and summary["suite_fingerprint"] and summary["layers"]
    facts = yaml.safe_load((place / "hostile" / "submission.yaml").read_text())
    assert summary["source_sha256"] == facts["source_sha256"] and (place / "r.parquet").is_file()


def test_a_broken_folder_ends_with_status_2(place):
    submitted(place, code())
    (place / "hostile" / "submission.yaml").write_bytes(b"\x80\xff")
    done = verify(place)
    assert done.returncode == 2 and last_line(done).startswith("error: hostile/submission.yaml: byte 1 is not UTF-8")


def test_where_bubblewrap_is_missing_verify_refuses_and_names_the_line_that_installs_it(place):
    submitted(place, code("fit", "sys.exit(0)"))
    empty = place / "bin"
    empty.mkdir()
    environment = {**os.environ, "PATH": str(empty)}
    command = [sys.executable, "-m", "scalingbench", "verify", "hostile", "--suite", "one.yaml"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and "apt-get install bubblewrap" in last_line(done) and "--unconfined" in last_line(done)


@pytest.mark.full
def test_without_namespaces_a_verdict_says_so(place):
    submitted(place, code("fit", "sys.exit(0)"))
    (empty := place / "bin").mkdir()
    command = [sys.executable, "-m", "scalingbench", "verify", "hostile", "--suite", "one.yaml", "--unconfined"]
    done = subprocess.run(command, cwd=place, env={**os.environ, "PATH": str(empty)}, capture_output=True, text=True)
    assert done.returncode == 1 and "NOT confined by namespaces" in done.stderr and "SystemExit: 0" in last_line(done)


def running(place, source, *options, requirements=""):
    """Start a verification of this source, and return it with the processes behind its wall as soon as it fits, or unpacks."""
    submitted(place, source)
    (place / "hostile" / "requirements.txt").write_text(requirements)
    command = [sys.executable, "-m", "scalingbench", "verify", "hostile", "--suite", "one.yaml", *options]
    judge = subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 300
    while len(behind := descendants(judge.pid)) < 5:  # bubblewrap twice, what makes fork servers, one, the cell
        assert time.monotonic() < deadline and judge.poll() is None
        time.sleep(0.1)
    return judge, behind


def descendants(pid):
    try:
        children = [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    tasks = Path(f"/proc/{pid}/task")
    for task in tasks.iterdir() if tasks.is_dir() else ():
        if task.name != str(pid):
            children += [int(c) for c in (task / "children").read_text().split()]
    return [*children, *(d for c in children for d in descendants(c))]


@pytest.mark.parametrize("signum", [signal.SIGTERM, *(pytest.param(s, marks=pytest.mark.full) for s in (signal.SIGKILL, signal.SIGINT))])
def test_when_the_judge_is_ended_then_nothing_behind_the_wall_goes_on(signum, place):
    judge, behind = running(place, code("fit", "while True: pass"))
    judge.send_signal(signum)
    _, said = judge.communicate(timeout=30)
    assert judge.returncode in (-signal.SIGKILL, 128 + signum) and "Traceback" not in said
    deadline = time.monotonic() + 10
    while any(alive(p) for p in behind):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    shutil.rmtree(place / "hostile")


@pytest.mark.full
def test_when_the_judge_is_ended_while_a_wheel_is_unpacked_then_nothing_goes_on(place):
    wheel = place / "wheels" / "sbbig-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(15):
            archive.writestr(f"sbbig/{i}", bytes(2**25))
    pin = f"sbbig==1.0 --hash=sha256:{sha256_of(wheel)}\n"
    before = set(os.listdir(tempfile.gettempdir()))
    judge, behind = running(place, code(), "--wheels", "wheels", requirements=pin)
    judge.send_signal(signal.SIGTERM)
    _, said = judge.communicate(timeout=30)
    assert judge.returncode == 128 + signal.SIGTERM and "Traceback" not in said
    deadline = time.monotonic() + 10
    while any(alive(p) for p in behind):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not [n for n in set(os.listdir(tempfile.gettempdir())) - before if n.startswith("scalingbench")]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
