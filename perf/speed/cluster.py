"""A run on many workers: what the cluster costs per unit, and how near the makespan of a large run is to its bound.

    python -m perf.speed.cluster [--units 400] [--workers 2 16 ...]

First the real engine: a dask scheduler and a worker, each a process of its own, and units that fit nothing. Printed are the
CPU milliseconds of the client (which also stores the results) and of the scheduler for each unit, sent alone and sent together as units
of the recorded median are, and the scheduler's memory with the parcels of 1,000 workers under way. Then a simulation: 1,000 predictors
x 1,000 tasks whose seconds are drawn from those recorded with the committed results, longest first, handed out one parcel after the
other at the measured cost of the busier place. The bound is the larger of all seconds over the number of workers, and of the longest
unit. Needs the extra `cluster`, and the predictions of a checkout.
"""

from __future__ import annotations

import argparse
import heapq
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from scalingbench.benchmark.evaluation import cluster
from scalingbench.benchmark.evaluation.cluster import PARCEL_SECONDS, Confined, DaskExecutor
from scalingbench.benchmark.evaluation.executing import execute
from scalingbench.benchmark.evaluation.kept import StoredResults
from scalingbench.benchmark.evaluation.results import FoldResult, part_path, write_results
from scalingbench.benchmark.evaluation.stability import Rounds
from scalingbench.benchmark.evaluation.unit import Batch, Job, Options, Unit
from scalingbench.benchmark.evaluation.workers import Inputs
from scalingbench.benchmark.tasks.suite import load_suite
from scalingbench.leaderboard.committed import committed_files
from scalingbench.predictors.registry import make

WORKERS = (2, 4, 16, 64, 128, 256, 512, 1000)
SIDE = 1000
MIB = 2**20
TIME_LIMIT = 60.0


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the two places that see all units: client and scheduler.

    Attributes
    ----------
    alone, together : ndarray, shape (2,)
        Of one unit that is a parcel of its own, and of one among `size`.
    size : float
        Units in a parcel.
    """

    alone: np.ndarray
    together: np.ndarray
    size: float

    def of(self, units: np.ndarray) -> np.ndarray:
        """Return the seconds of parcels of so many units at the busier place; the two work side by side."""
        parcel = np.maximum(self.alone - self.together, 0.0) / (1.0 - 1.0 / self.size)
        return (parcel + np.maximum(self.alone - parcel, 0.0) * units[:, None]).max(axis=1)


def batches_of(n: int) -> list[Batch]:
    """Return cheap units: the mean on the tasks of the default suite, under as many names as needed."""
    tasks = [task for task in load_suite("lite").tasks if len(task.folds) < 5]
    return [(Job(f"mean {i // len(tasks)}", make("mean"), tasks[i % len(tasks)], "", TIME_LIMIT),) for i in range(n)]


@contextmanager
def started(kind: str, folder: str, *options: str) -> Iterator[psutil.Process]:
    """Provide a process of dask on loopback."""
    where = ["--scheduler-file", f"{folder}/scheduler.json", "--host", "127.0.0.1", "--no-dashboard"]
    process = subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{kind}", *where, *options], stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def address_of(folder: str) -> str:
    """Return the address of the scheduler, when it is ready."""
    file = Path(folder, "scheduler.json")
    while not file.is_file() or not file.read_text():
        time.sleep(0.1)
    return str(json.loads(file.read_text())["address"])


def nothing(units: list[tuple[Unit, Confined | None, int]], installation: str, *inputs: Inputs) -> list[Rounds]:
    """Stand in for the fits of units of one task each: a result of the right shape."""
    return [[[FoldResult(name, "ok", "", np.ones(len(X))) for name, _, _, X in task]] for task in inputs]


def measured(units: int, median: float) -> Cost:
    """Run cheap units on the real engine, each alone and then in parcels as units of the median length."""
    cluster.fit_units = nothing
    found = batches_of(units)
    lengths = {(job.name, job.task.id): median for (job,) in found}
    with TemporaryDirectory() as folder, started("scheduler", folder, "--port", "0") as scheduler:
        address = address_of(folder)
        print(f"scheduler with {2 * SIDE:,} parcels under way: {_memory_under_way(address, found, scheduler) / MIB:.0f} MiB")
        with started("worker", folder, "--nthreads", "1", "--no-nanny"):
            alone, together = (_each(address, found, seconds, scheduler, Path(folder)) for seconds in ({}, lengths))
    return Cost(alone, together, np.ceil(PARCEL_SECONDS / median))


def _each(address: str, found: list[Batch], seconds: dict[tuple[str, str], float], scheduler: psutil.Process, folder: Path) -> np.ndarray:
    """Return the CPU seconds of client and scheduler for each unit but those of the first parcel, whose imports take time."""
    results = execute([(batch,) for batch in found], DaskExecutor(address, 1, Options((), False), seconds))
    done = [next(results)]
    before = np.array([time.process_time(), _seconds(scheduler)])
    for result in results:
        write_results(part_path(folder, result.predictor, result.task), [result])
        done.append(result)
    assert len(done) == len(found) and all(f.status == "ok" for r in done for f in r.folds)
    return (np.array([time.process_time(), _seconds(scheduler)]) - before) / (len(found) - 1)


def _memory_under_way(address: str, found: list[Batch], scheduler: psutil.Process) -> int:
    """Return the bytes of the scheduler with the parcels of 1,000 workers under way; nobody works on them yet."""
    executor = DaskExecutor(address, 1, Options((), False))
    for i in range(2 * SIDE):
        executor.start(i, found[i % len(found)])
    executor.has_room()  # an answer of the scheduler: it has them all
    time.sleep(1.0)
    memory = scheduler.memory_info().rss
    executor.stop()
    return int(memory)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def recorded() -> np.ndarray:
    """Return the recorded seconds of every predictor on every task of the committed results."""
    seconds = np.array(list(StoredResults(committed_files(load_suite("v2"))).seconds().values()))
    return seconds[np.isfinite(seconds)]


def parcels(longest_first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the seconds of parcels and their numbers of units, as the executor makes them."""
    ends, total = [], 0.0
    for i, seconds in enumerate(longest_first.tolist()):
        total += seconds
        if total >= PARCEL_SECONDS:
            ends.append(i + 1)
            total = 0.0
    starts = np.array([0, *ends])[: len(ends) + (not ends or ends[-1] < len(longest_first))]
    return np.add.reduceat(longest_first, starts), np.diff([*starts, len(longest_first)])


