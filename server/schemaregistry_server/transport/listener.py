"""A listening HTTP server in the running loop, plain or with mutual TLS, and who called. Holds no path."""

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
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.transport import descriptors
from schemaregistry_server.transport.http_connection import BoundedConnection

MAX_CONNECTIONS: Final = 8192
"""Fewer where the process may not have so many descriptors."""

TICKS_A_SECOND: Final = 10
"""Of uvicorn's main loop."""

HANDSHAKE_SECONDS: Final = 10
"""For TLS to be agreed on."""


class _UvicornServer(uvicorn.Server):
    """uvicorn with a tick for each connection, without its signal handlers: one place decides when the process ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, with a bound on the TLS handshake, which comes before there is a connection to tick."""
        config = self.config
        made = cast("type[BoundedConnection]", config.http_protocol_class)
        protocol = partial(made, config=config, server_state=self.server_state, app_state={})
        loop = asyncio.get_running_loop()
        handshake = HANDSHAKE_SECONDS if config.ssl else None
        self.servers = [
            await loop.create_server(
                protocol, sock=each, ssl=config.ssl, backlog=config.backlog, ssl_handshake_timeout=handshake
            )
            for each in sockets or ()
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            for connection in list(self.server_state.connections):
                cast("BoundedConnection", connection).tick()
        return await super().on_tick(counter)


class HttpListener:
    """An app's server on one listening socket; with `tls`, clients need a certificate."""

    def __init__(
        self,
        app: ASGIApp,
        listening: socket.socket,
        *,
        grace: float,
        tls: Reloaded[ssl.SSLContext] | None = None,
        most: int = MAX_CONNECTIONS,
    ) -> None:
        self._socket = listening
        self._server = _UvicornServer(
            uvicorn.Config(
                app,
                http=cast("type[BoundedConnection]", partial(BoundedConnection, most=descriptors.connections(most))),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # a caller is who its connection says, whatever X-Forwarded-For claims
                timeout_graceful_shutdown=math.ceil(grace),
                ssl_context_factory=(lambda _config, _default: _renewed(tls)) if tls else None,
            )
        )
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
        """Give up the socket."""
        self._socket.close()


def _renewed(tls: Reloaded[ssl.SSLContext]) -> ssl.SSLContext:
    """A context that puts the newest one in its own place at each handshake (`SSLContext.sni_callback`)."""

    def replace(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = tls.value

    first = tls.value
    first.sni_callback = cast("Any", replace)
    return first


def identity_from_tls(access: Access) -> Callable[[Scope], Identity]:
    """How the caller of a request is named, by the certificate of its connection."""

    def identify(scope: Scope) -> Identity:
        return access.identity(scope["state"]["peer_certificate"])

    return identify
