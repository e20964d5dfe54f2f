"""One watch on one endpoint: its beginning, its whole revisions in order, and its end once the member falls silent.

Holds no second try: whoever reads the watch begins a new one from the last revision.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import grpc
from grpc import aio

from schemaregistry_server.etcd.endpoints import ATTEMPT_SECONDS, Endpoint, EtcdConnection, failure, raise_closed
from schemaregistry_server.etcd.etcd_failures import CompactedRevision, EtcdAway, EtcdRefused
from schemaregistry_server.etcd.v3 import kv_pb2, rpc_pb2

ASK_SECONDS: Final = 0.3
UNANSWERED: Final = 8
"""A watch that is silent for so long asks where it stands; after so many unanswered ones the member counts as away."""

WatchCall = aio.StreamStreamCall[rpc_pb2.WatchRequest, rpc_pb2.WatchResponse]


@dataclass(frozen=True, slots=True)
class WatchedEvents:
    """Some of a watch's events, whole revisions in their order; nothing up to `revision` is left to come."""

    revision: int
    events: Sequence[kv_pb2.Event] = ()


async def watch(connection: EtcdConnection, prefix: bytes, after_revision: int) -> AsyncIterator[WatchedEvents]:
    """Every event under `prefix` after `after_revision`, and marks of progress without events.

    Raises Away when the stream breaks; a new watch from the last `revision` then asks the next endpoint. Raises
    CompactedRevision where events after `after_revision` are forgotten, Refused where we may not watch.
    """
    endpoint = connection.current
    try:
        await connection.admit(endpoint)
        call = await _begun(connection, endpoint, prefix, after_revision)
        try:
            async with aclosing(_responses(call)) as responses, aclosing(_whole(responses, after_revision)) as whole:
                async for seen in whole:
                    yield seen
        finally:
            call.cancel()
    except EtcdAway as away:
        connection.leave(endpoint)
        raise EtcdAway(f"{endpoint.address}: {away}") from away


def after(prefix: bytes) -> bytes:
    """The first key after all that begin with `prefix` (whose last byte is below 0xff)."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


async def _begun(connection: EtcdConnection, endpoint: Endpoint, prefix: bytes, after_revision: int) -> WatchCall:
    # From `after_revision` itself: etcd marks no progress for a watch whose first revision is still to come.
    request = rpc_pb2.WatchRequest(
        create_request=rpc_pb2.WatchCreateRequest(
            key=prefix, range_end=after(prefix), start_revision=max(after_revision, 1), fragment=True
        )
    )
    try:
        call = endpoint.watch.Watch(metadata=connection.metadata())
        await asyncio.wait_for(call.write(request), ATTEMPT_SECONDS)
    except TimeoutError:
        raise EtcdAway("no answer") from None
    except aio.AioRpcError as error:
        raise failure(error) from error
    except (asyncio.CancelledError, aio.UsageError) as closed:
        raise_closed(closed)
    return call


async def _responses(call: WatchCall) -> AsyncGenerator[rpc_pb2.WatchResponse, None]:
    """What the member sends. In silence it is asked for its progress, so that a dead one is told from an idle one."""
    unanswered = 0
    reading = asyncio.ensure_future(call.read())
    try:
        while True:
            # A read that is cancelled ends the call (grpc.aio): hence one task for each, waited for again and again.
            if not (await asyncio.wait({reading}, timeout=ASK_SECONDS))[0]:
                if unanswered == UNANSWERED:
                    raise EtcdAway("no sign of life from the watch")
                unanswered += 1
                await _ask(call)
                continue
            response = _result(reading)
            unanswered = 0
            reading = asyncio.ensure_future(call.read())
            yield response
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _ask(call: WatchCall) -> None:
    try:
        await call.write(rpc_pb2.WatchRequest(progress_request=rpc_pb2.WatchProgressRequest()))
    except (asyncio.InvalidStateError, aio.AioRpcError):
        pass  # it has just ended: the read says why
    except asyncio.CancelledError as closed:
        raise_closed(closed)


def _result(reading: "asyncio.Future[rpc_pb2.WatchResponse | object]") -> rpc_pb2.WatchResponse:
    """What was read; raises Away or Refused where the call has ended instead."""
    if reading.cancelled():
        raise EtcdAway("the connection was closed")
    try:
        response = reading.result()
    except aio.AioRpcError as error:
        raise failure(error) from error
    if not isinstance(response, rpc_pb2.WatchResponse):
        raise EtcdAway("the member ended the watch")
    return response


async def _whole(responses: AsyncIterator[rpc_pb2.WatchResponse], reached: int) -> AsyncGenerator[WatchedEvents, None]:
    """Put fragments together again, so that no revision comes in two parts; pass over what came before."""
    held: list[kv_pb2.Event] = []
    async for response in responses:
        _look_at(response, reached)
        events = [*held, *(event for event in response.events if event.kv.mod_revision > reached)]
        cut = _last_revision(events) if response.fragment else len(events)
        ready, held = events[:cut], events[cut:]
        if ready:
            reached = ready[-1].kv.mod_revision
            yield WatchedEvents(reached, ready)
        elif not (response.events or response.created):
            reached = max(reached, response.header.revision)
            yield WatchedEvents(reached)


def _look_at(response: rpc_pb2.WatchResponse, reached: int) -> None:
    if response.compact_revision:
        raise CompactedRevision(response.compact_revision)
    if response.canceled:
        raise EtcdRefused(grpc.StatusCode.CANCELLED, response.cancel_reason)
    if response.created and response.header.revision < reached:
        raise EtcdAway(
            f"revision {response.header.revision} there, {reached} seen: it lags, or was restored from before"
        )


def _last_revision(events: Sequence[kv_pb2.Event]) -> int:
    """Where the last revision of `events` begins."""
    return next((place for place, event in enumerate(events) if event.kv.mod_revision == events[-1].kv.mod_revision), 0)
