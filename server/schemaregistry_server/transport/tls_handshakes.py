"""Accept TLS connections: tell a peer whose handshake fails why, by TLS's alert, and log it with the peer's address.

asyncio's and uvloop's own servers (uvloop 0.23) drop a connection whose handshake fails before the alert is sent, and
log nothing.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final, Self

from schemaregistry_server.audit_log.log_limit import LogLimit
from schemaregistry_server.transport.http_refused import HttpRefused

HANDSHAKE_SECONDS: Final = 10
"""Seconds that a TLS handshake may take."""

FULL_SECONDS: Final = 0.1
"""Seconds until the next attempt where the process may open no more files."""

LOGGED: Final = 10
"""Lines about failed handshakes that the log gets in a minute: any peer can cause them."""

PLAIN: Final = HttpRefused(
    HTTPStatus.BAD_REQUEST, "NOT_TLS", "This port speaks HTTPS: ask with https:// and your certificate."
)

HandshakeRecord = Callable[[str, str, int], None]
"""Gets the address of a peer whose handshake failed, why, and the number of others that it didn't get before."""

_OnFailure = Callable[[ssl.SSLError], None]
_ON_FAILURE: ContextVar[_OnFailure | None] = ContextVar("on_failure", default=None)
"""The callback for a failed handshake of the connection that is being accepted.

A ContextVar, because the event loop makes the TLS object in a callback, which runs in the context of the task that
asked for the connection.
"""

log = logging.getLogger(__name__)


class AlertingTls(ssl.SSLObject):
    """A TLS connection whose failed handshake still sends its alert; for `SSLContext.sslobject_class`."""

    _outgoing: ssl.MemoryBIO
    _on_failure: _OnFailure | None
    _failed: ssl.SSLError | None = None

    @classmethod
    def _create(cls, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **kwargs: Any) -> Self:
        made: Self = super()._create(incoming, outgoing, *args, **kwargs)  # type: ignore[misc]
        made._outgoing, made._on_failure = outgoing, _ON_FAILURE.get()
        return made

    def do_handshake(self) -> None:
        """Continue the handshake. A failure is raised at the next call, after its alert has been sent to the peer."""
        if self._failed:
            raise self._failed
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as failed:
            self._failed = failed
            if self._on_failure:
                self._on_failure(failed)
            if failed.reason == "HTTP_REQUEST":
                self._outgoing.write(PLAIN.answer)
            if not self._outgoing.pending:
                raise
            # The event loop sends what is pending before it reads again.
            raise ssl.SSLWantReadError from None


class TlsServer:
    """Accepts connections on a socket; in place of the `asyncio.Server` that uvicorn has for plain HTTP."""

    def __init__(
        self,
        protocol: Callable[[], asyncio.BaseProtocol],
        listening: socket.socket,
        tls: ssl.SSLContext,
        backlog: int,
        record: HandshakeRecord | None = None,
    ) -> None:
        """Listen in the running event loop; `protocol` makes the protocol of a connection.

        What the log gets of failed handshakes, `record` gets, too.
        """
        tls.sslobject_class = AlertingTls
        listening.setblocking(False)
        listening.listen(backlog)
        self._protocol, self._listening, self._tls = protocol, listening, tls
        self._failures = _FailureLog(record)
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = asyncio.create_task(self._accept())

    def close(self) -> None:
        """Accept no more; handshakes in progress end."""
        for task in (self._accepting, *self._handshakes):
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until `close` is done."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self) -> None:
        loop, full = asyncio.get_running_loop(), False
        while True:
            try:
                accepted, address = await loop.sock_accept(self._listening)
            except ConnectionError:  # the peer left before it was accepted
                continue
            except OSError as failed:
                if not full:
                    log.error("no connection can be accepted: %s", failed.strerror)
                full = True
                await asyncio.sleep(FULL_SECONDS)
                continue
            full = False
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._shake_hands(accepted, f"{address[0]}:{address[1]}"))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket, peer: str) -> None:
        _ON_FAILURE.set(lambda failed: self._failures.add(peer, failed))
        # Failures of TLS are logged by then; others are peers that left, or took too long.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, accepted, ssl=self._tls, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )


class _FailureLog:
    """Logs failed handshakes, at most LOGGED in a minute; the first line after that says how many it left out."""

    def __init__(self, record: HandshakeRecord | None) -> None:
        self._limit = LogLimit(LOGGED)
        self._record = record

    def add(self, peer: str, failed: ssl.SSLError) -> None:
        may, left_out = self._limit.admit()
        if left_out:
            log.warning("%d more TLS handshakes failed since", left_out)
        if may:
            log.warning("the TLS handshake with %s failed: %s", peer, _why(failed))
            if self._record:
                self._record(peer, _why(failed), left_out)


def _why(failed: ssl.SSLError) -> str:
    """OpenSSL's reason in words: `peer did not return a certificate`."""
    if isinstance(failed, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {failed.verify_message}"
    return (failed.reason or str(failed)).replace("_", " ").lower()
