"""Count and time calls over gRPC and requests over HTTP, by names from the proto alone.

`metrics/` has the counters. A method or a path that isn't the server's own counts as `other`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter
from typing import Any, Final, NoReturn, TypeVar, cast

import grpc
import grpc.aio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemaregistry_server.metrics.call_tally import CallTally
from schemaregistry_server.metrics.server_metrics import HTTP_METHODS, OTHER, metrics

CODES: Final = {
    code: {"OK": "OK", "CANCELLED": "Canceled"}.get(code.name, code.name.title().replace("_", ""))
    for code in grpc.StatusCode
}
"""The name of each status, as grpc-ecosystem's metrics write it in every language (Go's names)."""

NO_ANSWER: Final = "none"
"""The status of a request whose client left before its answer began."""

AnswerT = TypeVar("AnswerT")
Context = grpc.aio.ServicerContext[Any, Any]


def counted(
    answer: Callable[[AsyncIterator[bytes], Context], Awaitable[AnswerT]], tally: CallTally
) -> Callable[[AsyncIterator[bytes], Context], Awaitable[AnswerT]]:
    """A gRPC handler, that is a coroutine, with its calls counted."""

    async def count(messages: AsyncIterator[bytes], context: Context) -> AnswerT:
        with _Counting(context, tally):
            return await answer(messages, context)

    return count


def counted_stream(
    answers: Callable[[AsyncIterator[bytes], Context], AsyncIterator[AnswerT]], tally: CallTally
) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[AnswerT]]:
    """As `counted`, of a handler that yields its answers."""

    async def count(messages: AsyncIterator[bytes], context: Context) -> AsyncIterator[AnswerT]:
        with _Counting(context, tally):
            async for each in answers(messages, context):
                yield each

    return count


class _Counting:
    """Counts and times the call during the context. A class, since a generator would cost a read a microsecond more."""

    __slots__ = ("_began", "_context", "_tally")

    def __init__(self, context: Context, tally: CallTally) -> None:
        self._context, self._tally = context, tally

    def __enter__(self) -> None:
        self._began = perf_counter()
        self._tally.started += 1

    def __exit__(self, _: object, failed: BaseException | None, __: object) -> None:
        self._tally.end(_code(self._context, failed), perf_counter() - self._began)


def _code(context: Context, failed: BaseException | None) -> str:
    """The name of the status with which a call ends."""
    if isinstance(failed, asyncio.CancelledError | GeneratorExit):
        left = context.time_remaining()
        return "DeadlineExceeded" if left is not None and left <= 0 else "Canceled"
    code = cast("grpc.StatusCode | None", context.code())  # None until one is set
    return CODES[code or (grpc.StatusCode.UNKNOWN if failed else grpc.StatusCode.OK)]


class UnknownMethods(grpc.GenericRpcHandler):
    """Refuses the methods that no other handler has, as gRPC itself does, and counts them. It is to be added last."""

    def __init__(self) -> None:
        self.tally = metrics().grpc_method("unary", OTHER, OTHER)
        self._handler: grpc.RpcMethodHandler[Any, Any] = grpc.stream_unary_rpc_method_handler(
            counted(_refuse_unknown, self.tally)
        )

    def service(self, _: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        return self._handler


async def _refuse_unknown(_: AsyncIterator[bytes], context: Context) -> NoReturn:
    context.set_code(grpc.StatusCode.UNIMPLEMENTED)
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")


class MeasuredRequests:
    """An ASGI app that counts and times the requests to another one, by the `route` that this one puts in the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._tallies: dict[tuple[str, str], CallTally] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        status = NO_ANSWER

        async def sent(message: Message) -> None:
            nonlocal status
            if "status" in message:
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            key = scope["method"], scope.get("route", OTHER)
            tally = self._tallies.get(key) or self._tally(*key)
            tally.end(str(status), perf_counter() - began)

    def _tally(self, method: str, route: str) -> CallTally:
        if method not in HTTP_METHODS:
            return self._tallies.get((OTHER, route)) or self._tally_of(OTHER, route)
        return self._tally_of(method, route)

    def _tally_of(self, method: str, route: str) -> CallTally:
        tally = self._tallies[method, route] = metrics().http_route(method, route)
        return tally
