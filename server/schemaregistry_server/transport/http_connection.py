"""uvicorn's HTTP/1.1 connection with limits on everything that its peer may send or leave waiting.

uvicorn's parser collects a header until it ends, a head until it is whole and a body until the app reads it: one
endless header of 59 MB took 13.5 s of the event loop. Here the parser gets bytes in slices, and the unfinished part is
counted. Statuses: RFC 9110, sections 15.5.9, 15.5.15 and 15.6.4; RFC 6585, section 5.
"""

import asyncio
from collections import deque
from enum import Enum, auto
from http import HTTPStatus
from operator import attrgetter
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from schemaregistry_server.transport.http_refused import (
    BAD_TARGET,
    UNKNOWN_CODING,
    HttpRefused,
    malformed,
    unknown_method,
)
from schemaregistry_server.transport.http_target import origin_form

MAX_HEAD: Final = 32 << 10
"""Bytes of a request's line and headers together, and of the trailers after its body."""

MAX_TARGET: Final = 16 << 10
"""Bytes of a request's path and query."""

MAX_HEADERS: Final = 100

MAX_PIPELINED: Final = 16
"""Pipelined requests that may wait on a connection while earlier ones are answered."""

MAX_DISCARDED: Final = 8 << 20
"""Bytes of a body that are read and dropped after its request was answered: some senders read only after sending."""

SLICE: Final = 4 << 10
"""Bytes that the parser gets in one go."""

HEAD_SECONDS: Final = 10
"""Seconds from the start of a connection, or of a request, to the end of its headers."""

BODY_SECONDS: Final = 60
"""Seconds from the end of the headers to the end of the body."""

UNSENT_SECONDS: Final = 60
"""Seconds in which the peer must take the end of an answer."""

GOODBYE_SECONDS: Final = 0.25
"""Seconds for TLS's closing of an idle connection to be sent when the server stops."""

LINGER_SECONDS: Final = 2
"""Seconds for which a refused request may still be sent. If the connection closed at once, its sender would see a reset
and not the answer."""


