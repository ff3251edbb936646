"""The wall, layer by layer: frames, what may be said, what a cell can read, and what is on where something is missing."""

import json
import socket
import struct
import threading
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import scalingbench
from scalingbench.benchmark.data.card import load_card
from scalingbench.benchmark.evaluation.confined_predictor import Submitted, load_submitted
from scalingbench.benchmark.evaluation.results import FoldResult, TaskResult
from scalingbench.benchmark.evaluation.run import evaluate, run_suite
from scalingbench.benchmark.evaluation.wall import kernel, messages, sandbox
from scalingbench.benchmark.evaluation.wall.guard import CodeError, Guard, Guards, Source, TimeUp
from scalingbench.benchmark.evaluation.wall.opened import opened
from scalingbench.benchmark.evaluation.wall.sandbox import Wall, raise_wall, sandbox_of
from scalingbench.benchmark.tasks.suite import list_suites, load_suite, load_task
from scalingbench.common.errors import InputError

X = pd.DataFrame({"params": np.geomspace(1e6, 1e9, 12), "tokens": np.geomspace(1e10, 1e8, 12), "run": ["a", "b"] * 6})
Y = np.linspace(3.0, 2.0, 12)
MEAN = """
import numpy as np

class P:
    variables = ("params", "tokens")
    def fit(self, X, y):
        {fit}
        self.params_ = {{"mean": float(np.mean(y)), "nan": float("nan")}}
        return self
    def predict(self, X):
        return np.full(len(X), self.params_["mean"])
    def predict_quantiles(self, X, levels):
        return np.tile(np.asarray(levels), (len(X), 1))
"""


def source(fit="pass"):
    return Source(MEAN.format(fit=fit), "p.py", "P")


@pytest.fixture(scope="module")
def wall():
    try:
        return raise_wall()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def guard(wall):
    with Guards(wall) as guards, guards.one() as one:
        yield one


