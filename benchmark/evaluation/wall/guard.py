"""The judge's side of the wall: it hands a cell data, times it, and takes back numbers that it checks itself."""

from __future__ import annotations

import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, Status, TaskResult, as_stored
from scalingbench.benchmark.evaluation.wall import frames, messages
from scalingbench.benchmark.evaluation.wall.layers import Wall
from scalingbench.benchmark.evaluation.wall.libraries import libraries
from scalingbench.benchmark.evaluation.wall.namespaces import ENVIRONMENT, EXTRA, SCRATCH, sandboxed
from scalingbench.common.errors import InputError
from scalingbench.common.messages import one_line

__all__ = ["CodeError", "Facts", "Guard", "Guards", "Source", "TimeUp"]

_START_SECONDS = 120.0
_RESULTS_SECONDS = 60.0
_RESULTS_HEADER, _RESULTS_BODY = 2**26, 2**28


class CodeError(InputError):
    """A stranger's code does not do what it must before anything can be fitted."""


class TimeUp(Exception):
    """The time for this work is over."""


@dataclass(frozen=True)
class Source:
    """A class in a file that this process never runs.

    Attributes
    ----------
    text, file_name, attribute : str
        The code, what to call it in messages, the class in it.
    """

    text: str
    file_name: str
    attribute: str


@dataclass(frozen=True)
class Facts:
    """What a class says of itself.

    Attributes
    ----------
    variables : tuple of str, optional
        The columns that it reads.
    positive_only : bool
        Whether it asks for positive values.
    parameters : str
        Its constructor arguments, as JSON.
    """

    variables: tuple[str, ...] | None
    positive_only: bool
    parameters: str


class _Ended(Exception):
    """A fit that failed, and how."""

    def __init__(self, status: Status, message: str, fit_seconds: float = float("nan")) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.fit_seconds = fit_seconds


class _Cell:
    """The judge's end of the conversation about one fit; every step must end before the deadline."""

    def __init__(self, channel: socket.socket, deadline: float) -> None:
        self.channel = channel
        self.deadline = deadline

    def say(self, header: dict[str, object], *body: bytes) -> None:
        frames.send(self.channel, header, *body, deadline=self.deadline)

    def hear(self, kind: type[messages.T], *, header_limit: int = frames.HEADER_LIMIT, body_limit: int = 0) -> tuple[messages.T, bytes]:
        header, body = frames.receive(self.channel, deadline=self.deadline, header_limit=header_limit, body_limit=body_limit)
        said = messages.parse(header, kind)
        if isinstance(said, messages.Failed):
            raise _Ended(said.status, said.message)
        return said, body

    def load(self, source: Source) -> messages.Loaded:
        self.say({"step": "load", "file": source.file_name, "class": source.attribute}, source.text.encode())
        return self.hear(messages.Loaded)[0]

    def fit(self, name: str, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, levels: tuple[float, ...]) -> FoldResult:
        frame = _arrow(X)
        start = time.perf_counter()
        self.say({"step": "fit", "frame": len(frame)}, frame, np.asarray(y, "<f8").tobytes())
        self.hear(messages.Fitted)
        fitted = time.perf_counter()
        n = len(X_test)
        try:
            # the held-out inputs leave this process only now: a fit cannot have looked at them
            self.say({"step": "predict", "levels": list(levels)}, _arrow(X_test))
            said, body = self.hear(messages.Predicted, body_limit=8 * n * (1 + len(levels)))
        except _Ended as ended:
            raise _Ended(ended.status, ended.message, fitted - start) from None
        seconds: dict[str, Any] = {"fit_seconds": fitted - start, "predict_seconds": time.perf_counter() - fitted}
        columns = 1 + (len(levels) if said.quantiles else 0)
        if len(body) != 8 * n * columns:
            raise frames.FrameError(f"wrote {len(body)} bytes of predictions, expected {8 * n * columns}")
        values = np.frombuffer(body, "<f8").astype(float).reshape(columns, n)
        if not np.isfinite(values).all():
            broken = int((~np.isfinite(values)).sum())
            return FoldResult(name, "not-finite", f"predict returned {broken} of {values.size} values that are NaN or infinite", **seconds)
        predictions, *quantiles = (as_stored(column) for column in values)
        return FoldResult(name, "ok", said.message, predictions, dict(zip(levels, quantiles, strict=False)), said.constants, **seconds)

    def results(self, content: bytes) -> tuple[TaskResult, ...]:
        self.say({"step": "results"}, content)
        said, body = self.hear(messages.Stored, header_limit=_RESULTS_HEADER, body_limit=_RESULTS_BODY)
        return messages.rebuilt(said, body)