def makespan(seconds: np.ndarray, between: np.ndarray, workers: int) -> float:
    """Return when the last parcel ends. Each goes to the worker that is free first, once client and scheduler have dealt with it."""
    free = [0.0] * workers
    for length, given in zip(seconds.tolist(), np.cumsum(between).tolist(), strict=True):
        heapq.heapreplace(free, max(free[0], given) + length)
    return max(free)


def main() -> None:
    """Print the costs of the engine, then the table of the simulation."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=400, help="units on the real engine")
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    chosen = parser.parse_args()
    known = recorded()
    cost = measured(chosen.units, float(np.median(known)))
    for what, (client, scheduler) in (("alone", cost.alone), (f"{cost.size:g} together", cost.together)):
        print(f"CPU ms a unit, {what}: client {1e3 * client:.2f}, scheduler {1e3 * scheduler:.2f}")
    print(f"{len(known):,} recorded units: {known.sum() / 3600:.2f} h in all, median {np.median(known):.3f} s, longest {known.max():.0f} s")
    units = np.sort(np.random.default_rng(0).choice(known, SIDE * SIDE))[::-1]
    seconds, sizes = parcels(units)
    print(f"simulated: {len(units):,} units in {len(seconds):,} parcels, {units.sum() / 3600:.0f} h\n")
    print("| workers | makespan, h | bound, h | efficiency |\n| ---: | ---: | ---: | ---: |")
    for workers in chosen.workers:
        bound = max(units.sum() / workers, units[0])
        took = makespan(seconds, cost.of(sizes), workers)
        print(f"| {workers:,} | {took / 3600:.2f} | {bound / 3600:.2f} | {bound / took:.3f} |")


if __name__ == "__main__":
    main()
