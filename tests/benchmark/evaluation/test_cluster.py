"""Runs on a dask cluster: the same results as on this machine, whoever dies meanwhile."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from made import fold, task

from scalingbench.benchmark.evaluation.confined_predictor import load_submitted
from scalingbench.benchmark.evaluation.results import load_results, part_path
from scalingbench.benchmark.evaluation.run import run_suite
from scalingbench.benchmark.evaluation.unit import Job, Options, Unit
from scalingbench.benchmark.evaluation.wall.guard import Guards, Source
from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.common.errors import InputError

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed: pip install 'scalingbench[cluster]'")
from scalingbench.benchmark.evaluation import cluster  # noqa: E402

cloudpickle.register_pickle_by_value(sys.modules[__name__])
TASKS = [task(fold("f", [1.0 + i, 2.1 + i]), fold("g", [3.3 + i, 4.7 + i]), name=f"made/loss/t{i}") for i in range(6)]


class Noisy:
    """Depends on every bit of its input; notes each fit in a file."""

    def __init__(self, log="", seconds=0.0):
        self.log, self.seconds = log, seconds

    def get_params(self, deep=True):
        return {"seconds": self.seconds}

    def fit(self, X, y):
        time.sleep(self.seconds)
        self.params_ = {"sum": float(np.exp(np.linalg.svd(np.outer(y, y))[1].sum() * 1e-9) + np.log(y).sum())}
        if self.log:
            with open(self.log, "a") as file:
                file.write(f"{float(y.sum())}\n")
        return self

    def predict(self, X):
        return np.full(len(X), self.params_["sum"])


class Hangs(Noisy):
    def fit(self, X, y):
        time.sleep(3600)


def bits(results):
    return [(r.predictor, r.task, f.fold, f.status, f.predictions.tobytes(), f.constants) for r in results for f in r.folds]


def test_results_are_those_of_the_local_backend_bit_for_bit(tmp_path):
    named = {"noisy": Noisy(), "hangs": Hangs()}
    settings = {"time_limit": {"noisy": 60.0, "hangs": 0.3}, "stability": True}
    here = run_suite(named, TASKS[:1], tmp_path / "local", **settings)
    there = run_suite(named, TASKS[:1], tmp_path / "dask", backend="dask", **settings)
    assert bits(here) == bits(there) and bits(load_results(tmp_path / "dask")) == bits(load_results(tmp_path / "local"))
    assert [f.status for r in there for f in r.folds] == ["ok", "ok", "timeout", "timeout"]
    assert [f.instability for f in here[0].folds] == [f.instability for f in there[0].folds]
    assert not any((tmp_path / "dask").glob(".parts"))


def test_no_held_out_value_is_sent():
    values = {float(v) for one in TASKS for f in one.folds for v in f.y_test[1:]}  # the first is trained on
    options = Options((), stability=True)
    for one in TASKS:
        sent = cloudpickle.dumps((cluster._portable(cluster.unit_of((Job("n", Noisy(), one, ""),), options)), cluster.inputs_of(one)))
        assert values and not any(np.float64(v).tobytes() in sent for v in values)


def test_a_worker_with_other_code_or_packages_is_refused(monkeypatch):
    monkeypatch.setattr(cluster, "_address", lambda: "tcp://w:1")
    other = json.dumps({**json.loads(cluster.installation()), "numpy": "0.9", "code": "x"})
    with pytest.raises(InputError, match=r"worker tcp://w:1: refused.* code \w+ \(the run has x\), numpy \S+ \(the run has 0\.9\)$"):
        cluster.fit_units([], other)


def test_a_worker_that_cannot_confine_a_submission_refuses_it_with_the_reason(monkeypatch):
    def bare(**_):
        raise InputError("not confined: namespaces: bubblewrap is missing; or use --unconfined for code that you trust")

    cluster._guards.cache_clear()
    monkeypatch.setattr(cluster, "_address", lambda: "tcp://w:1")
    monkeypatch.setattr(cluster, "raise_wall", bare)
    confined = cluster.Confined(Source("class P: pass", "p.py", "P"), 2**30, "together")
    with pytest.raises(InputError, match=r"worker tcp://w:1: refused a submission: not confined: namespaces: bubblewrap is missing$"):
        cluster.fit_units([(Unit(b"", None, (), 1.0), confined, 1)], cluster.installation(), [])


SUBMITTED = """
import os
import numpy as np

class P:
    def fit(self, X, y):
        self.params_ = {"pid": float(os.getpid()), "files": float(os.path.exists("/etc/passwd"))}
        return self
    def predict(self, X):
        return np.full(len(X), 1.5)
