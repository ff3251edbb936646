"""Frames: how data crosses the wall. A fixed head with two lengths, a JSON header, bytes.

Both sides use this module; it imports the standard library only. A reader states how much it is willing to read before it
reads, and until when: what a stranger writes can neither fill the memory nor hold up the program that listens.
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
"""Bytes of JSON that a reader accepts, unless it says otherwise."""

ENDED = struct.Struct("<i")
"""How a cell ended, as the fork server says it: its exit status, or minus the number of the signal."""

_HEAD = struct.Struct("<4sIQ")
_MAGIC = b"SBF1"
_CHUNK = 2**20


class FrameError(Exception):
    """What was written is no frame, or a larger one than was agreed."""


class ChannelClosed(Exception):
    """The other side is gone."""


class FrameTimeout(Exception):
    """The time is over."""


def send(channel: socket.socket, header: Mapping[str, object], *body: bytes, deadline: float | None = None) -> None:
    """Write one frame.

    Parameters
    ----------
    channel : socket
        A connected stream.
    header : mapping
        Becomes JSON.
    *body : bytes
        Written one after the other.
    deadline : float, optional
        Monotonic time by which the other side must have taken it.

    Raises
    ------
    ChannelClosed, FrameTimeout
        If the other side is gone, or does not read.
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
        Monotonic time by which all of it must be here.
    header_limit, body_limit : int
        Bytes at most. Nothing is read of a frame that says that it is longer.

    Raises
    ------
    FrameError
        If what comes is no frame, or too long a one.
    ChannelClosed, FrameTimeout
        If it ends, or does not come in time.
    """
    magic, header_size, body_size = _HEAD.unpack(_exactly(channel, _HEAD.size, deadline))
    if magic != _MAGIC:
        raise FrameError("wrote something that is no frame")
    if header_size > header_limit or body_size > body_limit:
        raise FrameError(f"wrote a frame of {header_size} + {body_size} bytes; at most {header_limit} + {body_limit} are read")
    return _exactly(channel, header_size, deadline), _exactly(channel, body_size, deadline)


def hang_up(channel: socket.socket | None) -> None:
    """Close a channel, so that whoever waits at either end hears of it at once."""
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