@pytest.fixture(scope="module")
def alone(wall):
    """Guards in a sandbox that no other test uses, for what ends it."""
    with Guards(replace(wall, memory=wall.memory // 2)) as guards:
        yield guards
        guards._sandbox.stop()


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_frame_arrives_as_it_was_sent(pair):
    ours, theirs = pair
    messages.send(ours, {"a": 1}, b"x" * 10, b"y")
    header, body = messages.receive(theirs, body_limit=11)
    assert json.loads(header) == {"a": 1} and body == b"x" * 10 + b"y"


def head(magic=b"SBF1", header=2, body=0):
    return struct.pack("<4sIQ", magic, header, body)


@pytest.mark.parametrize(
    "data", [b"\xff" * 16, head(b"SBF2"), head(header=messages.HEADER_LIMIT + 1), head(body=1), head(header=2**32 - 1, body=2**64 - 1)]
)
def test_what_is_no_frame_or_too_large_a_one_is_refused_from_its_head(pair, data):
    ours, theirs = pair
    theirs.sendall(data)
    with pytest.raises(messages.FrameError):
        messages.receive(ours, deadline=time.monotonic() + 5)


@pytest.mark.parametrize("data", [b"", b"S", head(), head() + b"{"])
def test_half_a_frame_ends_with_the_time_or_with_the_other_side(pair, data):
    ours, theirs = pair
    theirs.sendall(data)
    began = time.monotonic()
    with pytest.raises(messages.FrameTimeout):
        messages.receive(ours, deadline=time.monotonic() + 0.2)
    assert time.monotonic() - began < 5
    theirs.sendall(data)
    theirs.close()
    with pytest.raises((messages.ChannelClosed, messages.FrameError)):
        messages.receive(ours, deadline=time.monotonic() + 5)


def test_a_byte_now_and_then_does_not_extend_the_time(pair):
    ours, theirs = pair

    def drip():
        for byte in head(header=1000):
            theirs.sendall(bytes([byte]))
            time.sleep(0.05)

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(messages.FrameTimeout):
        messages.receive(ours, deadline=began + 0.3)
    assert time.monotonic() - began < 3
    thread.join()


def test_one_who_does_not_read_holds_nobody_up(pair):
    with pytest.raises(messages.FrameTimeout):
        messages.send(pair[0], {}, bytes(2**26), deadline=time.monotonic() + 0.3)


SAID = {"step": "predicted", "quantiles": False, "message": "", "constants": {"a": 1.0}}


@pytest.mark.parametrize(
    "change",
    [
        {"step": "verified"},
        {"more": 1},
        {"message": "x" * 10_000},
        {"message": 5},
        {"quantiles": "yes"},
        {"constants": {"a": "1"}},
        {"constants": {"a": float("nan")}},
        {"constants": {"a": float("inf")}},
        {"constants": {"k" * 1000: 1.0}},
        {"constants": {str(i): 1.0 for i in range(5000)}},
        {"constants": [1.0]},
    ],
)
def test_what_a_cell_may_not_say_is_refused(change):
    assert isinstance(messages.parse(json.dumps(SAID).encode(), messages.Predicted), messages.Predicted)
    with pytest.raises(messages.FrameError, match="wrote an unexpected message"):
        messages.parse(json.dumps({**SAID, **change}).encode(), messages.Predicted)


def test_texts_lose_what_a_terminal_would_act_on():
    failed = messages.parse(json.dumps({"step": "failed", "status": "error", "message": "a\x1b[2J\nb\u202ec"}).encode(), messages.Fitted)
    assert failed.message == r"a\x1b[2J b\u202ec"


def test_a_result_file_must_hold_as_many_numbers_as_it_says():
    row = {"predictor": "p", "parameters": "{}", "suite": "s", "task": "t", "fingerprint": "f", "versions": "{}"}
    row |= {"fold": "a", "status": "ok", "message": "", "constants": {}, "n": 2, "levels": [0.5]}
    stored = messages.parse(json.dumps({"step": "results", "rows": [row]}).encode(), messages.Stored)
    (result,) = messages.rebuilt(stored, np.array([1.0, 2.0, 3.0, 4.0]).tobytes())
    assert isinstance(result, TaskResult) and list(result.folds[0].predictions) == [1, 2] and list(result.folds[0].quantiles[0.5]) == [3, 4]
    with pytest.raises(messages.FrameError, match="amount of numbers that does not match"):
        messages.rebuilt(stored, np.ones(3).tobytes())


def test_a_fit_returns_what_the_predictor_gives(guard):
    fold = guard.fit(source(), ("f", X, Y, X.head(3)), (0.1, 0.9), 30.0)
    assert fold.status == "ok" and list(fold.predictions) == [2.5] * 3
    assert fold.constants == pytest.approx({"mean": 2.5})  # finite ones only
    assert {level: list(q) for level, q in fold.quantiles.items()} == {0.1: [np.float32(0.1)] * 3, 0.9: [np.float32(0.9)] * 3}
    assert fold.fit_seconds > 0 and fold.predict_seconds > 0


def test_a_cell_is_handed_the_very_columns(guard):
    said = "raise ValueError(f'{list(X)} {[str(t) for t in X.dtypes]} {X.index} {y.dtype} {y.flags.writeable}')"
    fold = guard.fit(source(said), ("f", X, Y, X), (), 30.0)
    types = [str(t) for t in X.dtypes]
    assert fold.message == f"ValueError: ['params', 'tokens', 'run'] {types} RangeIndex(start=0, stop=12, step=1) float64 True"


def test_the_held_out_inputs_come_after_the_fit(guard):
    sizes = "[len(o) for o in gc.get_objects() if isinstance(o, pd.DataFrame) and 'params' in o]"
    looks = f"import gc, pandas as pd; raise ValueError(str({sizes}))"
    assert guard.fit(source(looks), ("f", X, Y, X.head(5)), (), 30.0).message == "ValueError: [12]"


def test_every_fit_is_process_1_of_its_own_and_finds_nothing(guard):
    keeps = "import os; d = os.environ['TMPDIR']; found = os.listdir(d); open(d + '/x', 'w').close()"
    said = f"{keeps}; raise ValueError(f'{{os.getpid()}} {{found}}')"
    for _ in range(2):
        assert guard.fit(source(said), ("f", X, Y, X), (), 30.0).message == "ValueError: 1 []"


def test_after_the_time_is_over_the_next_fit_works(guard):
    began = time.monotonic()
    with pytest.raises(TimeUp):
        guard.fit(source("while True: pass"), ("f", X, Y, X), (), 0.5)
    assert time.monotonic() - began < 10
    assert guard.fit(source(), ("f", X, Y, X), (), 30.0).status == "ok"


@pytest.mark.full
def test_when_the_server_is_killed_then_another_one_is_started(alone):
    with alone.one() as guard:
        guard._sandbox._process.kill()
        first = guard.fit(source(), ("f", X, Y, X), (), 30.0)
        assert first.status in ("crash", "ok")
        assert guard.fit(source(), ("f", X, Y, X), (), 30.0).status == "ok"


def test_a_guard_can_be_stopped_from_outside_in_the_middle_of_a_fit(wall):
    guard = Guard(sandbox_of(wall))
    guard.start()
    threading.Timer(0.5, guard.stop).start()
    with pytest.raises(InterruptedError):
        guard.fit(source("while True: pass"), ("f", X, Y, X), (), 60.0)
    with pytest.raises(InterruptedError):
        guard.start()


def test_a_class_says_of_itself_what_is_needed(guard):
    facts = guard.describe(source(), 30.0)
    assert facts.variables == ("params", "tokens") and facts.positive_only is False and facts.parameters == "{}"
    with pytest.raises(CodeError, match=r"p\.py: SystemExit: 0"):
        guard.describe(Source("import sys; sys.exit(0)", "p.py", "P"), 30.0)
    with pytest.raises(CodeError, match=r"took longer than 0\.5 s to import"):
        guard.describe(Source("while True: pass", "p.py", "P"), 0.5)


def test_our_laws_are_there_and_fit_as_they_do_here(guard):
    law = Source(
        "from scalingbench.predictors.registry import make\nP = lambda: make('chinchilla[huber-log]')",
        "p.py",
        "P",
    )
    from scalingbench.predictors.registry import make

    frame = X[["params", "tokens"]].assign(tokens=X["tokens"].to_numpy()[np.random.default_rng(0).permutation(12)])
    y = 1.7 + 400 * frame["params"].to_numpy() ** -0.34 + 410 * frame["tokens"].to_numpy() ** -0.28
    here = make("chinchilla[huber-log]").fit(frame, y).predict(frame)
    fold = guard.fit(law, ("f", frame, y, frame), (), 60.0)
    assert fold.status == "ok", fold.message
    np.testing.assert_allclose(fold.predictions, here, rtol=1e-6)


WALK = """
import importlib.util, json, os, re
import numpy as np

NUMBER = re.compile(rb"[0-9]+[.]?[0-9]*(?:[eE][-+]?[0-9]+)?")
LARGEST = 0.1

def precise(v):
    return np.isfinite(v) and len(f"{v:.9g}".partition("e")[0].replace(".", "").lstrip("-0")) >= 6

class P:
    variables = ("params", "tokens")
    def fit(self, X, y):
        held, modules = set(y.tolist()), X["run"].iloc[0].split()
        found, files = [], 0
        for top in ROOTS:
            for folder, _, names in os.walk(top) if not os.path.isfile(top) else [(os.path.dirname(top), [], [os.path.basename(top)])]:
                for name in names:
                    files += 1
                    path = os.path.join(folder, name)
                    ours = "scalingbench" in path
                    table = name.endswith((".parquet", ".arrow", ".feather")) or (ours and not name.endswith((".py", ".pyc")))
                    if table or not self.clean(path, held):
                        found.append(path)
        found += [m for m in modules if self.importable(m)]
        self.params_ = {"files": float(files)}
        assert not found, " ".join(found)
        return self
    def importable(self, module):
        try: return importlib.util.find_spec(module) is not None
        except ModuleNotFoundError: return False
    def clean(self, path, held):
        data = open(path, "rb").read()
        if data[:4] == b"\\x7fELF" or (path.endswith(".pyc") and "scalingbench" not in path):
            return True
        if "scalingbench" in path and path.endswith(".pyc"):
            numbers = {float(v) for at in range(8) for v in np.frombuffer(data[at : len(data) - (len(data) - at) % 8], "<f8")}
        else:
            numbers = {float(t) for t in NUMBER.findall(data) if len(t) > 6}
        numbers = {v for v in numbers if precise(v)}
        hits = numbers & held
        return len(hits) < 3 or len(hits) < LARGEST * len(numbers)
    def predict(self, X):
        return np.zeros(len(X))
"""


def held_out_values():
    """Return every held-out value of every suite, of collections whose values are here."""
    suites = [load_suite(name) for name in list_suites()]
    tasks = [task for s in suites if any(load_card(spec.collection).bundled for spec in s.specs) for task in s.tasks_with(())]
    values = np.unique(np.concatenate([fold.y_test for task in tasks for fold in task.folds]))
    return np.array([v for v in values if len(f"{v:.9g}".partition("e")[0].replace(".", "").lstrip("-0")) >= 6])


def closed_modules():
    """Return the modules of this project that no predictor needs."""
    package = Path(scalingbench.__file__).parent
    rooms = ("common", "predictors")
    names = {".".join(("scalingbench", *p.relative_to(package).with_suffix("").parts)) for room in package.iterdir()
             if room.is_dir() and room.name not in rooms for p in room.rglob("*.py")}  # fmt: skip
    ours = "scalingbench.benchmark.evaluation"
    needed = {
        f"{ours}.{m}" for m in ("known_values", "outcome", "results", "wall.cell", "wall.fork_server", "wall.kernel", "wall.messages")
    }
    return sorted(n for n in names - needed if not n.endswith("__init__"))


def test_no_held_out_value_of_any_suite_is_readable_in_a_cell(guard):
    values, modules = held_out_values(), closed_modules()
    assert len(values) > 10_000 and len(modules) > 100
    frame = pd.DataFrame({"params": 1.0, "tokens": 1.0, "run": " ".join(modules)}, index=range(len(values)))
    frame.loc[1:, "run"] = ""
    roots = [path for _, path in opened().copies if not path.startswith("/libraries")]
    walk = WALK.replace("ROOTS", repr(["/libraries", "/packages", "/scratch", "/proc", "/sys", "/tmp", "/home", *roots]))
    fold = guard.fit(Source(walk, "p.py", "P"), ("f", frame, values, X), (), 300.0)
    assert fold.status == "ok", fold.message
    assert fold.constants["files"] > 1000


def test_the_open_list_holds_of_this_project_only_code():
    ours = {target for _, target in opened().copies if "/scalingbench/" in target}
    assert {Path(p).suffix for p in ours} <= {".py", ".pyc"}
    assert {p.split("/")[3] for p in ours} - {"__pycache__"} == {"__init__.py", "common", "predictors", "benchmark"}
    assert {p.split("/")[4] for p in ours if p.split("/")[3] == "benchmark"} <= {"__init__.py", "__pycache__", "evaluation"}


def test_fits_on_collections_that_share_runs_are_never_side_by_side(tmp_path, wall):
    when = "import time; self.t = time.monotonic(); time.sleep(0.1)"
    (tmp_path / "p.py").write_text(MEAN.format(fit=when).replace('"nan": float("nan")', '"from": self.t, "to": time.monotonic()'))
    names = ("gemstones/loss/cooldown-to-large", "gemstones/loss/cooldown-frontier", "porian/loss_val/constant-lr-frontier")
    tasks = [load_task(name) for name in (*names, "porian/loss_val/chinchilla-decay-frontier")]
    with Guards(wall) as guards:
        predictor = load_submitted(tmp_path / "p.py", "P", guards)
        results = run_suite({"p": predictor}, tasks, tmp_path / "out", jobs=2)
    spans = [(r.task.split("/")[0], f.constants["from"], f.constants["to"]) for r in results for f in r.folds]
    together = [(a, b) for a, b in combinations(spans, 2) if a[1] < b[2] and b[1] < a[2]]
    assert together and all(a[0] != b[0] for a, b in together)


@pytest.mark.full
def test_a_control_group_limits_threads_and_is_removed_with_the_sandbox(wall, alone):
    if not wall.counts_by_group:
        pytest.skip("no control groups here, or no need of them")
    folder = next(f for f in sandbox._groups() if (f / "pids.max").is_file() or f == Path("/sys/fs/cgroup/pids"))
    left = folder / "scalingbench-left-by-a-killed-run"
    left.mkdir()
    many = (
        "import threading, time; threading.stack_size(2**15); [threading.Thread(target=time.sleep, args=(9,)).start() for _ in range(4000)]"
    )
    with Guards(alone.wall) as guards, guards.one() as guard:
        assert guard.fit(source(many), ("f", X, Y, X), (), 60.0).message == "RuntimeError: can't start new thread"
        assert not left.exists()
        (own,) = (g for g in folder.glob("scalingbench-*") if str(guards._sandbox._process.pid) in (g / "cgroup.procs").read_text().split())
        guards._sandbox.stop()
    assert not own.exists()


@pytest.mark.parametrize("seccomp", [pytest.param(True, marks=pytest.mark.full), False])
def test_without_namespaces_the_other_layers_still_hold(seccomp, wall):
    if not kernel.landlock_version():
        pytest.skip("this system has no Landlock")
    weaker = replace(wall, no_namespaces="not wanted", seccomp=kernel.seccomp_program(own_pids=False) if seccomp else None)
    assert weaker.missing and "namespaces" not in " ".join(weaker.layers)
    tries = {"open('/etc/passwd')": "PermissionError", "import os; os.kill(os.getppid(), 9)": "PermissionError"}
    if seccomp:
        tries["import os; os.chmod('/tmp', 0o777)"] = "PermissionError"
        tries["import os; os.fork()"] = "PermissionError"
    with Guards(weaker) as guards, guards.one() as guard:
        assert guard.fit(source(), ("f", X, Y, X), (), 60.0).status == "ok"
        for text, error in tries.items():
            if "kill" in text and not seccomp and kernel.landlock_version() < 6:
                continue
            assert guard.fit(source(text), ("f", X, Y, X), (), 60.0).message.startswith(error), text


def test_with_no_layer_at_all_a_fit_still_is_a_process_of_its_own():
    bare = Wall("not wanted", None, 0)
    assert len(bare.missing) == 2
    with Guards(bare) as guards, guards.one() as guard:
        assert guard.fit(source("global SEEN; SEEN = 1"), ("f", X, Y, X), (), 60.0).status == "ok"
        assert guard.fit(source("SEEN"), ("f", X, Y, X), (), 60.0).message.startswith("NameError")


def test_what_is_missing_is_named_unless_it_is_not_wanted(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="not confined: namespaces: bubblewrap is missing; install it with: apt-get install bubblewrap"):
        raise_wall()
    assert not raise_wall(unconfined=True).namespaces


def test_where_libseccomp_is_missing_it_is_named(monkeypatch, wall):
    monkeypatch.setitem(__import__("sys").modules, "pyseccomp", None)
    with pytest.raises(InputError, match="libseccomp is missing; install it with: apt-get install libseccomp2"):
        raise_wall()


def test_a_submitted_predictor_is_evaluated_behind_the_wall_and_never_pickled(tmp_path, wall):
    (tmp_path / "p.py").write_text(MEAN.format(fit="pass"))
    task = load_task("gemstones/loss/cooldown-frontier")
    with Guards(wall) as guards:
        predictor = load_submitted(tmp_path / "p.py", "P", guards)
        assert isinstance(predictor, Submitted) and predictor.variables == ("params", "tokens")
        (fold,) = evaluate(predictor, task).folds
        assert isinstance(fold, FoldResult) and fold.predictions == pytest.approx(np.mean(task.folds[0].y_train), rel=1e-6)
        with pytest.raises(TypeError, match="not pickled"):
            __import__("pickle").dumps(predictor)
        with pytest.raises(NotImplementedError):
            predictor.fit(task.folds[0].X_train, task.folds[0].y_train)
    with pytest.raises(InputError, match="no such file"):
        load_submitted(tmp_path / "gone.py", "P", guards)