class Guard:
    """Owner of one fork server, which makes one cell after the other.

    Parameters
    ----------
    wall : Wall
        Which layers are on, and the limits.
    """

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self._control: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def start(self) -> None:
        """Start the server, where it does not run yet; a fit starts it too, and does not count the time."""
        if self._control is None:
            self._start()

    def describe(self, source: Source, seconds: float) -> Facts:
        """Return what a class says of itself.

        Raises
        ------
        CodeError
            If the code cannot be loaded, breaks the contract, or takes too long.
        """
        try:
            with self._cell(seconds) as cell:
                loaded = cell.load(source)
        except _Ended as ended:
            raise CodeError(f"{source.file_name}: {ended.message}") from None
        except TimeUp:
            raise CodeError(f"{source.file_name}: took longer than {seconds:g} s to import") from None
        return Facts(loaded.variables, loaded.positive_only, loaded.parameters)

    def fit(
        self, source: Source, name: str, X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, levels: tuple[float, ...], seconds: float
    ) -> FoldResult:
        """Fit a class in a cell of its own; returns its predictions, or how it failed.

        Raises
        ------
        TimeUp
            If it takes longer than `seconds`.
        """
        try:
            with self._cell(seconds) as cell:
                cell.load(source)
                return cell.fit(name, X, y, X_test, levels)
        except _Ended as ended:
            return FoldResult(name, ended.status, ended.message, fit_seconds=ended.fit_seconds)

    def read_results(self, content: bytes) -> tuple[TaskResult, ...]:
        """Return what a stranger's result file holds; a cell takes it apart.

        Raises
        ------
        InputError
            If it is none.
        """
        try:
            with self._cell(_RESULTS_SECONDS) as cell:
                return cell.results(content)
        except _Ended as ended:
            raise InputError(f"not a result file: {ended.message.removeprefix('not a result file: ')}") from None
        except TimeUp:
            raise InputError(f"not a result file: takes longer than {_RESULTS_SECONDS:g} s to read") from None

    def stop(self) -> None:
        """End the server, and with it all that runs behind the wall. Another thread may call it, and it may be called twice."""
        self.stopped = True
        self._end_server()

    @contextmanager
    def _cell(self, seconds: float) -> Iterator[_Cell]:
        """Give a new cell; whatever comes of it, it is gone afterwards. The time starts when the server is there."""
        control = self._control or self._start()
        deadline = time.monotonic() + seconds
        ours, theirs = socket.socketpair()
        wish, ended = b"E", ""
        with ours:
            try:
                with theirs:
                    socket.send_fds(control, [b"S"], [theirs.fileno()])
                cell = _Cell(ours, deadline)
                ready, _ = cell.hear(messages.Ready)
                if ready.problem:
                    raise InputError(f"the wall does not stand here: {ready.problem}")
                yield cell
                return
            except (frames.ChannelClosed, OSError):
                wish = b"G"  # it is about to end by itself: how, is worth a moment
            except frames.FrameError as error:
                ended = f"its process {error}"
            except frames.FrameTimeout:
                raise TimeUp from None
            finally:
                status = self._end_cell(control, wish)
        raise _Ended("error", ended) if ended else _Ended("crash", f"its process {_ending(status)}")

    def _end_cell(self, control: socket.socket, wish: bytes) -> int | None:
        """Have the server end the cell; returns how it ended, None where the server itself is gone."""
        try:
            control.settimeout(_START_SECONDS)
            control.sendall(wish)
            answer = control.recv(frames.ENDED.size, socket.MSG_WAITALL)
            return int(frames.ENDED.unpack(answer)[0])
        except (OSError, struct.error):
            self._end_server()
            if self.stopped:
                raise InterruptedError("stopped") from None
            return None

    def _start(self) -> socket.socket:
        """Start the server; returns the line to it."""
        if self.stopped:
            raise InterruptedError("stopped")
        ours, theirs = socket.socketpair()
        found = libraries()
        wall = self.wall
        extra = [EXTRA if wall.namespaces else str(wall.extra)] if wall.extra else []
        command = [found.python, "-s", "-S", "-B", "-P", "-X", "utf8", "-c", _PROGRAM, str(theirs.fileno()), *found.imports]
        if wall.namespaces:
            command = sandboxed(found, command, extra=wall.extra, capabilities=("CAP_SYS_ADMIN",))
        settings = {
            "namespaces": wall.namespaces,
            "landlock": bool(wall.landlock),
            "seccomp": (wall.seccomp or b"").hex(),
            "memory": wall.memory,
            "readable": [*found.readable, *extra, *_DEVICES],
            "scratch": SCRATCH,
            "imports": extra,
        }
        with theirs, tempfile.TemporaryFile() as said:
            self._server = _popen(command, theirs.fileno(), said.fileno())
            self._control = ours
            theirs.close()
            if self.stopped:  # meanwhile, by another thread
                self._end_server()
                raise InterruptedError("stopped")
            try:
                deadline = time.monotonic() + _START_SECONDS
                frames.send(ours, settings, deadline=deadline)
                frames.receive(ours, deadline=deadline)
            except (frames.ChannelClosed, frames.FrameTimeout, frames.FrameError):
                self._end_server()
                said.seek(0)
                text = one_line(said.read(10_000).decode(errors="replace")[-400:])
                raise InputError(f"the fork server does not start: {text or 'it says nothing'}") from None
        return ours

    def _end_server(self) -> None:
        server, control = self._server, self._control
        self._server = self._control = None
        if server is not None:
            server.kill()
            server.wait()
        frames.hang_up(control)


