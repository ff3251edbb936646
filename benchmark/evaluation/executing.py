"""One loop over the units of a run, and the executor of this machine; that of a cluster is in `cluster`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from scalingbench.benchmark.evaluation.results import TaskResult
from scalingbench.benchmark.evaluation.stability import Rounds
from scalingbench.benchmark.evaluation.unit import Batch, Options, Queue, UnitWorker, inputs_of, results_of, unit_of

__all__ = ["Executor", "LocalExecutor", "execute"]


class Executor(Protocol):
    """Where units are fitted."""

    def has_room(self) -> bool:
        """Return whether to hand over another batch: a few more are under way than are fitted at a time, so that no worker waits."""
        ...

    def start(self, number: int, batch: Batch) -> None:
        """Hand over a batch under a number of its own."""
        ...

    def finished(self) -> tuple[int, Rounds]:
        """Return the number of a batch that has ended, and the results of its folds; wait for one. Raise what stops the run."""
        ...

    def stop(self) -> None:
        """End all that was started."""
        ...


def execute(queues: Sequence[Queue], executor: Executor) -> Iterator[TaskResult]:
    """Yield results as they finish; what the executor has started does not outlive this generator.

    Rungs that were fitted in one call that failed are fitted again, each alone: one must not fail the others.
    """
    waiting, running, numbers = deque(queues), dict[int, Queue](), count()
    try:
        while waiting or running:
            while waiting and executor.has_room():
                number = next(numbers)
                running[number] = waiting.popleft()
                executor.start(number, running[number][0])
            number, rounds = executor.finished()
            batch, *rest = running.pop(number)
            if rest:
                waiting.appendleft(tuple(rest))
            if len(batch) > 1 and all(f.status in ("timeout", "crash") for f in rounds[0]):
                waiting.extendleft(((job,),) for job in batch)
                continue
            yield from results_of(batch, rounds)
    finally:
        executor.stop()


class LocalExecutor:
    """Threads of this process that each own one worker process.

    Parameters
    ----------
    size : int
        Their number.
    options : Options
        Options of every fit.
    """

    def __init__(self, size: int, options: Options) -> None:
        self._options = options
        self._under_way = 0
        self._todo: SimpleQueue[tuple[int, Batch] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, Rounds | BaseException]] = SimpleQueue()
        self._workers = [UnitWorker() for _ in range(size)]
        self._threads = [Thread(target=self._serve, args=(worker,), daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def has_room(self) -> bool:
        """Return whether to hand over another batch: a worker has its next one while its last results are stored."""
        return self._under_way < 2 * len(self._workers)

    def start(self, number: int, batch: Batch) -> None:
        """Queue a batch."""
        self._under_way += 1
        self._todo.put((number, batch))

    def finished(self) -> tuple[int, Rounds]:
        """Return the next results."""
        number, rounds = self._done.get()
        self._under_way -= 1
        if isinstance(rounds, BaseException):
            raise rounds
        return number, rounds

    def stop(self) -> None:
        """End all processes and threads."""
        for worker in self._workers:
            self._todo.put(None)
            worker.stop()
        for thread in self._threads:
            thread.join(10.0)

    def _serve(self, worker: UnitWorker) -> None:
        while not worker.stopped and (given := self._todo.get()) is not None:
            number, batch = given
            try:
                inputs = [fold for job in batch for fold in inputs_of(job.task)]
                self._done.put((number, worker.fit(unit_of(batch, self._options), inputs)))
            except BaseException as error:  # raised again in the thread that waits for the results
                self._done.put((number, error))
