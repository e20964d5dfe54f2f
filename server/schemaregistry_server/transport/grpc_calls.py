"""The registry's RPCs as gRPC handlers: authorise the caller, parse the message, call the RPC, send reply or status.

Handlers take requests as bytes: a caller without rights never gets its bytes parsed, and bytes that are no message are
refused as INVALID_ARGUMENT (gRPC's own way is UNKNOWN and a traceback).
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import unquote

import grpc
import grpc.aio
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from schemaregistry.errors import InvalidArgument, RegistryError, ResourceExhausted, Unimplemented
from schemaregistry.v1 import registry_pb2
from schemaregistry_server.metrics.call_tally import CallTally
from schemaregistry_server.metrics.server_metrics import metrics
from schemaregistry_server.rpc import deadline, limits
from schemaregistry_server.rpc.limits import Quota
from schemaregistry_server.rpc.rate_limits import CallLimits, RateLimits
from schemaregistry_server.rpc.refusals import Refusals, RefusedCall, is_recorded
from schemaregistry_server.rpc.reply import Prepared, Reply
from schemaregistry_server.rpc.service import Registry
from schemaregistry_server.rpc.watching import delivered
from schemaregistry_server.security.certificate_name import readable_name
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.token_buckets import TokenBuckets
from schemaregistry_server.transport import status
from schemaregistry_server.transport.arrivals import Arrivals
from schemaregistry_server.transport.ended_connections import end_connection
from schemaregistry_server.transport.measured_calls import Context, counted, counted_stream

SERVICE: Final = registry_pb2.DESCRIPTOR.services_by_name["SchemaRegistry"]

OTHERS: Final = 4 << 10
"""Bytes of a request to gRPC's own services, health and reflection."""

MAX_METADATA: Final = 16 << 10
"""Bytes of a call's metadata; see `_size`."""

MAX_FIELDS: Final = MAX_METADATA // 32

TOLERATED: Final = 10.0
"""Calls a second over a connection that may have more metadata, before the connection is ended."""

_metadata: Final[ContextVar[Sequence[tuple[str, str | bytes]]]] = ContextVar("metadata")
"""The metadata of the call in progress. gRPC's `invocation_metadata` makes new strings of all of it at each call."""

IdentityOfContext = Callable[[Context], Identity]


class CallersOfContext(NamedTuple):
    """Who calls, and what the limit on a connection's calls counts it by."""

    identity: IdentityOfContext
    connection: Callable[[Context], str]


log = logging.getLogger(__name__)


def handlers(
    registry: Registry,
    callers: CallersOfContext,
    slow_seconds: float,
    arrivals: Arrivals,
    bounds: CallLimits,
) -> "dict[str, grpc.RpcMethodHandler[Any, Any]]":
    """Make the handler of each RPC, which calls the registry's method of the same name.

    A watcher that leaves a message unread for `slow_seconds` is cut off; `arrivals` bounds the messages that arrive,
    `bounds` the requests in progress and the calls a second.
    """

    made: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for rpc in SERVICE.methods:
        call = _Call(rpc, registry, callers, bounds.rates)
        if rpc.server_streaming:
            tally = metrics().grpc_method("server_stream", SERVICE.full_name, rpc.name)
            stream = counted(_stream(call, arrivals, bounds.quota, slow_seconds), tally)
            serialize = GetMessageClass(rpc.output_type).SerializeToString
            made[rpc.name] = grpc.stream_stream_rpc_method_handler(stream, None, serialize)
        else:
            tally = metrics().grpc_method("unary", SERVICE.full_name, rpc.name)
            made[rpc.name] = grpc.stream_unary_rpc_method_handler(counted(_unary(call, arrivals, bounds.quota), tally))
    return made


class MetadataFirst(grpc.GenericRpcHandler):
    """Reads each call's metadata, for `sent` to look at, before the call's own handler is looked for.

    It refuses calls whose metadata is over MAX_METADATA, counts them in `tally`, and ends a connection that makes many,
    unless `is_proxy` of its certificate. gRPC hands such calls on: those whose header fields never end
    (CVE-2024-27316) with 15 MB of them, and of the others those that it refuses itself.
    """

    def __init__(self, refusals: Refusals, is_proxy: Callable[[bytes], bool], tally: CallTally) -> None:
        self._refusals = refusals
        self._is_proxy = is_proxy
        self._tally = tally
        self._tolerated = TokenBuckets(TOLERATED)
        self._ended = TokenBuckets(1)

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """The handler that refuses a call; none where its metadata fits."""
        metadata = details.invocation_metadata or ()
        if len(metadata) <= MAX_FIELDS and _size(metadata) <= MAX_METADATA:
            _metadata.set(metadata)
            return None
        rpc = details.method.rpartition("/")[2]

        async def refuse(_: AsyncIterator[bytes], context: Context) -> NoReturn:
            error = ResourceExhausted(
                f"A call may have {MAX_METADATA:,} bytes of metadata: send less.", reason="HEADERS_TOO_LARGE"
            )
            if self._tolerated.take(context.peer()) and not self._ended.take(context.peer()):
                certificate, peer = certificate_of(context.auth_context()), peer_address(context)
                if not self._is_proxy(certificate) and end_connection(peer):
                    self._refusals.record(RefusedCall(rpc, None, "", readable_name(certificate), peer), error)
            await _refuse(context, error)

        return grpc.stream_unary_rpc_method_handler(counted(refuse, self._tally))


