"""The socket and the HTTP server of the REST face, and who its callers are in dev mode. Holds no path."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.settings import host_and_port

MAX_CONNECTIONS: Final = 8192
"""Further ones are answered 503."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: one place decides when the process ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class RestListener:
    """The REST face's server on one socket, in the running loop."""

    def __init__(self, app: ASGIApp, address: str, grace: float) -> None:
        self._socket = listen(address)
        self._server = _Server(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=math.ceil(grace),
            )
        )

    def start(self) -> int:
        """Serve in the background; return the port."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        port: int = self._socket.getsockname()[1]
        return port

    async def stop(self) -> None:
        """Take no new connections and let requests in flight finish."""
        self._server.should_exit = True
        await self._serving

    def close(self) -> None:
        """Give up the socket."""
        self._socket.close()


def listen(address: str) -> socket.socket:
    """A listening socket on HOST:PORT; raise FailedPrecondition where the address is taken or not ours."""
    host, port = host_and_port(address, "--rest")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(2048)
    except OSError as failed:
        raise FailedPrecondition(
            f"REST can't listen on {address} ({failed.strerror}). Name another with --rest HOST:PORT.",
            reason="ADDRESS_IN_USE",
        ) from failed
    return listening