"""


@pytest.mark.full
def test_a_submission_stays_behind_the_wall_on_a_worker(tmp_path):
    try:
        wall = raise_wall()
    except InputError as error:
        pytest.skip(str(error))
    (tmp_path / "p.py").write_text(SUBMITTED)
    with Guards(wall) as guards:
        submitted = load_submitted(tmp_path / "p.py", "P", guards)
        (result,) = run_suite({"p": submitted}, TASKS[:1], tmp_path / "out", backend="dask")
    assert [(f.status, f.message) for f in result.folds] == [("ok", "")] * 2
    assert [f.constants for f in result.folds] == [{"pid": 1.0, "files": 0.0}] * 2
    cluster._guards(wall.memory).__exit__()
    cluster._guards.cache_clear()


def test_an_address_without_a_scheduler_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    with pytest.raises(InputError, match=r"^--scheduler tcp://127\.0\.0\.1:9: no dask scheduler answers there: \w+$"):
        run_suite({"noisy": Noisy()}, TASKS[:1], tmp_path, backend="dask", scheduler="tcp://127.0.0.1:9")


class Fails:
    """A future whose workers died."""

    key, status = "k", "error"

    def exception(self):
        return distributed.KilledWorker("k", None, 4)


def test_a_unit_whose_workers_die_is_sent_again_and_then_a_crash():
    executor = cluster.DaskExecutor.__new__(cluster.DaskExecutor)
    executor._ready, sent = cluster.deque(), []
    executor._send = lambda parcel, times: sent.append(([number for number, _ in parcel], times))
    items = [(number, (Job("n", Noisy(), TASKS[0], ""),)) for number in (7, 8)]
    for times in (1, 2):
        executor._under_way = {"k": (None, items[: 3 - times], times)}
        executor._again(Fails())
    assert sent == [([7], 2), ([8], 2), ([7], 3)]
    executor._under_way = {"k": (None, items[:1], 3)}
    executor._again(Fails())
    ((number, (folds,)),) = executor._ready
    assert number == 7 and [(f.fold, f.status, f.message) for f in folds] == [(n, "crash", "every worker that ran it died") for n in "fg"]


def test_results_that_died_with_their_worker_are_waited_for_again_and_what_is_cancelled_ends_the_run():
    executor = cluster.DaskExecutor.__new__(cluster.DaskExecutor)
    executor._ended, executor._address = cluster.SimpleQueue(), "tcp://s:1"
    future = Fails()
    future.status, future.add_done_callback = "lost", lambda callback: callback(future)
    executor._again(future)
    assert executor._ended.get_nowait() is future
    future.status = "cancelled"
    with pytest.raises(InputError, match="the scheduler at tcp://s:1 is gone"):
        executor._again(future)


def test_short_units_travel_together_until_one_is_long_or_unknown():
    executor = cluster.DaskExecutor.__new__(cluster.DaskExecutor)
    executor._parcel, executor._length, sent = [], 0.0, []
    executor._seconds = {("n", one.id): seconds for one, seconds in zip(TASKS, (3.0, 1.5, 1.0, 0.1, 0.1), strict=False)}
    executor._send = lambda parcel, times: sent.append([number for number, _ in parcel])
    for number, one in enumerate(TASKS):
        executor.start(number, (Job("n", Noisy(), one, ""),))
    assert sent == [[0], [1, 2], [3, 4, 5]] and not executor._parcel


class Cluster:
    """A scheduler and workers, each a process of its own, on loopback."""

    def __init__(self, folder: Path, workers: int):
        folder.mkdir()
        where = ["--scheduler-file", str(folder / "scheduler.json")]
        loopback = ["--host", "127.0.0.1", "--no-dashboard"]
        self.folder = folder
        self.scheduler = self.started("scheduler", *where, *loopback, "--port", "0")
        self.workers = [self.started("worker", *where, *loopback, "--nthreads", "1", "--no-nanny") for _ in range(workers)]

    def started(self, kind, *options):
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{kind}", *options], stdout=log, stderr=log)

    @property
    def address(self):
        file = self.folder / "scheduler.json"
        while not file.is_file():
            assert self.scheduler.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.1)
        return json.loads(file.read_text())["address"]

    def kill(self, *processes):
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill(*self.workers, self.scheduler)


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="processes end with their parents on Linux alone")
def test_when_workers_and_the_scheduler_die_then_nothing_is_lost_and_nothing_is_there_twice(tmp_path):
    """Two of three workers are killed in the middle of fits, then the scheduler; --resume on a new cluster does the rest."""
    out, log = tmp_path / "out", tmp_path / "fits"
    named = {"noisy": Noisy(str(log), 0.3), "slow": Noisy(str(log), 0.4)}
    steps = []

    def strike(done, total, what):
        steps.append((done, what))
        if done == 2:
            first.kill(*first.workers[:2])
        if done == 7:
            first.kill(first.scheduler)

    with Cluster(tmp_path / "first", 3) as first, pytest.raises(InputError, match=f"{first.address} is gone; .*--resume continues"):
        run_suite(named, TASKS, out, backend="dask", scheduler=first.address, progress=strike)
    stored = len(list(part_path(out, "noisy", "x").parent.parent.glob("*/*.parquet")))
    assert stored == steps[-1][0] and 7 <= stored < 12
    log.unlink()
    again = []
    with Cluster(tmp_path / "second", 2) as second:
        resumed = run_suite(
            named, TASKS, out, resume=True, backend="dask", scheduler=second.address, progress=lambda *step: again.append(step)
        )
        with distributed.Client(second.address, set_as_default=False) as client:
            fetched = client.run(lambda dask_worker: [k for t in dask_worker.transfer_incoming_log for k in t["keys"]])
    assert all(len(keys) == len(set(keys)) for keys in fetched.values())
    assert again[0] == (stored, 12, "") and [done for done, *_ in again] == list(range(stored, 13))
    assert not {what for _, what in steps if what} & {what for *_, what in again if what}
    assert len(log.read_text().splitlines()) == 2 * (12 - stored)
    whole = run_suite(named, TASKS, tmp_path / "whole", jobs=2)
    assert bits(resumed) == bits(whole) and bits(load_results(out)) == bits(load_results(tmp_path / "whole"))
    assert len({(r.predictor, r.task) for r in load_results(out)}) == len(load_results(out)) == 12


def test_longest_first_by_the_seconds_of_earlier_results():
    from scalingbench.benchmark.evaluation.unit import queues

    batches = [(Job("n", Noisy(), one, ""),) for one in TASKS[:4]]
    seconds = {("n", TASKS[0].id): 1.0, ("n", TASKS[1].id): 9.0, ("n", TASKS[2].id): float("nan")}
    assert [TASKS.index(queue[0][0].task) for queue in queues(batches, seconds)] == [2, 3, 1, 0]
