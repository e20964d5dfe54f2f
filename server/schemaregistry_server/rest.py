"""The REST face: an ASGI app that answers each annotated path by the RPC it is bound to.

Holds what HTTP adds to an RPC (statuses, conditional requests, problem+json, server-sent events), no path and no logic.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import Message
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from schemaregistry.errors import (
    InvalidArgument,
    NotFound,
    RegistryError,
    TooLarge,
    Unavailable,
    Unimplemented,
)
from schemaregistry.v1.registry_pb2 import DESCRIPTOR, RegisterSchemaResponse, WatchSchemasResponse
from schemaregistry_server import health, status
from schemaregistry_server.identity import Identity
from schemaregistry_server.readiness import State
from schemaregistry_server.reply import Prepared
from schemaregistry_server.service import Registry, Reply
from schemaregistry_server.transcoding import Binding, bindings, to_json

MAX_BODY = 1 << 20
"""Bytes of a request's body: the limit of a document."""

log = logging.getLogger(__name__)

IdentityOf = Callable[[Scope], Identity]


def create_app(
    registry: Registry, identity_of: IdentityOf, state: Callable[[], State], *, slow_seconds: float
) -> ASGIApp:
    """Serve every annotated RPC of the registry, with `/healthz` and `/readyz` beside them.

    A watcher that leaves an event for `slow_seconds` is cut off.
    """
    by_template: dict[str, dict[str, ASGIApp]] = {}
    for binding in bindings(DESCRIPTOR.services_by_name["SchemaRegistry"]):
        answer: ASGIApp = (
            _Stream(binding, registry, identity_of, slow_seconds)
            if binding.streams
            else _Unary(binding, registry, identity_of)
        )
        by_template.setdefault(binding.template, {})[binding.http_method] = answer
    routes = [Route(template, _ByMethod(answers), methods=[*answers]) for template, answers in by_template.items()]
    return Starlette(
        routes=[*routes, *health.routes(state)],
        exception_handlers={HTTPException: _no_such_path},
    )


class _ByMethod:
    """What one path answers, by HTTP method: one route, so that a refused method's `Allow` names them all."""

    def __init__(self, answers: dict[str, ASGIApp]) -> None:
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        await self.answers["GET" if method == "HEAD" else method](scope, receive, send)


class _Unary:
    """One binding of a unary RPC, as an ASGI app."""

    def __init__(self, binding: Binding, registry: Registry, identity_of: IdentityOf) -> None:
        self.binding = binding
        self.handler: Callable[[Message, Identity], Awaitable[Reply]] = getattr(registry, binding.rpc)
        self.identity_of = identity_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = self.identity_of(scope)
            request = await _request(self.binding, scope, receive)
            reply = await self.handler(request, caller)
            code, content_type, body = _body(reply.message, request, scope)
        except RegistryError as error:
            await problem(error)(scope, receive, send)
            return
        except Exception:
            log.exception("%s failed", self.binding.rpc)
            await problem(RegistryError("The registry failed to answer; its log says why.", reason="INTERNAL"))(
                scope, receive, send
            )
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        if code != HTTPStatus.NOT_MODIFIED:
            headers += [(b"content-type", content_type.encode("latin-1")), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _Stream:
    """The binding of a server-streaming RPC, as server-sent events (WHATWG HTML, "Server-sent events")."""

    def __init__(self, binding: Binding, registry: Registry, identity_of: IdentityOf, slow_seconds: float) -> None:
        self.binding = binding
        self.handler: Callable[[Message, Identity], AsyncIterator[WatchSchemasResponse]] = getattr(
            registry, binding.rpc
        )
        self.identity_of = identity_of
        self.slow_seconds = slow_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _request(self.binding, scope, receive)
            messages = aiter(self.handler(request, self.identity_of(scope)))
            # The first message is taken before the status is sent, so that a refusal has a status of its own.
            first = await anext(messages)
        except RegistryError as error:
            await problem(error)(scope, receive, send)
            return
        response = StreamingResponse(
            _events(first, messages), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )

        async def bounded(event: Event) -> None:
            async with asyncio.timeout(self.slow_seconds):
                await send(event)

        try:
            await response(scope, receive, bounded)
        except TimeoutError:
            await _cut(scope, receive)


async def _cut(scope: Scope, receive: Receive) -> None:
    """Drop a reader that takes nothing: where to resume is the `id` of the last event that it got."""
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
        yield f"event: error\ndata: {_compact(_problem_of(error, status.http_status(error)))}\n\n"


def _event(message: WatchSchemasResponse) -> str:
    return f"id: {message.revision}\nevent: {message.WhichOneof('event')}\ndata: {_compact(to_json(message))}\n\n"


async def _request(binding: Binding, scope: Scope, receive: Receive) -> Message:
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True) if scope["query_string"] else ()
    headers = scope["headers"]
    body = await _read(headers, receive) if binding.body else b""
    request = binding.request_of(scope["path_params"], query, _header(headers, b"content-type"), body)
    if "if_none_match" in binding.query and (etag := _header(headers, b"if-none-match")):
        binding.set(request, "if_none_match", etag)
    if "after_revision" in binding.query and (last := _header(headers, b"last-event-id")):
        _resume(binding, request, last)
    return request


