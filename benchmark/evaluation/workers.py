"""Worker processes for trusted predictors: each serves many tasks in turn.

A worker gets training X, y and held-out X, and returns the results of `fit_folds`. It is ended if it sends an invalid answer or
exceeds its time, and it does not outlive the program that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation import outcome
from scalingbench.benchmark.evaluation.results import FoldResult, as_stored
from scalingbench.benchmark.evaluation.wall import kernel, messages
from scalingbench.common.messages import described

__all__ = ["Inputs", "Worker", "WorkerDied", "fit_folds"]

Inputs = list[tuple[str, pd.DataFrame, np.ndarray, pd.DataFrame]]
"""Per fold: name, training X, training y, held-out X."""

_START_SECONDS = 300.0
_LARGEST = 2**31


class WorkerDied(Exception):
    """The process of a predictor ended; the message states how."""


class Worker:
    """Owner of one worker process; restarts it if it ended."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._channel: socket.socket | None = None
        self._stopped = False

    def run(
        self, packed: bytes, inputs: Inputs, levels: tuple[float, ...], seconds: float, groups: list[int] | None = None
    ) -> list[FoldResult]:
        """Fit and predict in the worker, as `fit_folds` does.

        Raises
        ------
        TimeoutError
            If it takes longer than `seconds` after the worker has loaded the predictor.
        WorkerDied
            If the process ends, or sends anything but results.
        """
        channel = self._channel or self._start()
        starting = time.monotonic() + _START_SECONDS
        try:
            messages.send(channel, {}, pickle.dumps((packed, inputs, levels, groups)), deadline=starting)
            messages.receive(channel, deadline=starting)  # ready: imports do not count as the predictor's time
            _, answer = messages.receive(channel, deadline=time.monotonic() + seconds, body_limit=_LARGEST)
        except messages.FrameTimeout:
            self._end()
            raise TimeoutError from None
        except (messages.ChannelClosed, OSError):
            raise WorkerDied(self._how_it_ended()) from None
        except messages.FrameError as error:
            self._end()
            raise WorkerDied(f"its process {error}") from None
        return _unpacked(answer)

    def stop(self) -> None:
        """End the process; safe to call from another thread, and twice."""
        self._stopped = True
        self._end()

    def _start(self) -> socket.socket:
        if self._stopped:
            raise InterruptedError("stopped")
        ours, theirs = socket.socketpair()
        with theirs, _without_main():
            self._process = _context().Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
        self._channel = ours
        if self._stopped:  # meanwhile, by another thread
            self._end()
            raise InterruptedError("stopped")
        try:
            messages.receive(ours, deadline=time.monotonic() + _START_SECONDS)
        except (messages.ChannelClosed, messages.FrameTimeout, messages.FrameError):
            raise WorkerDied(self._how_it_ended()) from None
        return ours

    def _how_it_ended(self) -> str:
        if self._stopped:
            raise InterruptedError("stopped")
        process = self._process
        if process is not None:
            process.join(1.0)  # it closed its end and is about to exit
        code = None if process is None else process.exitcode
        self._end()
        return "its process hung up" if code is None else f"its process died with exit code {code}"

    def _end(self) -> None:
        process, channel = self._process, self._channel
        self._process = self._channel = None
        if process is not None and process.pid is not None:
            if sys.platform != "win32":
                with suppress(OSError):
                    os.killpg(process.pid, signal.SIGKILL)  # with the processes that the predictor started
            process.kill()
            process.join()
        messages.hang_up(channel)


_MAIN = threading.Lock()


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program's main module: processes would import it, and so run a script again that has no `if __name__ == "__main__"`."""
    with _MAIN:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _context() -> Any:
    """Return how processes start: nothing is inherited from the caller, and on Linux the first one imports our modules for all."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(sorted(name for name in sys.modules if name.startswith("scalingbench.")))
    return context


def _unpacked(answer: bytes) -> list[FoldResult]:
    """Return the results that our worker packed; its code is trusted."""
    folds = pickle.loads(answer)
    assert isinstance(folds, list)
    return folds


def _serve(channel: socket.socket) -> None:
    """Fit the batches that arrive until the other side closes."""
    _isolate(channel)
    with suppress(messages.ChannelClosed):
        messages.send(channel, {"ready": True})
        while True:
            _, body = messages.receive(channel, body_limit=_LARGEST)
            packed, inputs, levels, groups = pickle.loads(body)
            _load(packed)
            messages.send(channel, {"ready": True})
            messages.send(channel, {}, pickle.dumps(fit_folds(packed, inputs, levels, groups=groups, caught=BaseException)))


def _load(packed: bytes) -> None:
    """Load the predictor in advance, so that its imports are done; a failure here is recorded later, by the fit."""
    import threadpoolctl  # noqa: F401

    with suppress(BaseException):
        cloudpickle.loads(packed)


def _isolate(channel: socket.socket) -> None:
    """Detach this process: nothing goes to standard output, the parent handles Ctrl-C, and it ends with the parent."""
    np.random.seed()  # noqa: NPY002 (the state of a fork is that of all others)
    # output of predictors must not reach standard output, which carries data
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        os.setpgid(0, 0)
    kernel.die_with_parent()
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():
        os._exit(0)
    if sys.platform == "linux":
        _cut_off(channel)


def _cut_off(channel: socket.socket) -> None:
    """Lead the descriptors that forked workers share to nowhere: a predictor could write into them.

    Closed ones would be opened again as something else, while `multiprocessing` still has their numbers.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in map(int, os.listdir("/proc/self/fd")):
        if handle > 2 and handle not in (channel.fileno(), nothing):
            os.dup2(nothing, handle)


