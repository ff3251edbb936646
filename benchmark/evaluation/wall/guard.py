"""The evaluator's side of the sandbox: it sends data to a cell, times it, and checks the numbers that come back."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from scalingbench.benchmark.evaluation.results import FoldResult, Status, TaskResult, as_stored
from scalingbench.benchmark.evaluation.wall import messages
from scalingbench.benchmark.evaluation.wall.sandbox import START_SECONDS, Sandbox, Wall, sandbox_of
from scalingbench.common.errors import InputError

__all__ = ["CodeError", "Facts", "Guard", "Guards", "PredictCalls", "Source", "TimeUp"]

_RESULTS_SECONDS = 60.0
_RESULTS_HEADER, _RESULTS_BODY = 2**26, 2**28
_UNPACKING_SECONDS = 120.0

PredictCalls = Literal["together", "in parts"]


class CodeError(InputError):
    """Submitted code fails before a fit."""


class TimeUp(Exception):
    """The time limit has passed."""


@dataclass(frozen=True)
class Source:
    """A submitted class; this process never runs its file.

    Attributes
    ----------
    text, file_name, attribute : str
        The code, its name in messages, and the name of the class.
    """

    text: str
    file_name: str
    attribute: str


@dataclass(frozen=True)
class Facts:
    """The declarations of a class.

    Attributes
    ----------
    variables : tuple of str, optional
        The columns that it reads.
    positive_only : bool
        Whether it requires positive values.
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
    """The evaluator's end of the exchange about one fit; every step must end before the deadline."""

    def __init__(self, channel: socket.socket, deadline: float) -> None:
        self.channel = channel
        self.deadline = deadline

    def send(self, header: dict[str, object], *body: bytes) -> None:
        messages.send(self.channel, header, *body, deadline=self.deadline)

    def receive(
        self, kind: type[messages.T], *, header_limit: int = messages.HEADER_LIMIT, body_limit: int = 0
    ) -> tuple[messages.T, bytes]:
        header, body = messages.receive(self.channel, deadline=self.deadline, header_limit=header_limit, body_limit=body_limit)
        answer = messages.parse(header, kind)
        if isinstance(answer, messages.Failed):
            raise _Ended(answer.status, answer.message)
        return answer, body

    def load(self, source: Source) -> messages.Loaded:
        self.send({"step": "load", "file": source.file_name, "class": source.attribute}, source.text.encode())
        return self.receive(messages.Loaded)[0]

    def fit(self, name: str, X: pd.DataFrame, y: np.ndarray, parts: Sequence[pd.DataFrame], levels: tuple[float, ...]) -> FoldResult:
        """Fit, then predict the parts of the held-out rows in turn."""
        frame = _arrow(X)
        start = time.perf_counter()
        self.send({"step": "fit", "frame": len(frame)}, frame, np.asarray(y, "<f8").tobytes())
        self.receive(messages.Fitted)
        fitted = time.perf_counter()
        try:
            # held-out inputs are sent only now, so that the fit cannot read them
            answer, values = zip(*(self.predict(part, levels) for part in parts), strict=True)
        except _Ended as ended:
            raise _Ended(ended.status, ended.message, fitted - start) from None
        seconds: dict[str, Any] = {"fit_seconds": fitted - start, "predict_seconds": time.perf_counter() - fitted}
        columns = np.concatenate([v[: min(map(len, values))] for v in values], axis=1)
        if not np.isfinite(columns).all():
            broken = int((~np.isfinite(columns)).sum())
            return FoldResult(name, "not-finite", f"predict returned {broken} of {columns.size} values that are NaN or infinite", **seconds)
        predictions, *quantiles = (as_stored(column) for column in columns)
        first = answer[0]
        return FoldResult(name, "ok", first.message, predictions, dict(zip(levels, quantiles, strict=False)), first.constants, **seconds)

    def predict(self, X: pd.DataFrame, levels: tuple[float, ...]) -> tuple[messages.Predicted, np.ndarray]:
        """Return the answer on some rows and its numbers: a line of predictions, and one for each level."""
        n = len(X)
        self.send({"step": "predict", "levels": list(levels)}, _arrow(X))
        answer, body = self.receive(messages.Predicted, body_limit=8 * n * (1 + len(levels)))
        lines = 1 + (len(levels) if answer.quantiles else 0)
        if len(body) != 8 * n * lines:
            raise messages.FrameError(f"wrote {len(body)} bytes of predictions, expected {8 * n * lines}")
        return answer, np.frombuffer(body, "<f8").astype(float).reshape(lines, n)

    def unpack(self, wheel: bytes) -> None:
        self.send({"step": "unpack"}, wheel)
        self.receive(messages.Unpacked)

    def search(self, values: np.ndarray) -> dict[str, tuple[float, ...]]:
        self.send({"step": "search"}, np.asarray(values, "<f8").tobytes())
        return self.receive(messages.Searched)[0].found

    def results(self, content: bytes, most_rows: int, most_values: int) -> tuple[TaskResult, ...]:
        self.send({"step": "results", "rows": most_rows, "values": most_values}, content)
        answer, body = self.receive(messages.Stored, header_limit=_RESULTS_HEADER, body_limit=_RESULTS_BODY)
        return messages.rebuilt(answer, body)


