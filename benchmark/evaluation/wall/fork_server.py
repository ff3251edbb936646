"""The process that makes fork servers, and the fork server: our code, in the sandbox, with the libraries loaded.

It runs no submitted code and sees no data. First it fills a file system in memory with the files of the open list, makes it its root, and
restarts there. Then it loads the libraries once, and forks a server for each line from the evaluator. A server makes cells and ends
them; each cell has its own socket to the evaluator. The evaluator writes one byte per command (``S`` with that socket: start a cell for a
fit, ``U``: one that unpacks a wheel; ``G``: allow it a second to end by itself; ``E``: end it), and reads how the cell ended. All processes
in these namespaces end with the evaluator.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
import warnings
from typing import Any, NoReturn

from scalingbench.benchmark.evaluation.wall import cell, kernel, messages

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
)
"""Libraries that are loaded once for all cells: those that predictors use most."""
_GRACE = 1.0
_ROOT_BYTES, _ROOT_FILES = 4 * 2**30, 200_000
_LEFT_OUT = frozenset(
    ("tests", "test", "include", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "site-packages", "dist-packages")
)
"""Folders that are not copied: large or unrelated, and no fit needs them."""
_HEADERS = (".h", ".hpp", ".pxd", ".pyx", ".pyi", ".a", ".c", ".cpp")


def main(handle: int) -> NoReturn:
    """Serve until the evaluator closes the channel."""
    control = socket.socket(fileno=handle)
    try:
        request = json.loads(messages.receive(control, header_limit=2**26)[0])
        if "root" in request:
            _start_in_own_root(handle, request)
        _host(control, cell.Settings(**request))
    except (messages.ChannelClosed, OSError) as error:
        print(error, file=sys.stderr)
    os._exit(0)


def _start_in_own_root(handle: int, request: dict[str, Any]) -> NoReturn:
    """Fill a root with the listed files, enter it, and restart this program in it."""
    root = request["root"]
    kernel.mount_tmpfs(root, _ROOT_BYTES, _ROOT_FILES, programs=True)
    for source, target in request["copies"]:
        _copy(source, root + target)
    for path, text in request["texts"]:
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        with open(root + path, "w") as file:
            file.write(text)
    for path in request["devices"]:
        os.makedirs(os.path.dirname(root + path), exist_ok=True)
        os.close(os.open(root + path, os.O_CREAT | os.O_WRONLY))
        kernel.bind(path, root + path)
    for path in request["links"]:
        if os.path.islink(path) and not os.path.lexists(root + path):
            os.symlink(os.readlink(path), root + path)
    for folder in request["folders"]:
        os.makedirs(root + folder)
    kernel.own_root(root)
    if request["packages"]:
        kernel.mount_tmpfs(request["packages"], request["packages_bytes"], request["packages_files"], programs=True)
    kernel.seal("/")
    os.set_inheritable(handle, True)
    os.execv(request["command"][0], request["command"])


def _copy(source: str, target: str) -> None:
    """Copy a file, or the code in a folder, with its times: Python compares them with its compiled files."""
    if os.path.isdir(source):
        for entry in os.scandir(source):
            if not entry.name.endswith(_HEADERS) and entry.name not in _LEFT_OUT and not entry.name.startswith("config-"):
                _copy(entry.path, f"{target}/{entry.name}")
        return
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)
    found = os.stat(source)
    os.chmod(target, found.st_mode & 0o555)
    os.utime(target, ns=(0, found.st_mtime_ns))


def _host(control: socket.socket, settings: cell.Settings) -> None:
    """Load the libraries, and fork a server for each incoming line."""
    _load()
    rules: dict[cell.Task, int] = {"fit": _rules(settings, "fit"), "unpack": _rules(settings, "unpack")}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # servers are not waited for
    messages.send(control, {"ready": True})
    control.settimeout(None)
    while True:
        _, handles, _, _ = socket.recv_fds(control, 1, 1)
        if not handles:
            return
        if os.fork() == 0:
            control.close()
            _serve_to_the_end(handles[0], settings, rules)
        os.close(handles[0])


def _rules(settings: cell.Settings, task: cell.Task) -> int:
    if not settings.landlock:
        return -1
    scratch = [os.path.dirname(settings.scratch)] if settings.namespaces else []
    packages = [settings.packages] if settings.packages else []
    written = packages if task == "unpack" else []
    return kernel.landlock_rules([*settings.readable, *packages], settings.listable, [*scratch, *written, os.devnull])


def _load() -> None:
    warnings.simplefilter("ignore")
    for name in _LOADED:
        try:
            importlib.import_module(name)
        except ImportError:  # a cell that needs it reports the error
            continue
    _run_once()
    gc.collect()
    gc.freeze()  # garbage collection in a cell would copy all of this memory


def _run_once() -> None:
    """Run the steps of a cell once, so that their imports and caches exist."""
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


def _serve_to_the_end(handle: int, settings: cell.Settings, rules: dict[cell.Task, int]) -> NoReturn:
    try:
        kernel.die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        line = socket.socket(fileno=handle)
        line.sendall(messages.ENDED.pack(0))  # the server is ready
        _serve(line, settings, rules)
    finally:
        os._exit(0)


def _serve(control: socket.socket, settings: cell.Settings, rules: dict[cell.Task, int]) -> None:
    while True:
        wish, handles, _, _ = socket.recv_fds(control, 1, 1)
        if wish not in (b"S", b"U") or not handles:
            return
        task: cell.Task = "fit" if wish == b"S" else "unpack"
        child = _start(control, handles[0], settings, rules[task], task)
        os.close(handles[0])
        wish = control.recv(1)
        status = _end(child, _GRACE if wish == b"G" else 0.0)
        if not wish:
            return
        control.sendall(messages.ENDED.pack(status))


def _start(control: socket.socket, channel: int, settings: cell.Settings, rules: int, task: cell.Task) -> int:
    """Fork a cell; the child never returns."""
    if settings.namespaces:
        own = os.pidfd_open(os.getpid())
        kernel.own_pids()
    child = os.fork()
    if child == 0:
        try:
            control.close()
            cell.live(channel, settings, rules, task)
        finally:
            os._exit(70)
    if settings.namespaces:
        kernel.shared_pids(own)
        os.close(own)
    return child


def _end(child: int, grace: float) -> int:
    """Kill a cell, after a grace period; its process namespace ends with it."""
    ended = time.monotonic() + grace
    while time.monotonic() < ended:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        select.select([], [], [], 0.005)
    os.kill(child, signal.SIGKILL)  # not waited for yet, so its pid is still valid
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