def _size(metadata: Sequence[tuple[str, str | bytes]]) -> int:
    """The size of metadata in bytes, as HTTP/2 counts it (RFC 9113, section 6.5.2)."""
    return sum(len(name) + len(value) + 32 for name, value in metadata)


def sent(name: str) -> list[str]:
    """The values that the call in progress has for a name in its metadata."""
    return [str(value) for key, value in _metadata.get() if key == name]


class _Call:
    """One RPC: its caller's authorisation, the parsing of its request, and the registry's method for it."""

    def __init__(self, rpc: MethodDescriptor, registry: Registry, callers: CallersOfContext, rates: RateLimits) -> None:
        self.name = rpc.name
        self.registry = registry
        self.method: Callable[[Any, Identity], Any] = getattr(registry, rpc.name)
        self._callers = callers
        self._rates = rates
        self._kind = GetMessageClass(rpc.input_type)
        self._large = any(field.message_type is HttpBody.DESCRIPTOR for field in rpc.input_type.fields)

    async def identify(self, context: Context) -> Identity:
        # Before the caller is identified, since a bad token costs more to refuse than to send.
        await self._rates.admit_call(self._callers.connection(context))
        return self._callers.identity(context)

    async def authorise(self, caller: Identity) -> None:
        await self._rates.admit(self.name, caller)
        self.registry.authorise(self.name, caller)

    def read(self, raw: bytes) -> Message:
        return limits.read(self._kind, raw, large=self._large)

    def record(self, context: Context, caller: Identity | None, request: Message | None, error: Exception) -> None:
        """Record that a call is refused; `caller` and `request` are None where it didn't come so far."""
        if is_recorded(error, self.name):
            certificate = "" if caller else readable_name(certificate_of(context.auth_context()))
            id = getattr(request, "id", "")  # noqa: A001 (the field's term)
            self.registry.refusals.record(RefusedCall(self.name, caller, id, certificate, peer_address(context)), error)


def _unary(call: _Call, arrivals: Arrivals, quota: Quota) -> Callable[..., Awaitable[bytes]]:
    async def answer(messages: AsyncIterator[bytes], context: Context) -> bytes:
        reply: Reply
        caller: Identity | None = None
        request: Message | None = None
        try:
            caller = await call.identify(context)
            await call.authorise(caller)
            deadline.remaining.set(context.time_remaining)
            raw = await arrivals.message(messages, caller.name)
            request = call.read(raw)
            if len(raw) <= limits.FREE:
                reply = await call.method(request, caller)
            else:
                with quota.holding(caller.name, len(raw)):
                    reply = await call.method(request, caller)
        except Exception as error:  # noqa: BLE001 (the edge: whatever it is, the caller gets a status)
            call.record(context, caller, request, error)
            await _refuse(context, error)
        if reply.headers:
            await context.send_initial_metadata(reply.headers)
        message = reply.message
        return message.proto if isinstance(message, Prepared) else message.SerializeToString()

    return answer


def _stream(call: _Call, arrivals: Arrivals, quota: Quota, slow_seconds: float) -> Callable[..., Awaitable[None]]:
    headers = call.registry.watch_headers

    async def answer(messages: AsyncIterator[bytes], context: Context) -> None:
        begun = False
        caller: Identity | None = None
        request: Message | None = None
        try:
            caller = await call.identify(context)
            await call.authorise(caller)
            raw = await arrivals.message(messages, caller.name)
            request = call.read(raw)
            with quota.holding(caller.name, len(raw)), metrics().watchers.track_inprogress():
                async for message in call.method(request, caller):
                    if not begun:
                        # Only now: a client retries a refused call itself as long as no headers have come.
                        await context.send_initial_metadata(headers)
                        begun = True
                    await delivered(context.write(message), message, slow_seconds)
        except Exception as error:  # noqa: BLE001 (as above)
            call.record(context, caller, request, error)
            await _refuse(context, error)

    return answer