class Guard:
    """Owner of one fork server, which makes cells one at a time.

    Parameters
    ----------
    sandbox : Sandbox
        The sandbox that it runs in.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._control: socket.socket | None = None
        self.stopped = False

    def start(self) -> None:
        """Start the server if it does not run; a fit starts it too, outside its time limit."""
        if self._control is None:
            self._start()

    def describe(self, source: Source, seconds: float) -> Facts:
        """Return the declarations of a class.

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
        self,
        source: Source,
        inputs: tuple[str, pd.DataFrame, np.ndarray, pd.DataFrame],
        levels: tuple[float, ...],
        seconds: float,
        *,
        calls: PredictCalls = "together",
    ) -> FoldResult:
        """Fit a class in its own cell; return its predictions, or how it failed.

        `inputs` are the name of the fold, training X and y, and held-out X.

        Raises
        ------
        TimeUp
            If it takes longer than `seconds`.
        """
        name, X, y, X_test = inputs
        halves = _halves(len(X_test)) if calls == "in parts" else [np.arange(len(X_test))]
        try:
            with self._cell(seconds) as cell:
                cell.load(source)
                fold = cell.fit(name, X, y, [X_test.iloc[rows].reset_index(drop=True) for rows in halves], levels)
        except _Ended as ended:
            return FoldResult(name, ended.status, ended.message, fit_seconds=ended.fit_seconds)
        order = np.argsort(np.concatenate(halves))
        if fold.status != "ok":
            return fold
        return replace(fold, predictions=fold.predictions[order], quantiles={k: v[order] for k, v in fold.quantiles.items()})

    def read_results(self, content: bytes, most_rows: int, most_values: int) -> tuple[TaskResult, ...]:
        """Return the results in an untrusted result file; a cell parses it.

        Parameters
        ----------
        content : bytes
            Content of the file.
        most_rows, most_values : int
            Numbers of folds and predictions of the tasks; a larger file is rejected.

        Raises
        ------
        InputError
            If it is not a result file.
        """
        try:
            with self._cell(_RESULTS_SECONDS) as cell:
                return cell.results(content, most_rows, most_values)
        except _Ended as ended:
            raise InputError(f"not a result file: {ended.message.removeprefix('not a result file: ')}") from None
        except TimeUp:
            raise InputError(f"not a result file: takes longer than {_RESULTS_SECONDS:g} s to read") from None

    def unpack(self, name: str, wheel: bytes) -> None:
        """Unpack a wheel for the fits that follow.

        Raises
        ------
        InputError
            If it is not a wheel, or too large.
        """
        try:
            with self._cell(_UNPACKING_SECONDS, b"U") as cell:
                cell.unpack(wheel)
        except _Ended as ended:
            raise InputError(f"{name}: cannot be unpacked: {ended.message}") from None
        except TimeUp:
            raise InputError(f"{name}: cannot be unpacked: takes longer than {_UNPACKING_SECONDS:g} s") from None

    def known_values(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return which of the given values the files of the packages contain; a cell without submitted code searches them.

        Raises
        ------
        InputError
            If they cannot be searched in time.
        """
        try:
            with self._cell(_UNPACKING_SECONDS) as cell:
                found = cell.search(values)
        except _Ended as ended:
            raise InputError(f"the packages cannot be searched: {ended.message}") from None
        except TimeUp:
            raise InputError(f"the packages cannot be searched in {_UNPACKING_SECONDS:g} s") from None
        return {name: np.array(known) for name, known in found.items()}

    def stop(self) -> None:
        """End the server and its cell; safe to call from another thread, and twice."""
        self.stopped = True
        self._end_server()

    @contextmanager
    def _cell(self, seconds: float, kind: bytes = b"S") -> Iterator[_Cell]:
        """Provide a new cell, which is ended afterwards. The time limit starts when the server is ready."""
        control = self._control or self._start()
        deadline = time.monotonic() + seconds
        ours, theirs = socket.socketpair()
        wish, ended = b"E", ""
        with ours:
            try:
                with theirs:
                    socket.send_fds(control, [kind], [theirs.fileno()])
                cell = _Cell(ours, deadline)
                ready, _ = cell.receive(messages.Ready)
                if ready.problem:
                    raise InputError(f"the sandbox does not work here: {ready.problem}")
                yield cell
                return
            except (messages.ChannelClosed, OSError):
                wish = b"G"  # it is ending by itself: wait for its status
            except messages.FrameError as error:
                ended = f"its process {error}"
            except messages.FrameTimeout:
                raise TimeUp from None
            finally:
                status = self._end_cell(control, wish)
        raise _Ended("error", ended) if ended else _Ended("crash", f"its process {_ending(status)}")

    def _end_cell(self, control: socket.socket, wish: bytes) -> int | None:
        """Have the server end the cell; return its exit status, None if the server has ended."""
        try:
            control.settimeout(START_SECONDS)
            control.sendall(wish)
            answer = control.recv(messages.ENDED.size, socket.MSG_WAITALL)
            return int(messages.ENDED.unpack(answer)[0])
        except (OSError, struct.error):
            self._end_server()
            if self.stopped:
                raise InterruptedError("stopped") from None
            return None

    def _start(self) -> socket.socket:
        """Start the server; return the connection to it."""
        if self.stopped:
            raise InterruptedError("stopped")
        self._control = control = self._sandbox.line()
        if self.stopped:  # meanwhile, by another thread
            self._end_server()
            raise InterruptedError("stopped")
        return control

    def _end_server(self) -> None:
        control, self._control = self._control, None
        messages.hang_up(control)  # the server then ends


class Guards:
    """A pool of guards with one configuration; a context manager that stops them at its end.

    Parameters
    ----------
    wall : Wall
        Active layers, and the limits.
    wheels : mapping of str to bytes, optional
        Additional packages of their cells, by file name.
    """

    def __init__(self, wall: Wall, wheels: Mapping[str, bytes] | None = None) -> None:
        self.wall = wall
        self.wheels = dict(wheels or {})
        self._sandbox = Sandbox(wall, self._unpack) if self.wheels else sandbox_of(wall)
        self._idle: list[Guard] = []
        self._all: list[Guard] = []

    def __enter__(self) -> Guards:
        return self

    def __exit__(self, *_: object) -> None:
        for guard in self._all:
            guard.stop()
        if self.wheels:
            self._sandbox.stop()

    def take(self) -> Guard:
        """Return an unused guard, started before any time limit."""
        while self._idle:
            guard = self._idle.pop()
            if not guard.stopped:
                break
        else:
            guard = Guard(self._sandbox)
            self._all.append(guard)
        guard.start()
        return guard

    def known_values(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return which of the given values the files of the additional packages contain, by file; see `Guard.known_values`."""
        if not self.wheels:
            return {}
        with self.one() as guard:
            return guard.known_values(values)

    def give_back(self, guard: Guard) -> None:
        """Return a guard to the pool."""
        self._idle.append(guard)

    def _unpack(self) -> None:
        """Unpack each wheel in a cell."""
        guard = Guard(self._sandbox)
        try:
            for name, wheel in self.wheels.items():
                guard.unpack(name, wheel)
        except InputError:
            self._sandbox.stop()
            raise
        finally:
            guard.stop()

    @contextmanager
    def one(self) -> Iterator[Guard]:
        """Provide a guard within a context."""
        guard = self.take()
        try:
            yield guard
        finally:
            self.give_back(guard)


def _halves(n: int) -> list[np.ndarray]:
    """Return two halves of n rows, drawn unpredictably; a single row is one part."""
    order = np.random.default_rng().permutation(n)
    return [half for half in (np.sort(order[: n // 2]), np.sort(order[n // 2 :])) if len(half)]


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