def fit_folds(
    packed: bytes,
    inputs: Inputs,
    levels: tuple[float, ...],
    *,
    groups: list[int] | None = None,
    caught: type[BaseException] | None = None,
) -> list[FoldResult]:
    """Fit a fresh copy of a predictor to every fold, and predict its held-out rows.

    Parameters
    ----------
    packed : bytes
        The predictor, pickled.
    inputs : list
        The folds.
    levels : tuple of float
        Quantile levels to predict.
    groups : list of int, optional
        For a predictor that pools: folds of one number share information.
    caught : type, optional
        Exceptions that are recorded as failures; by default all but the user's Ctrl-C.
    """
    from threadpoolctl import threadpool_limits

    # one BLAS thread: the order of a sum, hence its last bits, must not depend on the machine's load
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits = _Fits(packed, levels, interrupts=() if caught is BaseException else (KeyboardInterrupt,))
        together = fits.together(inputs, groups) if len(inputs) > 1 else None
        return [fits.predict(*together[i], fold[0], fold[3]) if together else fits.one(*fold) for i, fold in enumerate(inputs)]


class _Fits:
    """The fits of one predictor; its exceptions are recorded as failures, except `interrupts`."""

    def __init__(self, packed: bytes, levels: tuple[float, ...], interrupts: tuple[type[BaseException], ...]) -> None:
        self.packed = packed
        self.levels = levels
        self.interrupts = interrupts

    def together(self, inputs: Inputs, groups: list[int] | None) -> list[tuple[Any, float]] | None:
        """Fit all folds in one call; None if the predictor cannot or fails, so that folds are then fitted one by one."""
        try:
            model = cloudpickle.loads(self.packed)
            if not hasattr(model, "fit_many"):
                return None
            options = {} if groups is None else {"groups": groups}
            start = time.perf_counter()
            fitted = list(model.fit_many([X.copy() for _, X, _, _ in inputs], [y.copy() for _, _, y, _ in inputs], **options))
        except self.interrupts:
            raise
        except BaseException:  # a predictor's code runs here, which may also call sys.exit
            return None
        seconds = (time.perf_counter() - start) / len(inputs)
        return [(m, seconds) for m in fitted] if len(fitted) == len(inputs) else None

    def one(self, name: str, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame) -> FoldResult:
        """Fit one fold and predict its held-out rows."""
        try:
            model = cloudpickle.loads(self.packed)  # a fresh, unfitted copy: never shared between folds
            start = time.perf_counter()
            model.fit(X.copy(), y.copy())
        except self.interrupts:
            raise
        except BaseException as error:  # as above
            return FoldResult(name, "error", described(error))
        return self.predict(model, time.perf_counter() - start, name, X_test)

    def predict(self, model: Any, fit_seconds: float, name: str, X: pd.DataFrame) -> FoldResult:
        """Predict a fold's held-out rows."""
        try:
            start = time.perf_counter()
            given = model.predict(X.copy())
            times: dict[str, Any] = {"fit_seconds": fit_seconds, "predict_seconds": time.perf_counter() - start}
            predicted = outcome.predictions(given, len(X))
            if predicted.status != "ok":
                return FoldResult(name, predicted.status, predicted.message, **times)
            quantiles = {level: as_stored(q) for level, q in outcome.quantiles(model, X, self.levels).items()}
            note, constants = outcome.note(model), outcome.constants(model)
        except self.interrupts:
            raise
        except BaseException as error:  # as above
            return FoldResult(name, "error", described(error), fit_seconds=fit_seconds)
        return FoldResult(name, "ok", note, as_stored(predicted.values), quantiles, constants, **times)
