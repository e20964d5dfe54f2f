"""Send values between two processes of this library, as frames: eight bytes of length, then a pickle."""

import pickle
import socket
import struct
from time import monotonic
from typing import Any, Final

LENGTH: Final = struct.Struct("!Q")
CHUNK: Final = 1 << 20
"""Bytes of a frame that are read at once."""


def pack(value: object) -> bytes:
    """Return a value as a frame. Raises as `pickle.dumps` does, for a value that can't be pickled."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def receive(channel: socket.socket, deadline: float | None = None) -> Any:
    """Read the next value.

    Raises EOFError where the other side has closed, TimeoutError after `deadline`, on the clock of `time.monotonic`.
    """
    (length,) = LENGTH.unpack(_exactly(channel, LENGTH.size, deadline))
    return unpack(_exactly(channel, length, deadline))


def unpack(body: bytearray) -> Any:
    """Return the value in a frame's body."""
    return pickle.loads(body)  # noqa: S301 (from a process of ours)


def _exactly(channel: socket.socket, length: int, deadline: float | None) -> bytearray:
    body = bytearray()
    while len(body) < length:
        if deadline is not None:
            channel.settimeout(max(deadline - monotonic(), 0.001))
        chunk = channel.recv(min(CHUNK, length - len(body)))
        if not chunk:
            raise EOFError
        body += chunk
    return body
