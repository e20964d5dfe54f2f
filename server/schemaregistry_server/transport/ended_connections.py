"""End a TCP connection of this process from outside the library that has it: gRPC has no call for that."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from schemaregistry_server.transport.addresses import written

MAPPED: Final = "::ffff:"
"""How IPv6 sockets write the addresses of IPv4."""


def end_connection(peer: str) -> bool:
    """Shut down this process's connection from `peer` (HOST:PORT), and say whether there was one (Linux, proc(5)).

    Its library reads the end of it next, as if the peer had left.
    """
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError), _borrowed(int(entry.name)) as connection:
            if connection.family in {socket.AF_INET, socket.AF_INET6} and peer == _address(connection):
                connection.shutdown(socket.SHUT_RDWR)
                return True
    return False


def _address(connection: socket.socket) -> str:
    host, port = connection.getpeername()[:2]
    return written(host.removeprefix(MAPPED), port)


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """A descriptor as a socket, which is not closed afterwards; raises OSError where it is none."""
    made = socket.socket(fileno=descriptor)
    try:
        yield made
    finally:
        made.detach()
