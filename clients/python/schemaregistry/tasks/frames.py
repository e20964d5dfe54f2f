"""How a question and its answer travel between two processes of ours: a length, then a pickle."""

import pickle
import socket
import struct
from time import monotonic
from typing import Any, Final

LENGTH: Final = struct.Struct("!Q")
CHUNK: Final = 1 << 20


def pack(value: object) -> bytes:
    """Write a value as a frame; raises what pickle does where it can't."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def receive(channel: socket.socket, deadline: float | None = None) -> Any:
    """Read the next value; raises EOFError where the other side is gone, TimeoutError after `deadline` (monotonic)."""
    (length,) = LENGTH.unpack(_exactly(channel, LENGTH.size, deadline))
    return unpack(_exactly(channel, length, deadline))


def unpack(body: bytearray) -> Any:
    """Read what stands behind the length of a frame."""
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
