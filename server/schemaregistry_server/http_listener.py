"""A listening HTTP server in the running loop, plain or with mutual TLS, and who called. Holds no path."""

import asyncio
import contextlib
import math
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from schemaregistry_server import addresses
from schemaregistry_server.access import Access
from schemaregistry_server.identity import Identity
from schemaregistry_server.reread import Reread

MAX_CONNECTIONS: Final = 8192
"""Further ones are answered 503."""


class _Connection(HttpToolsProtocol):
    """uvicorn's, with what each request's `state` has of its connection.

    That is `peer_certificate` (DER; empty without TLS) and `abort`.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls else None
        self.app_state = {"peer_certificate": certificate or b"", "abort": transport.abort}


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: one place decides when the process ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpListener:
    """An app's server on one socket; with `tls`, clients need a certificate."""

    def __init__(  # noqa: PLR0913 (each one is a setting)
        self,
        app: ASGIApp,
        address: str,
        option: str,
        *,
        grace: float,
        tls: Reread[ssl.SSLContext] | None = None,
        shared: bool = False,
    ) -> None:
        """Bind `address`; raises as `addresses.listen`, naming `option`."""
        self._socket = addresses.listen(address, option, shared=shared)
        self.address = addresses.with_port(address, self._socket.getsockname()[1])
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # A header says nothing of who calls: with this on, X-Forwarded-For would.
                proxy_headers=False,
                limit_concurrency=MAX_CONNECTIONS,
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


def _renewed(tls: Reread[ssl.SSLContext]) -> ssl.SSLContext:
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