def certificate_of(known: Mapping[str, Iterable[bytes]]) -> bytes:
    """The certificate (PEM) that a caller's connection showed, by its `auth_context`; empty without one."""
    return next(iter(known.get("x509_pem_cert", ())), b"")


def peer_address(context: Context) -> str:
    """HOST:PORT of the caller's connection. gRPC writes it as `ipv4:HOST:PORT`, with IPv6's brackets encoded."""
    kind, _, address = unquote(context.peer()).partition(":")
    return address if kind in {"ipv4", "ipv6"} else ""


async def _refuse(context: Context, error: Exception) -> NoReturn:
    refusal = status.refusal(error)
    if refusal is not error:
        log.error("a call failed", exc_info=error)
    details = (("grpc-status-details-bin", status.to_status(refusal).SerializeToString()),)
    code = status.grpc_status(refusal)
    context.set_code(code)  # for `measured_calls`: `abort` sends its code, and keeps it from the context
    await context.abort(code, status.cut(refusal.message), details)


class BoundedMessages:
    """A wrapper of the server for gRPC's own services, which limits and checks their requests.

    `add_…_to_server` of a generated module takes it in place of the server. Without `rates` the requests over a
    connection are not counted.
    """

    def __init__(self, server: grpc.aio.Server, arrivals: Arrivals, rates: RateLimits | None = None) -> None:
        self._server = server
        self._arrivals = arrivals
        self._rates = rates

    def add_generic_rpc_handlers(self, _: object) -> None:
        """Do nothing: generated code calls `add_registered_method_handlers` too, with the same handlers by name."""

    def add_registered_method_handlers(self, service: str, methods: Mapping[str, Any]) -> None:
        """Add the handlers of `service`, each with a limit on its requests."""
        bounded = {
            name: _bounded(handler, self._arrivals, self._rates, _tally(handler, service, name))
            for name, handler in methods.items()
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, bounded),))


async def _implemented(method: Any, request: Any, context: Context) -> Any:
    """Call a method of gRPC's own services; refuse those of their protos that grpcio doesn't implement."""
    try:
        return await method(request, context)
    except NotImplementedError:
        return await _refuse(
            context, Unimplemented("This server does not answer this method.", reason="NO_SUCH_METHOD")
        )


async def _first(messages: AsyncIterator[bytes], context: Context, arrivals: Arrivals) -> bytes:
    """Take the message of a call to gRPC's own services, which anyone with a certificate may call."""
    caller = certificate_of(context.auth_context()).decode("latin-1")
    try:
        return await arrivals.message(messages, caller)
    except RegistryError as error:
        return await _refuse(context, error)


async def _count(context: Context, rates: RateLimits | None) -> None:
    try:
        if rates:
            await rates.admit_call(context.peer())
    except ResourceExhausted as error:
        await _refuse(context, error)


def _tally(handler: Any, service: str, method: str) -> CallTally:
    kind = "unary" if handler.unary_unary else "server_stream" if handler.unary_stream else "bidi_stream"
    return metrics().grpc_method(kind, service, method)


def _bounded(handler: Any, arrivals: Arrivals, rates: RateLimits | None, tally: CallTally) -> Any:
    read, serialize = handler.request_deserializer, handler.response_serializer

    async def parsed(raw: bytes, context: Context) -> Any:
        await _count(context, rates)
        try:
            if len(raw) <= OTHERS:
                return read(raw)
        except DecodeError:
            pass
        text = f"These bytes are no request of this service, or over {OTHERS:,} bytes."
        return await _refuse(context, InvalidArgument(text, reason="BAD_MESSAGE"))

    async def unary_unary(messages: AsyncIterator[bytes], context: Context) -> Any:
        return await _implemented(
            handler.unary_unary, await parsed(await _first(messages, context, arrivals), context), context
        )

    async def unary_stream(messages: AsyncIterator[bytes], context: Context) -> None:
        await handler.unary_stream(await parsed(await _first(messages, context, arrivals), context), context)

    async def stream_stream(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Any]:
        async def each() -> AsyncIterator[Any]:
            async for raw in requests:
                yield await parsed(raw, context)

        async for answer in handler.stream_stream(each(), context):
            yield answer

    if handler.unary_unary:
        return grpc.stream_unary_rpc_method_handler(counted(unary_unary, tally), None, serialize)
    if handler.unary_stream:
        return grpc.stream_stream_rpc_method_handler(counted(unary_stream, tally), None, serialize)
    return grpc.stream_stream_rpc_method_handler(counted_stream(stream_stream, tally), None, serialize)
