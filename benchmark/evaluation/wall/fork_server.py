"""The fork server: our code, in the sandbox, with the libraries loaded; it makes cells and ends them.

It runs no line of a stranger's code and sees no data: a cell gets a socket of its own to the judge. The judge writes one byte
for each thing to do (``S`` with that socket: start a cell; ``G``: give it a second to end by itself; ``E``: end it), and reads
how the cell ended. When the judge is gone, so is the server, and with it everything in its namespaces.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import time
import warnings
from typing import NoReturn

from scalingbench.benchmark.evaluation.wall import cell, frames, kernel

__all__ = ["main"]

_LOADED = (
    "numpy",
    "pandas",
    "pyarrow.pandas_compat",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.gaussian_process",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.neighbors",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.svm",
    "scalingbench.predictors.law",
    "scalingbench.predictors.registry",
    "scalingbench.predictors.published",
)
"""What is loaded once, so that a cell need not: the libraries that predictors use most."""
_GRACE = 1.0


def main(handle: int) -> NoReturn:
    """Serve until the judge hangs up."""
    control = socket.socket(fileno=handle)
    try:
        settings = cell.Settings(**json.loads(frames.receive(control)[0]))
        _load()
        rules = -1
        if settings.landlock:
            scratch = [os.path.dirname(settings.scratch)] if settings.namespaces else []
            rules = kernel.landlock_rules(settings.readable, [*scratch, os.devnull])
        _serve(control, settings, rules)
    except (frames.ChannelClosed, OSError):
        pass
    os._exit(0)


def _load() -> None:
    warnings.simplefilter("ignore")
    for name in _LOADED:
        try:
            importlib.import_module(name)
        except ImportError:  # a cell that needs it will say so
            continue
    _run_once()
    gc.collect()
    gc.freeze()  # a collection in a cell would copy all of this memory


def _run_once() -> None:
    """Do once what every cell will do: what that imports and caches is then there."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    X = pd.DataFrame({"params": np.geomspace(1e6, 1e9, 12), "tokens": np.geomspace(1e10, 1e8, 12)})
    pa.Table.from_pandas(X).to_pandas(use_threads=False)
    try:
        law = importlib.import_module("scalingbench.predictors.registry").make("chinchilla[huber-log]")
    except ImportError:
        return
    law.fit(X, 1.7 + 400 * X["params"].to_numpy() ** -0.34 + 410 * X["tokens"].to_numpy() ** -0.28).predict(X)


def _serve(control: socket.socket, settings: cell.Settings, rules: int) -> None:
    frames.send(control, {"ready": True})
    control.settimeout(None)
    while True:
        wish, handles, _, _ = socket.recv_fds(control, 1, 1)
        if wish != b"S" or not handles:
            return
        child = _start(control, handles[0], settings, rules)
        os.close(handles[0])
        wish = control.recv(1)
        status = _end(child, _GRACE if wish == b"G" else 0.0)
        if not wish:
            return
        control.sendall(frames.ENDED.pack(status))


def _start(control: socket.socket, channel: int, settings: cell.Settings, rules: int) -> int:
    """Fork a cell; it never returns from here."""
    if settings.namespaces:
        own = os.pidfd_open(os.getpid())
        kernel.own_pids()
    child = os.fork()
    if child == 0:
        try:
            control.close()
            cell.live(channel, settings, rules)
        finally:
            os._exit(70)
    if settings.namespaces:
        kernel.shared_pids(own)
        os.close(own)
    return child


def _end(child: int, grace: float) -> int:
    """Kill a cell, after a while where it may end by itself; its process namespace takes all that is in it along."""
    ended = time.monotonic() + grace
    while time.monotonic() < ended:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        select.select([], [], [], 0.005)
    os.kill(child, signal.SIGKILL)  # it was not waited for yet, so that its number is still its own
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
