"""The executor of a dask cluster (extra ``cluster``): units go to its workers, results come back to the one loop of `executing`.

The inputs of a task are a key of the cluster, named by the task's fingerprint: a worker fetches them once, from the scheduler or another
worker, and a lost copy is made again. A worker fits in a process of its own, which it ends at the time limit, as on one machine.
A unit whose worker is lost goes to another worker. A worker with other code or other versions of packages is refused.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from scalingbench.benchmark.evaluation.confined_predictor import Submitted
from scalingbench.benchmark.evaluation.results import FoldResult
from scalingbench.benchmark.evaluation.stability import Rounds
from scalingbench.benchmark.evaluation.unit import Batch, Options, Unit, UnitWorker, expected, inputs_of, unit_of, versions
from scalingbench.benchmark.evaluation.wall.guard import Guards, PredictCalls, Source
from scalingbench.benchmark.evaluation.wall.sandbox import raise_wall
from scalingbench.benchmark.evaluation.workers import Inputs
from scalingbench.benchmark.tasks.task import Task
from scalingbench.common.errors import InputError

__all__ = ["PARCEL_SECONDS", "Confined", "DaskExecutor", "fit_units", "installation"]

_LOG = logging.getLogger(__name__)
_CONNECT_SECONDS = 20.0
_RECOUNT_SECONDS = 2.0
_CHECK_SECONDS = 1.0
_CLOSE_SECONDS = 5.0
PARCEL_SECONDS = 2.0
"""Units travel together until they are expected to take this long: each message costs the scheduler some milliseconds."""
_LEAST_SECONDS = 0.01
_MOST_TIMES = 3
"""A unit is sent this many times, each time to as many workers as the scheduler allows to die on it (by default 4)."""


@dataclass(frozen=True)
class Confined:
    """A submitted predictor as it travels: its text, never an object that is made of it."""

    source: Source
    memory: int
    calls: PredictCalls


_Item = tuple[int, Batch]
"""A batch and its number."""


class DaskExecutor:
    """Client of a dask scheduler.

    Parameters
    ----------
    scheduler : str, optional
        Its address; by default one is started on this machine.
    size : int
        Number of workers of a scheduler that is started here.
    options : Options
        Options of every fit.
    seconds : mapping
        Known seconds, by name of the predictor and of the task: short units travel together.

    Raises
    ------
    InputError
        If dask is not installed, or the scheduler does not answer.
    """

    def __init__(self, scheduler: str | None, size: int, options: Options, seconds: Mapping[tuple[str, str], float] | None = None) -> None:
        self._options, self._seconds = options, seconds or {}
        self._cluster, self._client = _connected(scheduler, size)
        self._address = str(self._client.scheduler.address)
        self._run = uuid4().hex[:8]
        self._inputs: dict[str, Any] = {}
        self._numbers = count()
        self._parcel: list[_Item] = []
        self._length = 0.0
        self._under_way: dict[str, tuple[Any, list[_Item], int]] = {}
        self._ended: SimpleQueue[Any] = SimpleQueue()
        self._ready: deque[tuple[int, Rounds]] = deque()
        self._threads, self._counted = 0, float("-inf")

    def has_room(self) -> bool:
        """Return whether to hand over another unit: there are two parcels for every thread of a worker, so that none waits."""
        if time.monotonic() > self._counted + _RECOUNT_SECONDS:
            with self._or_lost():
                self._threads = sum(self._client.nthreads().values())
            if not self._threads and self._counted < 0:
                _LOG.warning("%s has no workers yet; waiting for the first", self._address)
            self._counted = time.monotonic()
        return len(self._under_way) < max(2 * self._threads, 2)

    def start(self, number: int, batch: Batch) -> None:
        """Add a unit to the next parcel, and send that when it is full."""
        self._parcel.append((number, batch))
        self._length += max(expected(batch, self._seconds), _LEAST_SECONDS)
        if self._length >= PARCEL_SECONDS:
            self._send_parcel()

    def _send_parcel(self) -> None:
        parcel, self._parcel, self._length = self._parcel, [], 0.0
        if parcel:
            self._send(parcel, 1)

    def _send(self, parcel: list[_Item], times: int) -> None:
        units = [(*_portable(unit_of(batch, self._options)), len(batch)) for _, batch in parcel]
        key = f"scalingbench_units-{self._run}-{next(self._numbers)}"
        with self._or_lost():
            inputs = [self._sent(job.task) for _, batch in parcel for job in batch]
            future = self._client.submit(fit_units, units, installation(), *inputs, key=key)
        self._under_way[key] = future, parcel, times
        future.add_done_callback(self._ended.put)

    def _sent(self, task: Task) -> Any:
        """Return the key of a task's inputs. It is computed, so that the scheduler can have it made again if its worker is lost."""
        if task.fingerprint not in self._inputs:
            key = f"scalingbench_inputs-{task.fingerprint}"
            self._inputs[task.fingerprint] = self._client.submit(_unchanged, inputs_of(task), key=key)
        return self._inputs[task.fingerprint]

    def finished(self) -> tuple[int, Rounds]:
        """Return the next results.

        Raises
        ------
        InputError
            If the scheduler is lost, or a worker refuses.
        """
        while not self._ready:
            self._send_parcel()
            futures = self._next()
            whole = [future for future in futures if future.status == "finished"]
            with self._or_lost():
                found = self._client.gather(whole)
            for future, parcel in zip(whole, found, strict=True):
                _, items, _ = self._under_way.pop(future.key)
                self._ready.extend((number, rounds) for (number, _), rounds in zip(items, parcel, strict=True))
            for future in futures:
                if future.status != "finished":
                    self._again(future)
        return self._ready.popleft()

    def _next(self) -> list[Any]:
        """Wait for units that have ended, and return all of them."""
        while True:
            try:
                found = [self._ended.get(timeout=_CHECK_SECONDS)]
                break
            except Empty:
                if self._client.status != "running":
                    raise self._lost() from None
        while not self._ended.empty():
            found.append(self._ended.get())
        return found

    def _again(self, future: Any) -> None:
        """Send the units again whose workers died, each alone and a few times; raise any other error."""
        from distributed import KilledWorker

        if future.status in ("lost", "pending"):  # the worker died that had the results: the scheduler has them made again
            future.add_done_callback(self._ended.put)
            return
        if future.status != "error":
            raise self._lost()
        error = future.exception()
        if not isinstance(error, KilledWorker):
            raise error
        _, items, times = self._under_way.pop(future.key)
        for number, batch in items:
            if times < _MOST_TIMES:
                self._send([(number, batch)], times + 1)
            else:
                folds = [fold for job in batch for fold in job.task.folds]
                self._ready.append((number, [[FoldResult(fold.name, "crash", "every worker that ran it died") for fold in folds]]))

    def stop(self) -> None:
        """Take back what is under way, and close the connection."""
        if self._client.status == "running" and self._under_way:
            with suppress(Exception):
                self._client.cancel([future for future, *_ in self._under_way.values()], force=True)
        while self._cluster is not None and _STARTED:
            _STARTED.pop().stop()
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(Exception):
                    part.close(timeout=_CLOSE_SECONDS)

    @contextmanager
    def _or_lost(self) -> Iterator[None]:
        from distributed import CancelledError

        try:
            yield
        except (OSError, RuntimeError, TimeoutError, CancelledError):
            raise self._lost() from None

    def _lost(self) -> InputError:
        return InputError(f"the scheduler at {self._address} is gone; finished results are kept, and --resume continues the run")


