"""Parse HOST:PORT, bind listening sockets, and reserve a port that several processes share."""

import errno
import socket
from contextlib import ExitStack, closing
from typing import Any, Final

from schemaregistry.errors import FailedPrecondition, InvalidArgument

BACKLOG: Final = 2048
"""Connections that the kernel queues until they are accepted."""

UNSENT_SECONDS: Final = 60
"""How long data may stay unacknowledged before the kernel drops the connection (tcp(7), TCP_USER_TIMEOUT)."""


ABSENT: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""The errors of `bind` for an IP address that this machine doesn't have, such as ::1 without IPv6."""


def host_and_port(address: str, option: str) -> tuple[str, int]:
    """Parse HOST:PORT, where an IPv6 host is in brackets; raises InvalidArgument (BAD_ADDRESS) naming the option."""
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise InvalidArgument(
            f"{option} {address!a} is not HOST:PORT, such as localhost:8000; PORT is 0 (a free one) to 65535.",
            reason="BAD_ADDRESS",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)


def written(host: str, port: int) -> str:
    """HOST:PORT of a connection's end, with an IPv6 host in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def with_port(address: str, port: int) -> str:
    """The address with `port` in place of its own: the port that was bound where 0 was asked for."""
    return f"{address.rpartition(':')[0]}:{port}"


def listen(address: str, option: str, *, shared: bool = False) -> socket.socket:
    """Open a listening TCP socket; `shared`: other processes of the server may listen there too (SO_REUSEPORT).

    Raises FailedPrecondition (ADDRESS_IN_USE) where the address is taken or not this machine's.
    """
    if not shared:
        require_free(address, option)
    listening = _bound(address, option, shared=shared)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_SECONDS * 1000)
    listening.listen(BACKLOG)
    return listening


def reserve(address: str, option: str) -> socket.socket:
    """Bind a socket to the address, or to a free port where 0 is asked for, for processes that will share it.

    It does not listen, so it gets no connections. Raises as `listen` does, also where the address is another server's
    shared one.
    """
    require_free(address, option)
    # Bound alone first: with SO_REUSEPORT a port that another server shares would bind as well.
    with closing(_bound(address, option, shared=False)) as alone:
        port: int = alone.getsockname()[1]
    return _bound(with_port(address, port), option, shared=True)


def require_free(address: str, option: str) -> None:
    """Raise FailedPrecondition (ADDRESS_IN_USE) where an IP address of the host is taken.

    `localhost` is both 127.0.0.1 and ::1 (RFC 6761, 6.3), whatever /etc/hosts has: with one of them taken, half of the
    callers would reach another program.
    """
    host, port = host_and_port(address, option)
    both = [f"127.0.0.1:{port}", f"[::1]:{port}"] if host == "localhost" else [address]
    for family, _, _, _, where in (found for each in both for found in _resolved(each, option)):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(where)
        except OSError as failed:
            if failed.errno not in ABSENT:
                raise in_use(address, option, f"{where[0]}: {failed.strerror}") from failed


def _resolved(address: str, option: str) -> list[Any]:
    host, port = host_and_port(address, option)
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as failed:
        raise in_use(address, option, failed.strerror or str(failed)) from failed


def _bound(address: str, option: str, *, shared: bool) -> socket.socket:
    """A socket bound to the first IP address of the host that this machine has."""
    failed: OSError | None = None
    for family, kind, protocol, _, where in _resolved(address, option):
        with ExitStack() as stack:
            try:
                bound = stack.enter_context(socket.socket(family, kind, protocol))
                # A port whose last connections are in TIME_WAIT can be bound, so a server may start again at once.
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
                bound.bind(where)
            except OSError as error:
                failed = error
                continue
            stack.pop_all()
            return bound
    assert failed
    raise in_use(address, option, failed.strerror or str(failed)) from failed


def in_use(address: str, option: str, why: str) -> FailedPrecondition:
    """The error of a server that can't listen; `why` is the cause."""
    return FailedPrecondition(
        f"The server can't listen on {address} ({why}). Name another place with {option} HOST:PORT.",
        reason="ADDRESS_IN_USE",
    )