class Guards:
    """Guards of one wall that are started once and used by turns; a context, at whose end they are stopped.

    Parameters
    ----------
    wall : Wall
        Which layers are on, and the limits.
    """

    def __init__(self, wall: Wall) -> None:
        self.wall = wall
        self._idle: list[Guard] = []
        self._all: list[Guard] = []

    def __enter__(self) -> Guards:
        return self

    def __exit__(self, *_: object) -> None:
        for guard in self._all:
            guard.stop()

    def take(self) -> Guard:
        """Return a guard that nobody else uses, started before the first time that counts."""
        while self._idle:
            guard = self._idle.pop()
            if not guard.stopped:
                break
        else:
            guard = Guard(self.wall)
            self._all.append(guard)
        guard.start()
        return guard

    def give_back(self, guard: Guard) -> None:
        """Let others use a guard again."""
        self._idle.append(guard)

    @contextmanager
    def one(self) -> Iterator[Guard]:
        """Give a guard for a while."""
        guard = self.take()
        try:
            yield guard
        finally:
            self.give_back(guard)


_PROGRAM = (
    "import sys; handle, *imports = sys.argv[1:]; sys.path.extend(imports); "
    "from scalingbench.benchmark.evaluation.wall.fork_server import main; main(int(handle))"
)
_DEVICES = ("/dev/zero", "/dev/random", "/dev/urandom")


def _popen(command: Sequence[str], handle: int, errors: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=dict(ENVIRONMENT), pass_fds=(handle,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd="/"
    )


def _ending(status: int | None) -> str:
    if status is None:
        return "and its sandbox died"
    return f"died with exit code {status}" if status >= 0 else f"was ended by signal {-status}"


def _arrow(frame: pd.DataFrame) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