def _connected(scheduler: str | None, size: int) -> tuple[Any, Any]:
    """Return a client, and before it the cluster that was started here, if one was."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError("--backend dask: dask.distributed is not installed; pip install 'scalingbench[cluster]'") from None
    cluster = None
    if scheduler is None:  # threads of this process are enough: each fits in a process of its own
        cluster = LocalCluster(n_workers=1, threads_per_worker=size, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0")
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a lost scheduler is reported by the error
    try:
        return cluster, Client(cluster or scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"--scheduler {scheduler}: no dask scheduler answers there: {type(error).__name__}") from None


def _portable(unit: Unit) -> tuple[Unit, Confined | None]:
    """Return a unit that may travel, and beside it submitted code, if it is that."""
    if not isinstance(unit.code, Submitted):
        return unit, None
    guards = unit.code.guards
    if guards.wheels:
        raise InputError("--backend dask: a submission with packages of its own runs on this machine alone")
    return replace(unit, code=b""), Confined(unit.code.source, guards.wall.memory, unit.code.calls)


# On a worker.


def _unchanged(inputs: Inputs) -> Inputs:
    return inputs


def fit_units(units: Sequence[tuple[Unit, Confined | None, int]], expected: str, *inputs: Inputs) -> list[Rounds]:
    """Fit units on a worker, one after the other.

    Parameters
    ----------
    units : sequence of tuple
        What to fit, the code if it is a submission, and the number of tasks.
    expected : str
        The `installation` that sent them.
    *inputs : list
        The inputs of all their tasks in turn.

    Raises
    ------
    InputError
        If the code or the packages here are others, or a submission cannot be confined here.
    """
    _refuse_others(expected)
    _allow_children()
    rest = iter(inputs)
    return [_fitted(unit, confined, [fold for task in islice(rest, n) for fold in task]) for unit, confined, n in units]


def _fitted(unit: Unit, confined: Confined | None, inputs: Inputs) -> Rounds:
    return _own_worker().fit(unit if confined is None else replace(unit, code=_at_home(confined)), inputs)


@lru_cache(maxsize=1)
def installation() -> str:
    """Return the versions of the packages that fit, and a hash of our own code, as JSON."""
    digest = hashlib.sha256()
    home = Path(__file__).parents[2]
    for room in ("common", "predictors", "benchmark/evaluation"):
        for path in sorted((home / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return json.dumps({**json.loads(versions()), "code": digest.hexdigest()[:16]}, sort_keys=True)


@lru_cache(maxsize=8)
def _differences(expected: str) -> str:
    there, here = json.loads(expected), json.loads(installation())
    return ", ".join(f"{name} {here.get(name)} (the run has {there[name]})" for name in there if here.get(name) != there[name])


def _refuse_others(expected: str) -> None:
    if differences := _differences(expected):
        raise InputError(f"worker {_address()}: refused, its results would not be comparable: {differences}")


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)


_OWN = threading.local()
"""The worker of each thread of a dask worker."""
_STARTED: list[UnitWorker] = []


def _own_worker() -> UnitWorker:
    if not hasattr(_OWN, "worker"):
        _OWN.worker = UnitWorker()
        _STARTED.append(_OWN.worker)
    worker: UnitWorker = _OWN.worker
    return worker


def _allow_children() -> None:
    """Let this process start one of its own. A dask worker is a daemon, to which multiprocessing forbids it; ours ends with its parent."""
    getattr(multiprocessing.current_process(), "_config", {})["daemon"] = False


def _at_home(confined: Confined) -> Submitted:
    """Return submitted code, to be confined on this machine by every required layer."""
    try:
        return Submitted(confined.source, _guards(confined.memory), calls=confined.calls)
    except InputError as error:
        raise InputError(f"worker {_address()}: refused a submission: {str(error).partition('; or use')[0]}") from None


@lru_cache(maxsize=1)
def _guards(memory: int) -> Guards:
    return Guards(raise_wall(memory=memory))
