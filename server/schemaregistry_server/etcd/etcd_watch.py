"""A watch on one endpoint that yields whole revisions in order, and ends with an error once the member falls silent.

The reader of the watch starts a new one from the last revision (`store/etcd_store.py`).
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
"""After ASK_SECONDS of silence the watch asks the member for its progress; after UNANSWERED such requests without an
answer the member counts as away."""

WatchCall = aio.StreamStreamCall[rpc_pb2.WatchRequest, rpc_pb2.WatchResponse]


@dataclass(frozen=True, slots=True)
class WatchedEvents:
    """Some of a watch's events: whole revisions in their order. Every event up to `revision` has now been sent."""

    revision: int
    events: Sequence[kv_pb2.Event] = ()


async def watch(connection: EtcdConnection, prefix: bytes, after_revision: int) -> AsyncIterator[WatchedEvents]:
    """Yield every event under `prefix` after `after_revision`, and marks of progress without events.

    Raises EtcdAway when the stream breaks; a new watch from the last `revision` then asks the next endpoint. Raises
    CompactedRevision where etcd has compacted events after `after_revision`, EtcdRefused where etcd refuses the watch.
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
    # From `after_revision` itself: etcd marks no progress for a watch whose first revision is still to come, and a
    # quiet store could then not be told from a dead member. `_whole` drops the events of that revision.
    # Fragments: else 1,000 revisions of large documents come as one message.
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
    """Yield what the member sends; in silence ask for its progress, to tell a dead member from an idle one."""
    unanswered = 0
    reading = asyncio.ensure_future(call.read())
    try:
        while True:
            # Cancelling a read ends the whole call in grpc.aio, so `wait_for` won't do: one task for each read, and
            # `wait` with a timeout until it is done.
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
        pass  # the call has just ended: the read raises why
    except asyncio.CancelledError as closed:
        raise_closed(closed)


def _result(reading: "asyncio.Future[rpc_pb2.WatchResponse | object]") -> rpc_pb2.WatchResponse:
    """The response that was read; raises EtcdAway or EtcdRefused where the call has ended instead."""
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
    """Join fragments so that no revision comes in two parts; drop events up to `reached`."""
    incomplete: list[kv_pb2.Event] = []
    async for response in responses:
        _require_usable(response, reached)
        events = [*incomplete, *(event for event in response.events if event.kv.mod_revision > reached)]
        # The last revision of a fragment may go on in the next one.
        cut = _last_revision(events) if response.fragment else len(events)
        ready, incomplete = events[:cut], events[cut:]
        if ready:
            reached = ready[-1].kv.mod_revision
            yield WatchedEvents(reached, ready)
        elif not (response.events or response.created):  # a mark of progress
            reached = max(reached, response.header.revision)
            yield WatchedEvents(reached)


def _require_usable(response: rpc_pb2.WatchResponse, reached: int) -> None:
    """Raise where the watch is compacted, refused, or on a member that is behind `reached`."""
    if response.compact_revision:
        raise CompactedRevision(response.compact_revision)
    if response.canceled:
        raise EtcdRefused(grpc.StatusCode.CANCELLED, response.cancel_reason)
    if response.created and response.header.revision < reached:
        raise EtcdAway(
            f"revision {response.header.revision} there, {reached} seen: it lags, or was restored from before"
        )


def _last_revision(events: Sequence[kv_pb2.Event]) -> int:
    """The index in `events` at which their last revision begins."""
    return next((place for place, event in enumerate(events) if event.kv.mod_revision == events[-1].kv.mod_revision), 0)
