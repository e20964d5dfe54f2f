"""The REST transport: an ASGI app that answers each HTTP path with the RPC whose annotation in the proto has it.

This module adds what is HTTP's own: statuses, representations, encodings and server-sent events. The paths are read in
`transcoding.py` and matched in `routing.py`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Final

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from schemaregistry.errors import RegistryError
from schemaregistry.v1.registry_pb2 import DESCRIPTOR, RegisterSchemaResponse, WatchSchemasResponse
from schemaregistry_server.catalog.readiness import ReadinessState
from schemaregistry_server.metrics.server_metrics import metrics
from schemaregistry_server.rpc.proto_json import compact, compact_in_parts, to_json
from schemaregistry_server.rpc.rate_limits import CallLimits
from schemaregistry_server.rpc.refusals import RefusedCall, is_recorded
from schemaregistry_server.rpc.reply import Prepared
from schemaregistry_server.rpc.service import Registry, Reply
from schemaregistry_server.security.certificate_name import readable_name
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.transport import addresses, encodings, health, http_requests, problems, status
from schemaregistry_server.transport.encodings import Encoder
from schemaregistry_server.transport.http_requests import encoded_etag, header
from schemaregistry_server.transport.negotiation import prefers_text
from schemaregistry_server.transport.problems import problem
from schemaregistry_server.transport.routing import Paths
from schemaregistry_server.transport.transcoding import HttpRule, http_rules

WORTH_ENCODING: Final = 1 << 10
"""Bytes from which an answer is encoded. Documents are encoded at any size: a document's ETag names its encoding, and
must depend on the request alone."""

VARY: Final = (b"vary", b"accept-encoding")
VARY_TOO: Final = (b"vary", b"accept, accept-encoding")

log = logging.getLogger(__name__)

IdentityOfScope = Callable[[Scope], Identity]


def create_app(
    registry: Registry,
    identity_of: IdentityOfScope,
    state: Callable[[], ReadinessState],
    bounds: CallLimits,
    *,
    slow_seconds: float,
) -> ASGIApp:
    """Make the app with every annotated RPC of the registry, and with `/healthz` and `/readyz`.

    A watcher that leaves an event unread for `slow_seconds` is cut off.
    """
    encoder = Encoder()
    templates: dict[str, dict[str, ASGIApp]] = health.answers(state)
    for rule in http_rules(DESCRIPTOR.services_by_name["SchemaRegistry"]):
        request = _Request(rule, registry, identity_of, bounds)
        answer: ASGIApp = _Stream(request, slow_seconds) if rule.streams else _Unary(request, encoder)
        templates.setdefault(rule.template, {})[rule.http_method] = answer
    return Paths(templates)


class _Request:
    """One HTTP rule's registry method and authorisation, which both kinds of answers share."""

    def __init__(self, rule: HttpRule, registry: Registry, identity_of: IdentityOfScope, bounds: CallLimits) -> None:
        self.rule = rule
        self.registry = registry
        self.identity_of = identity_of
        self.bounds = bounds

    async def admit(self, scope: Scope) -> Identity:
        """Identify and authorise the caller, before anything of the request is read; raises RegistryError."""
        scope["caller"] = caller = self.identity_of(scope)
        await self.bounds.rates.admit(self.rule.rpc, caller)
        self.registry.authorise(self.rule.rpc, caller)
        http_requests.check_conditions(self.rule, scope["headers"])
        return caller

    def refused(self, error: Exception, scope: Scope) -> Response:
        """Record that a request is refused, and make the answer."""
        if is_recorded(error, self.rule.rpc):
            caller, (host, port) = scope.get("caller"), scope["client"] or ("", 0)
            certificate = "" if caller else readable_name(scope["state"].get("peer_certificate") or b"")
            id = str(scope["path_params"].get("id", ""))  # noqa: A001 (the field's term)
            peer = addresses.written(host, port)
            self.registry.refusals.record(RefusedCall(self.rule.rpc, caller, id, certificate, peer), error)
        return _refused(error, self.rule)


