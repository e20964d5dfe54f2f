"""Run an ASGI app with uvicorn in the running event loop, over plain HTTP or mutual TLS."""

import asyncio
import contextlib
import math
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp, Scope

from schemaregistry_server.security.access import Access
from schemaregistry_server.security.forwarded_certificate import HEADER
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.transport import descriptors
from schemaregistry_server.transport.http_connection import BoundedConnection
from schemaregistry_server.transport.tls_handshakes import HandshakeRecord, TlsServer

MAX_CONNECTIONS: Final = 8192
"""Connections of one listener; fewer where the limit on open files is lower (`descriptors.connections`)."""

TICKS_A_SECOND: Final = 10
"""How often uvicorn's main loop calls `on_tick` in a second."""


class _UvicornServer(uvicorn.Server):
    """uvicorn's server, with a tick for each connection, and without signal handlers: `lifecycle.py` has those."""

    record: HandshakeRecord | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen as uvicorn does; over TLS by `TlsServer`."""
        config = self.config
        made = cast("type[BoundedConnection]", config.http_protocol_class)
        protocol = partial(made, config=config, server_state=self.server_state, app_state={})
        loop = asyncio.get_running_loop()
        self.servers = [
            cast("asyncio.Server", TlsServer(protocol, each, config.ssl, config.backlog, self.record))
            if config.ssl
            else await loop.create_server(protocol, sock=each, backlog=config.backlog)
            for each in sockets or ()
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            for connection in list(self.server_state.connections):
                cast("BoundedConnection", connection).tick()
        return await super().on_tick(counter)


class HttpListener:
    """An HTTP server of one app on one listening socket.

    With `tls`, clients need a certificate. `grace` is the seconds for requests in flight when it stops, `most` its
    number of connections. `record` gets failed TLS handshakes, at most as many as the log.
    """

    def __init__(  # noqa: PLR0913
        self,
        app: ASGIApp,
        listening: socket.socket,
        *,
        grace: float,
        tls: Reloaded[ssl.SSLContext] | None = None,
        most: int = MAX_CONNECTIONS,
        record: HandshakeRecord | None = None,
    ) -> None:
        self._socket = listening
        self._server = _UvicornServer(
            uvicorn.Config(
                app,
                http=cast("type[BoundedConnection]", partial(BoundedConnection, most=descriptors.connections(most))),
                ws="none",
                lifespan="off",  # `lifecycle.py` starts and stops what the app needs
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # a caller is who its connection says, whatever X-Forwarded-For claims
                timeout_graceful_shutdown=math.ceil(grace),
                ssl_context_factory=(lambda _config, _default: _renewed(tls)) if tls else None,
            )
        )
        self._server.record = record
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Serve in the background."""
        self._serving = asyncio.create_task(self._server.serve([self._socket]))

    async def stop(self) -> None:
        """Take no new connections and let requests in flight finish."""
        self._server.should_exit = True
        if self._serving:
            await self._serving

    def close(self) -> None:
        """Close the listening socket."""
        self._socket.close()


def _renewed(tls: Reloaded[ssl.SSLContext]) -> ssl.SSLContext:
    """A TLS context that switches each connection to the newest context during its handshake.

    It uses `SSLContext.sni_callback`, since uvicorn keeps one context for the server's whole life.
    """

    def replace(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = tls.value

    first = tls.value
    first.sni_callback = cast("Any", replace)
    return first


def identity_from_tls(access: Access) -> Callable[[Scope], Identity]:
    """Make the function that reads a caller's identity from its connection's certificate and its headers."""

    def identify(scope: Scope) -> Identity:
        certificate = scope["state"]["peer_certificate"] or b""
        return access.identity(certificate, _sent(scope, "authorization"), _sent(scope, HEADER))

    return identify


def connection_from_tls(access: Access) -> Callable[[Scope], str]:
    """Make the function that says what a request's connection counts as; see `Access.connection`."""

    def connection(scope: Scope) -> str:
        host, port = scope["client"] or ("", 0)
        address = f"{host}:{port}"
        if not access.proxies:
            return address
        return access.connection(address, scope["state"]["peer_certificate"] or b"", _sent(scope, HEADER))

    return connection


def _sent(scope: Scope, wanted: str) -> list[str]:
    key = wanted.encode()
    return [value.decode("latin-1") for name, value in scope["headers"] if name == key]
