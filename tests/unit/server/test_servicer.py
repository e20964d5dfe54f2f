"""The gRPC servicer without a socket: what replies and errors become in gRPC.

grpcio-testing drives synchronous servicers only, and its `abort` loses trailing metadata. So `Synchronous` runs the
real asynchronous methods for it, and passes on what they abort with.
"""

import asyncio
from collections.abc import AsyncIterator

import grpc
import grpc_testing
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.rpc import error_details_pb2, status_pb2

from schemaregistry.errors import NotFound, Unavailable
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc.limits import Quota
from schemaregistry_server.rpc.rate_limits import CallLimits, RateLimits
from schemaregistry_server.rpc.service import Identity, Registry, Reply
from schemaregistry_server.security.identity import ROLES, Role
from schemaregistry_server.security.rights import Rights
from schemaregistry_server.transport.arrivals import Arrivals
from schemaregistry_server.transport.grpc_calls import SERVICE, CallersOfContext, handlers

NO_LIMITS = CallLimits(Quota(), RateLimits(0, 0, 0))
CALLERS = CallersOfContext(lambda _: CALLER, lambda _: "127.0.0.1:1")
CALLER = Identity("spiffe://dev/reader", Rights(), "mtls")


class Aborted(Exception):
    """The exception that `abort` raises, as grpc.aio's does."""


class AsynchronousContext:
    """The part of grpc.aio's context that a servicer uses, over grpcio-testing's."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context
        self._code: grpc.StatusCode | None = None

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def set_code(self, code) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode | None:
        return self._code

    def time_remaining(self) -> None:
        return None

    async def send_initial_metadata(self, metadata) -> None:
        self._context.send_initial_metadata(metadata)

    async def abort(self, code, details, trailing_metadata=()) -> None:
        self._context.set_trailing_metadata(trailing_metadata)
        self._context.set_code(code)
        self._context.set_details(details)
        raise Aborted


async def one(message: bytes) -> AsyncIterator[bytes]:
    """The messages of a unary call."""
    yield message


class Synchronous:
    """A synchronous servicer that runs the asynchronous GetSchema to its end."""

    def __init__(self, registry: object) -> None:
        self._handler = handlers(registry, CALLERS, 1, Arrivals(), NO_LIMITS)["GetSchema"]  # type: ignore[arg-type]

    def GetSchema(self, request, context):  # noqa: N802 (the proto's name)
        try:
            messages = one(request.SerializeToString())
            raw = asyncio.run(self._handler.stream_unary(messages, AsynchronousContext(context)))
            return HttpBody.FromString(raw)
        except Aborted:
            return HttpBody()


class Answers:
    """A registry whose RPCs all return one reply, or raise one exception."""

    def __init__(self, outcome: Reply | Exception) -> None:
        self.outcome = outcome
        self.asked: list[tuple[object, Identity]] = []

    watch_headers = ()

    def authorise(self, rpc: str, caller: Identity) -> None:
        """Everyone may call."""

    def __getattr__(self, rpc: str):
        async def answer(request, caller) -> Reply:
            self.asked.append((request, caller))
            if isinstance(self.outcome, Exception):
                raise self.outcome
            return self.outcome

        return answer


def call(registry: Answers):
    """Call GetSchema; returns (response, initial metadata where there is a response, trailing, code, details)."""
    server = grpc_testing.server_from_dictionary({SERVICE: Synchronous(registry)}, grpc_testing.strict_real_time())
    rpc = server.invoke_unary_unary(SERVICE.methods_by_name["GetSchema"], (), pb.GetSchemaRequest(id="ticks_v1"), 10)
    response, trailing, code, details = rpc.termination()
    initial = rpc.initial_metadata() if code is grpc.StatusCode.OK else ()
    return response, initial, trailing, code, details


def status_in(trailing) -> status_pb2.Status:
    return status_pb2.Status.FromString(dict(trailing)["grpc-status-details-bin"])


def test_a_reply_becomes_its_message_and_initial_metadata() -> None:
    registry = Answers(Reply(HttpBody(data=b"{}"), (("etag", '"x"'), ("x-schema-id", "ticks_v1"))))
    response, initial, _, code, _ = call(registry)
    assert code is grpc.StatusCode.OK
    assert response.data == b"{}"
    assert {("etag", '"x"'), ("x-schema-id", "ticks_v1")} <= set(map(tuple, initial))


def test_the_registry_hears_who_calls() -> None:
    registry = Answers(Reply(HttpBody()))
    call(registry)
    assert registry.asked == [(pb.GetSchemaRequest(id="ticks_v1"), CALLER)]


def test_a_refusal_becomes_a_status_with_its_details() -> None:
    refusal = NotFound("There is no schema.", reason="NO_SUCH_SCHEMA", pointer="/id", metadata={"near": "ticks_v1"})
    _, _, trailing, code, details = call(Answers(refusal))
    assert (code, details) == (grpc.StatusCode.NOT_FOUND, "There is no schema.")
    info, place = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    first, second = status_in(trailing).details
    assert first.Unpack(info)
    assert second.Unpack(place)
    assert (info.reason, info.metadata["near"], place.field_violations[0].field) == (
        "NO_SUCH_SCHEMA",
        "ticks_v1",
        "/id",
    )


def test_a_store_that_is_away_becomes_unavailable_with_a_time_to_retry() -> None:
    _, _, trailing, code, _ = call(Answers(Unavailable("The store is away.", reason="STORE_AWAY")))
    assert code is grpc.StatusCode.UNAVAILABLE
    retry = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(retry) for detail in status_in(trailing).details)
    assert retry.retry_delay.seconds == 1


def test_a_fault_of_the_server_tells_the_caller_nothing_of_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    _, _, trailing, code, details = call(Answers(KeyError("the secret path")))
    assert code is grpc.StatusCode.INTERNAL
    assert "secret" not in details + str(status_in(trailing))
    assert "the secret path" in caplog.text


def test_every_rpc_of_the_proto_is_served_and_has_its_role() -> None:
    assert {rpc.name for rpc in SERVICE.methods} == ROLES.keys()
    assert [rpc.name for rpc in SERVICE.methods if not hasattr(Registry, rpc.name)] == []


def test_only_writing_asks_for_more_than_a_reader() -> None:
    beyond = {rpc: role for rpc, role in ROLES.items() if role is not Role.READ}
    assert beyond == {"RegisterSchema": Role.PUBLISH, "SetVersionState": Role.OPERATE}