class _Unary:
    """One HTTP rule of a unary RPC, as an ASGI app."""

    def __init__(self, request: _Request, encoder: Encoder) -> None:
        self.request = request
        self.encoder = encoder
        self.handler: Callable[[Message, Identity], Awaitable[Reply]] = getattr(request.registry, request.rule.rpc)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._reply(scope, receive)
            if isinstance(reply.message, HttpBody):
                code, headers, body = await self._document(reply, scope)
            else:
                code, headers, body = await _message(reply, scope)
        except Exception as error:  # noqa: BLE001 (the edge: whatever it is, the caller gets a problem)
            await self.request.refused(error, scope)(scope, receive, send)
            return
        # Two ASGI messages and no Starlette `Response`: bare ASGI is faster, and reads are most of the calls.
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        caller, rule = await self.request.admit(scope), self.request.rule
        if not rule.body:
            return await self.handler(http_requests.read(rule, scope), caller)
        with self.request.bounds.quota.holding(caller.name, http_requests.size(scope)):
            body = await http_requests.body(scope, receive)
            return await self.handler(http_requests.read(rule, scope, body), caller)

    async def _document(self, reply: Reply, scope: Scope) -> "_Answer":
        """Answer with a document's bytes, or with 304; under an encoding its ETag is another one."""
        message = reply.message
        assert isinstance(message, HttpBody)
        name = http_requests.encoding(scope["headers"])
        headers = [VARY]
        etag = ""
        for key, value in reply.headers:
            if key == "etag":
                etag, value = value, encoded_etag(value, name)  # noqa: PLW2901
            headers.append((key.encode("latin-1"), value.encode("latin-1")))
        body = message.data
        if not body:
            return HTTPStatus.NOT_MODIFIED, headers, b""
        if name:
            body = await self.encoder.document(etag, body, name)
            headers.append((b"content-encoding", name.encode()))
        headers += _content(message.content_type, body)
        return HTTPStatus.OK, headers, body


_Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


async def _message(reply: Reply, scope: Scope) -> _Answer:
    message = reply.message
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    line = message.text if isinstance(message, Prepared) else ""
    if line and prefers_text(header(scope["headers"], b"accept")):
        content_type, body = "text/plain; charset=utf-8", line.encode()
    else:
        content_type, body = "application/json", await _json(message)
    if len(body) >= WORTH_ENCODING and (name := http_requests.encoding(scope["headers"])):
        body = await encodings.encoded(body, name)
        headers.append((b"content-encoding", name.encode()))
    headers += [VARY_TOO if line else VARY, *_content(content_type, body)]
    created = isinstance(message, RegisterSchemaResponse) and message.created
    return HTTPStatus.CREATED if created else HTTPStatus.OK, headers, body


async def _json(message: Message | Prepared) -> bytes:
    """Encode a message as compact JSON; a large one on another thread, to keep the event loop free."""
    if isinstance(message, Prepared):
        return message.json
    if message.ByteSize() <= encodings.SHORT:
        return compact(to_json(message)).encode()
    return await asyncio.to_thread(lambda: compact_in_parts(to_json(message)).encode())


def _content(content_type: str, body: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", content_type.encode("latin-1")), (b"content-length", b"%d" % len(body))]


def _refused(error: Exception, rule: HttpRule) -> Response:
    refusal = status.refusal(error)
    if refusal is not error:
        log.error("%s failed", rule.rpc, exc_info=error)
    answer = problem(refusal)
    if isinstance(refusal, encodings.UnsupportedEncoding):
        answer.headers["accept-encoding"] = ", ".join(encodings.OFFERED)
    return answer


class _Stream:
    """One HTTP rule of a server-streaming RPC, as an ASGI app of server-sent events (WHATWG HTML)."""

    def __init__(self, request: _Request, slow_seconds: float) -> None:
        self.request = request
        self.handler: Callable[[Message, Identity], AsyncIterator[WatchSchemasResponse]] = getattr(
            request.registry, request.rule.rpc
        )
        self.slow_seconds = slow_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await self.request.admit(scope)
            messages = aiter(self.handler(http_requests.read(self.request.rule, scope), caller))
            # The first message is taken before the status is sent, so that a refusal has a status of its own.
            first = await anext(messages)
        except Exception as error:  # noqa: BLE001 (as for a unary RPC)
            await self.request.refused(error, scope)(scope, receive, send)
            return
        headers = {"cache-control": "no-store"}
        if scope["method"] == "HEAD":
            await Response(None, headers=headers, media_type="text/event-stream")(scope, receive, send)
            return
        response = StreamingResponse(_events(first, messages), media_type="text/event-stream", headers=headers)

        async def bounded(event: Event) -> None:
            async with asyncio.timeout(self.slow_seconds):
                await send(event)

        try:
            with metrics().watchers.track_inprogress():
                await response(scope, receive, bounded)
        except TimeoutError:
            metrics().watchers_dropped.inc()
            await _cut(scope, receive)


async def _cut(scope: Scope, receive: Receive) -> None:
    """Drop a reader that takes no events; it resumes from the `id` of the last event it got.

    No farewell event can be sent: the buffer that would carry it is full.
    """
    log.warning("a watcher at %s took no event in time: it is cut off", scope["client"])
    scope["state"]["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _events(first: WatchSchemasResponse, rest: AsyncIterator[WatchSchemasResponse]) -> AsyncIterator[str]:
    yield _event(first)
    try:
        async for message in rest:
            yield _event(message)
    except RegistryError as error:
        yield f"event: error\ndata: {compact(problems.members(error, status.http_status(error)))}\n\n"


def _event(message: WatchSchemasResponse) -> str:
    return f"id: {message.revision}\nevent: {message.WhichOneof('event')}\ndata: {compact(to_json(message))}\n\n"