def _resume(binding: Binding, request: Message, last_event_id: str) -> None:
    if not last_event_id.isascii() or not last_event_id.isdigit():
        raise InvalidArgument(
            f"Last-Event-ID must be a revision, not {last_event_id!r}: start again without it.", reason="BAD_PARAMETER"
        )
    binding.set(request, "after_revision", last_event_id)


async def _read(headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes:
    length = _header(headers, b"content-length")
    if length.isdigit() and int(length) > MAX_BODY:
        raise _too_large()
    chunks, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise InvalidArgument("The connection closed before the body was whole.", reason="BODY_CUT")
        chunks.append(event.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            raise _too_large()
        if not event.get("more_body"):
            return b"".join(chunks)


def _too_large() -> TooLarge:
    message = f"The body is over {MAX_BODY:,} bytes: a document or a batch of records must be smaller."
    return TooLarge(message, reason="TOO_LARGE")


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def _body(message: Message | Prepared, request: Message, scope: Scope) -> tuple[int, str, bytes]:
    if isinstance(message, Prepared):
        if message.text and _prefers_text(_header(scope["headers"], b"accept")):
            return HTTPStatus.OK, "text/plain; charset=utf-8", message.text.encode()
        return HTTPStatus.OK, "application/json", message.json
    if isinstance(message, HttpBody):
        unchanged = not message.data and bool(getattr(request, "if_none_match", ""))
        return HTTPStatus.NOT_MODIFIED if unchanged else HTTPStatus.OK, message.content_type, message.data
    created = isinstance(message, RegisterSchemaResponse) and message.created
    return HTTPStatus.CREATED if created else HTTPStatus.OK, "application/json", _compact(to_json(message)).encode()


def _prefers_text(accept: str) -> bool:
    """Whether `text/plain` comes before JSON and before anything, by quality and then by place (RFC 9110, 12.5.1)."""
    ranked = []
    for place, part in enumerate(accept.split(",")):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        if kind in {"text/plain", "text/*", "application/json", "*/*", "application/*"}:
            ranked.append((-float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0, place, kind))
    return bool(ranked) and min(ranked)[2].startswith("text/")


def _problem_of(error: RegistryError, code: int) -> dict[str, object]:
    body: dict[str, object] = {
        "type": "about:blank",
        # Python 3.13 renamed 413; the gateways before this face say it as the versions before did.
        "title": "Request Entity Too Large" if code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else HTTPStatus(code).phrase,
        "status": code,
        "detail": error.message,
        "code": error.code,
        "reason": error.reason,
    }
    if error.pointer is not None:
        body["pointer"] = error.pointer
    body |= sorted(error.metadata.items())
    return body


def problem(error: RegistryError, code: int | None = None) -> Response:
    """The answer for a refusal: `application/problem+json` (RFC 9457) with the code, reason, pointer and metadata.

    `code` is the HTTP status where it isn't the error's own.
    """
    code = code or status.http_status(error)
    headers = {"retry-after": str(max(1, round(error.retry_after)))} if isinstance(error, Unavailable) else None
    body = _compact(_problem_of(error, code)).encode()
    if (verdict := status.verdict_of(error)) is not None:
        body = b'%b,"verdict":%b}' % (body[:-1], verdict.json)
    return Response(body, code, headers, media_type="application/problem+json")


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


async def _no_such_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allowed = (error.headers or {}).get("Allow")
    if allowed is None:
        return problem(
            NotFound(f"No such path: {request.url.path}. Try /schemas or /schema/{{id}}.", reason="NO_SUCH_PATH")
        )
    message = f"{request.url.path} answers {allowed} only, not {request.method}."
    answer = problem(Unimplemented(message, reason="NO_SUCH_METHOD"), HTTPStatus.METHOD_NOT_ALLOWED)
    answer.headers["allow"] = allowed
    return answer
