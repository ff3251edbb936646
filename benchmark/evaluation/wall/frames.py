"""Frames: the wire format of the sandbox. A fixed head with two lengths, a JSON header, bytes.

Both sides use this module; it imports the standard library only. A reader sets a size limit and a deadline
before it reads, so that untrusted input can neither fill the memory nor block the reader.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["ENDED", "HEADER_LIMIT", "ChannelClosed", "FrameError", "FrameTimeout", "hang_up", "receive", "send"]

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