class Stage(Enum):
    """What a connection waits for: a request's head or body, the app's answer, the next request, or its end."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    IDLE = auto()
    LAST_ANSWERS = auto()
    REFUSED = auto()


SECONDS: Final = {
    Stage.HEAD: HEAD_SECONDS,
    Stage.BODY: BODY_SECONDS,
    Stage.IDLE: UNSENT_SECONDS,  # uvicorn closes an idle connection sooner, once the peer has taken everything
    Stage.REFUSED: LINGER_SECONDS,
}
"""Seconds that each stage may take. ANSWER has no limit here, since the app bounds its own time."""


LONG_HEAD: Final = HttpRefused(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "HEADERS_TOO_LARGE",
    f"The request's line and headers may have {MAX_HEAD:,} bytes and {MAX_HEADERS} headers: send fewer.",
)
LONG_TARGET: Final = HttpRefused(
    HTTPStatus.REQUEST_URI_TOO_LONG,
    "URL_TOO_LONG",
    f"The path and the query may have {MAX_TARGET:,} bytes: ask for less, or by gRPC.",
)
LATE: Final = HttpRefused(HTTPStatus.REQUEST_TIMEOUT, "TOO_SLOW", "The request did not come in time: send it again.")
FULL: Final = HttpRefused(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "TOO_MANY_CONNECTIONS",
    "This server has as many connections as it takes: try again.",
)


CROWDED: Final = HttpRefused(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "TOO_MANY_REQUESTS",
    f"More than {MAX_PIPELINED} requests wait on this connection: send what has no answer again, after the others.",
)


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection with limits; `tick` must be called once a second.

    Each request's `state` has `peer_certificate` (DER; empty without TLS) and `abort`, which drops the connection.
    Where a server has `most` connections, the one that has waited longest for a request is dropped for a new one.
    """

    stage = Stage.HEAD
    waited = 0
    """Ticks spent in this stage."""
    _unparsed = 0
    """Bytes since the parser last finished a head, a part of a body or a message."""
    _discarded = 0
    """Bytes read and dropped after a refusal or an early answer."""
    _refusal: HttpRefused | None = None
    """The refusal to send once earlier requests are answered."""

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unanswered: deque[RequestResponseCycle] = deque()
        self.most = most

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls else None
        self.app_state = {"peer_certificate": certificate or b"", "abort": transport.abort}
        if len(self.connections) > self.most:
            self._make_room()

    def _make_room(self) -> None:
        """Drop the connection that has waited longest for a request, so that idle ones don't keep others out."""
        others = cast("set[BoundedConnection]", self.connections) - {self}
        waiting = [each for each in others if each.stage in {Stage.HEAD, Stage.IDLE}]
        if waiting:
            longest = max(waiting, key=attrgetter("waited"))
            longest.transport.abort()
            self.connections.discard(longest)
        else:
            self.refuse(FULL)

    def tick(self) -> None:
        """Count a second, and end the connection where its stage has taken too long."""
        self.waited += 1
        limit = SECONDS.get(self.stage)
        if limit is None or self.waited <= limit:
            return
        if self.stage is Stage.BODY:
            self.refuse(LATE)
        elif self.stage is Stage.HEAD:
            self.transport.close()
        else:
            self.transport.abort()

    def refuse(self, refused: HttpRefused) -> None:
        """Answer with `refused` once earlier requests are answered, and read no further.

        A request whose answer has begun is cut off, since a second answer can't be sent.
        """
        cycle = self.cycle
        if self.stage is Stage.BODY:
            if cycle.response_started:
                self.transport.abort()
                return
            # Take the unfinished request back: out of uvicorn's queue, and wake the app, if it reads the body.
            if self.pipeline:
                self.pipeline.popleft()
            self._unanswered.pop()
            cycle.disconnected = True
            cycle.message_event.set()
        if self._unanswered:
            self._refusal = refused
            self._enter(Stage.LAST_ANSWERS)
        else:
            self._enter(Stage.REFUSED)
            self.transport.write(refused.answer)

    def data_received(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self.stage in {Stage.LAST_ANSWERS, Stage.REFUSED} or self.parser is None or self.transport.is_closing():
                self._discard(len(data) - at)
                return
            # The last slice ends where the limit is, so that a head of just that size is still whole.
            part = data[at : at + min(SLICE, MAX_HEAD - self._unparsed)]
            at += len(part)
            self._unparsed += len(part)
            self._feed(part)
            if self._unparsed >= MAX_HEAD:  # the parser is still within one head, chunk size or trailer
                self.refuse(LONG_HEAD)

    def _feed(self, part: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade:
            # The peer offers another protocol (curl --http2): answer in HTTP/1.1, and close after that.
            if self.cycle:
                self.cycle.keep_alive = False
        except httptools.HttpParserInvalidMethodError:
            self.refuse(unknown_method(part))
        except httptools.HttpParserInvalidURLError:
            self.refuse(BAD_TARGET)
        except httptools.HttpParserError as error:
            # httptools wraps what a callback (`on_url`, `on_header` …) raises.
            cause = error.__context__
            self.refuse(cause if isinstance(cause, HttpRefused) else malformed(str(error)))

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._discarded > MAX_DISCARDED:
            self.transport.abort()

    def eof_received(self) -> None:
        """Close where the last answer was sent; otherwise answers may still be on their way."""
        if self.stage is Stage.REFUSED:
            self.transport.close()

    def on_message_begin(self) -> None:
        self._enter(Stage.HEAD)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise LONG_TARGET

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer, which would say who calls and how the body is read: proxies clean headers alone (RFC 9110, 6.5.1).
        if self.stage is not Stage.HEAD:
            return
        if len(self.headers) >= MAX_HEADERS:
            raise LONG_HEAD
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # uvicorn would queue any number of them.
        if len(self.pipeline) >= MAX_PIPELINED:
            raise CROWDED
        if self._head_size() > MAX_HEAD:
            raise LONG_HEAD
        # llhttp looks at the last coding only, and would take a body in gzip for a plain one (RFC 9112, section 6.1).
        if any(value.strip().lower() != b"chunked" for name, value in self.headers if name == b"transfer-encoding"):
            raise UNKNOWN_CODING
        hosts = [value for name, value in self.headers if name == b"host"]
        self.url = origin_form(self.url, hosts, self.parser.get_http_version())
        self._unparsed = 0
        super().on_headers_complete()
        self._enter(Stage.BODY)
        self._unanswered.append(self.cycle)

    def _head_size(self) -> int:
        """The size of the head in bytes, if it is spaced as usual.

        It is computed because `_unparsed` doesn't count the part of a head that arrives together with the end of a
        body.
        """
        line = len(self.parser.get_method()) + len(self.url) + len(b"  HTTP/1.1\r\n")
        return line + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers) + len(b"\r\n")

    def shutdown(self) -> None:
        """Close an idle connection, or any other after its answers; called when the server stops.

        A TLS connection closes only once its peer agrees, which an idle one may not do before it speaks again: where
        nothing is left to be sent, it is dropped.
        """
        # asyncio's TLS transport (Python 3.11) loses its protocol where it is closed a second time.
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)
            return
        super().shutdown()
        if not self._unanswered and self.stage is not Stage.REFUSED and not self.transport.get_write_buffer_size():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        if self.cycle.response_complete:
            self._discard(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed = 0
        self._enter(Stage.IDLE if self.cycle.response_complete else Stage.ANSWER)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._unanswered.popleft()
        if self.stage is Stage.ANSWER and not self.pipeline:
            self._enter(Stage.IDLE)
        super().on_response_complete()
        if self._refusal and not self._unanswered and not self.transport.is_closing():
            self._enter(Stage.REFUSED)
            self.transport.write(self._refusal.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every unanswered request that its peer has left; uvicorn tells the last one only."""
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def _enter(self, stage: Stage) -> None:
        self.stage, self.waited = stage, 0
