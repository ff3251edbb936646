"""What crosses the wall: frames, and the schema of the messages of a cell.

A frame is a fixed head with two lengths, a JSON header, and bytes. A reader sets a size limit and a deadline before it reads, so that
untrusted input can neither fill the memory nor block the reader. A message of a cell that does not keep the schema is an error: texts are
stripped of control characters, numbers are finite, and lists and texts have a maximum length.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from scalingbench.benchmark.evaluation.results import FoldResult, Status, TaskResult
from scalingbench.common.messages import first_problem, one_line

__all__ = [
    "ENDED",
    "HEADER_LIMIT",
    "MOST_KNOWN",
    "ChannelClosed",
    "Failed",
    "Fitted",
    "FrameError",
    "FrameTimeout",
    "Loaded",
    "Predicted",
    "Ready",
    "Searched",
    "Stored",
    "Unpacked",
    "hang_up",
    "parse",
    "rebuilt",
    "receive",
    "send",
]

HEADER_LIMIT = 2**18
"""Default limit of a header, in bytes of JSON."""

ENDED = struct.Struct("<i")
"""End of a cell, as reported by the fork server: its exit status, or minus the signal number."""

_HEAD = struct.Struct("<4sIQ")
_MAGIC = b"SBF1"
_CHUNK = 2**20


class FrameError(Exception):
    """The input is not a frame, or larger than the limit."""


class ChannelClosed(Exception):
    """The other side closed the channel."""


class FrameTimeout(Exception):
    """The deadline has passed."""


def send(channel: socket.socket, header: Mapping[str, object], *body: bytes, deadline: float | None = None) -> None:
    """Write one frame.

    Parameters
    ----------
    channel : socket
        A connected stream.
    header : mapping
        Becomes JSON.
    *body : bytes
        Written in order.
    deadline : float, optional
        Monotonic time by which the other side must have read it.

    Raises
    ------
    ChannelClosed, FrameTimeout
        If the other side closed the channel, or does not read.
    """
    text = json.dumps(header).encode()
    try:
        for part in (_HEAD.pack(_MAGIC, len(text), sum(map(len, body))), text, *body):
            channel.settimeout(_left(deadline))
            channel.sendall(part)
    except TimeoutError:
        raise FrameTimeout from None
    except OSError:
        raise ChannelClosed from None


def receive(
    channel: socket.socket, *, deadline: float | None = None, header_limit: int = HEADER_LIMIT, body_limit: int = 0
) -> tuple[bytes, bytes]:
    """Read one frame; returns its header, not parsed, and its body.

    Parameters
    ----------
    channel : socket
        A connected stream.
    deadline : float, optional
        Monotonic time by which it must be complete.
    header_limit, body_limit : int
        Size limits in bytes. A frame that declares a larger size is not read.

    Raises
    ------
    FrameError
        If the input is not a frame, or too large.
    ChannelClosed, FrameTimeout
        If the channel closes, or the deadline passes.
    """
    magic, header_size, body_size = _HEAD.unpack(_exactly(channel, _HEAD.size, deadline))
    if magic != _MAGIC:
        raise FrameError("wrote something that is no frame")
    if header_size > header_limit or body_size > body_limit:
        raise FrameError(f"wrote a frame of {header_size} + {body_size} bytes; at most {header_limit} + {body_limit} are read")
    return _exactly(channel, header_size, deadline), _exactly(channel, body_size, deadline)


def hang_up(channel: socket.socket | None) -> None:
    """Close a channel; readers at both ends notice at once."""
    if channel is not None:
        with suppress(OSError):
            channel.shutdown(socket.SHUT_RDWR)
        channel.close()


def _exactly(channel: socket.socket, size: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    try:
        while size:
            channel.settimeout(_left(deadline))
            part = channel.recv(min(size, _CHUNK))
            if not part:
                raise ChannelClosed
            parts.append(part)
            size -= len(part)
    except TimeoutError:
        raise FrameTimeout from None
    except OSError:
        raise ChannelClosed from None
    return b"".join(parts)


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise FrameTimeout
    return left


def _parameters(text: str) -> str:
    """Return a JSON object in canonical form."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("parameters are no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("parameters are no JSON object")
    return json.dumps(found, sort_keys=True)


Text = Annotated[str, Field(max_length=2000), AfterValidator(one_line)]
Name = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Constants = Annotated[dict[Name, Number], Field(max_length=2000)]
Parameters = Annotated[str, Field(max_length=20_000), AfterValidator(_parameters)]


MOST_KNOWN = 100
"""Files with known values, and values in one of them, that a cell reports."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Ready(_Message):
    """The cell is confined, or the reason why not; sent before any submitted code arrives."""

    step: Literal["ready"]
    problem: Text


class Failed(_Message):
    """The submitted code raised an error, or returned something other than predictions."""

    step: Literal["failed"]
    status: Literal["error", "wrong-shape", "not-finite"]
    message: Text


class Loaded(_Message):
    """The class was made."""

    step: Literal["loaded"]
    variables: Annotated[tuple[Name, ...], Field(max_length=500, strict=False)] | None
    positive_only: bool
    parameters: Parameters


class Fitted(_Message):
    """The fit ended."""

    step: Literal["fitted"]


class Unpacked(_Message):
    """A wheel was unpacked."""

    step: Literal["unpacked"]


class Searched(_Message):
    """The files of the packages that contain known values."""

    step: Literal["searched"]
    found: Annotated[dict[Name, Annotated[tuple[Number, ...], Field(max_length=MOST_KNOWN, strict=False)]], Field(max_length=MOST_KNOWN)]


class Predicted(_Message):
    """Predictions follow as bytes, then quantiles."""

    step: Literal["predicted"]
    quantiles: bool
    message: Text
    constants: Constants


class StoredFold(_Message):
    """One row of a result file; its numbers follow as bytes."""

    predictor: Name
    parameters: Parameters
    suite: Name
    task: Annotated[str, Field(max_length=500)]
    fingerprint: Name
    versions: Parameters
    fold: Annotated[str, Field(max_length=500)]
    status: Status
    message: Text
    constants: Constants
    n: Annotated[int, Field(ge=0, le=10**7)]
    levels: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(max_length=99, strict=False)]


class Stored(_Message):
    """The rows of a result file."""

    step: Literal["results"]
    rows: Annotated[tuple[StoredFold, ...], Field(max_length=100_000, strict=False)]


T = TypeVar("T", Ready, Loaded, Fitted, Unpacked, Searched, Predicted, Stored)


def parse(header: bytes, kind: type[T]) -> T | Failed:
    """Parse a message of a cell.

    Raises
    ------
    FrameError
        If it is not a valid message at this point.
    """
    try:
        message = _schema(kind).validate_json(header)
    except ValidationError as error:
        raise FrameError(f"wrote an unexpected message: {one_line(first_problem(error), 200)}") from None
    assert isinstance(message, (kind, Failed))
    return message


@cache
def _schema(kind: type[BaseModel]) -> TypeAdapter[Any]:
    either: Any = Annotated[kind | Failed, Field(discriminator="step")]
    return TypeAdapter(either)


def rebuilt(stored: Stored, numbers: bytes) -> tuple[TaskResult, ...]:
    """Return the results from the rows of a file.

    Raises
    ------
    FrameError
        If the amount of numbers does not match the rows.
    """
    values = np.frombuffer(numbers, "<f8").astype(float)
    if len(values) != sum(row.n * (1 + len(row.levels)) for row in stored.rows):
        raise FrameError("wrote an amount of numbers that does not match its rows")
    at = 0
    grouped: dict[TaskResult, list[FoldResult]] = {}
    for row in stored.rows:
        columns = values[at : at + row.n * (1 + len(row.levels))].reshape(1 + len(row.levels), row.n)
        at += columns.size
        fold = FoldResult(row.fold, row.status, row.message, columns[0], dict(zip(row.levels, columns[1:], strict=True)), row.constants)
        task = TaskResult(row.predictor, row.parameters, row.suite, row.task, row.fingerprint, row.versions, folds=())
        grouped.setdefault(task, []).append(fold)
    return tuple(replace(task, folds=tuple(folds)) for task, folds in grouped.items())
