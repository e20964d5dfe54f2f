"""WatchSchemas: send the catalog's history from a revision on, then each change, with marks of progress between.

A reader has no queue, only a revision in the history that all readers share, so a slow reader costs no memory.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection
from contextlib import suppress
from functools import lru_cache
from typing import Final, Literal

from schemaregistry.document import check_id
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, OutOfRange, ResourceExhausted, Unavailable
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog.catalog import Catalog
from schemaregistry_server.catalog.catalog_version import CatalogEvent, CatalogVersion, StateEvent
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.catalog.slices import sliced
from schemaregistry_server.metrics.server_metrics import metrics

LAG_SECONDS: Final = 5.0
"""How long a watch waits for a revision that a reader has from another server, before it counts as another store's. It
is longer than the server takes to notice that its own store can't be reached."""


async def watch(
    current: CurrentCatalog, request: pb.WatchSchemasRequest, *, progress_seconds: float
) -> AsyncIterator[pb.WatchSchemasResponse]:
    """Yield every version and change of a state after the request's revision, once and in order.

    The versions that are there make up the snapshot, as they were registered; it ends with the first mark of progress,
    and changes follow. A change of a state is an event of its own in both.

    A mark follows at least every `progress_seconds`, whatever else changes meanwhile: a reader without one for three
    times as long knows that its connection is dead.

    Raises InvalidArgument, OutOfRange (a revision that this store has not reached) and Unavailable (the server is
    stopping, or far behind while its store is away: resume elsewhere).
    """
    ids = frozenset(map(check_id, request.ids))
    reached = request.after_revision
    catalog = await _catalog_at(current, reached)
    # `catalog` is immutable, so the snapshot ends although versions are registered meanwhile.
    async for registered in _chosen(catalog, reached, ids):
        yield _event(registered, "snapshot", request.include_documents, catalog.latest_of(registered))
    now = asyncio.get_running_loop().time
    yield _progress(catalog, current)
    due = now() + progress_seconds
    while True:
        reached = catalog.revision
        catalog = await _next(current, reached, due - now())
        async for registered in _chosen(catalog, reached, ids):
            yield _event(registered, "change", request.include_documents, catalog.latest_of(registered))
        # The second condition: where changes come without pause, no wait ever times out.
        if catalog.revision == reached or now() >= due:
            yield _progress(catalog, current)
            due = now() + progress_seconds


async def delivered(write: Awaitable[None], message: pb.WatchSchemasResponse, seconds: float) -> None:
    """Wait until the reader has taken `message`; raises ResourceExhausted (SLOW_READER) after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await write
    except TimeoutError:
        metrics().watchers_dropped.inc()
        raise ResourceExhausted(
            f"A message was not taken for {seconds:g} s: read faster, and watch again with after_revision set to the "
            "last revision that arrived.",
            reason="SLOW_READER",
            metadata={"undelivered": str(message.revision)},
        ) from None


async def _catalog_at(current: CurrentCatalog, revision: int) -> Catalog:
    if revision < 0:
        raise InvalidArgument(f"after_revision is {revision}: it must be 0 or more.", reason="BAD_REVISION")
    try:
        return await current.reached(revision, seconds=LAG_SECONDS)
    except DeadlineExceeded:
        at = current.catalog.revision
        if current.stale:
            raise Unavailable(
                f"This server's store is away and it has seen revision {at}, not {revision}: watch another one.",
                reason="STORE_AWAY",
                metadata={"revision": str(at), "after_revision": str(revision)},
            ) from None
        raise OutOfRange(
            f"This store is at revision {at} and has not reached {revision}: it was restored, or is another store. "
            "Forget what you have and watch from revision 0.",
            reason="REVISION_AHEAD",
            metadata={"revision": str(at), "after_revision": str(revision)},
        ) from None


async def _chosen(catalog: Catalog, after: int, ids: Collection[str]) -> AsyncIterator[CatalogEvent]:
    async for registered in sliced(catalog.after(after, ids)):
        yield registered


async def _next(current: CurrentCatalog, reached: int, seconds: float) -> Catalog:
    """The newest catalog: at once where it is past `reached`, else after a change, or after `seconds` the same one.

    Raises Unavailable (STOPPING) where the server is about to stop.
    """
    if current.catalog.revision == reached and not current.closing:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await current.changed.wait()
    if current.closing:
        raise Unavailable(
            f"This server is stopping: watch again with after_revision {reached}, here later or on another.",
            reason="STOPPING",
            metadata={"after_revision": str(reached)},
        )
    return current.catalog


@lru_cache(maxsize=64)
def _event(
    registered: CatalogEvent,
    kind: Literal["snapshot", "change"],
    with_document: bool,
    latest: CatalogVersion | None,
) -> pb.WatchSchemasResponse:
    """The message of one event, made once for all readers that get it at the same time. Shared: don't change it."""
    version = latest.version if latest else ""
    event = pb.WatchSchemasResponse(revision=registered.revision, latest_version=version)
    if isinstance(registered, StateEvent):
        event.state_change.CopyFrom(registered.version.message)
        if latest:
            event.latest.CopyFrom(latest.message)
            event.document = latest.entry.raw if with_document else b""
        return event
    getattr(event, kind).CopyFrom(registered.message)
    if with_document:
        event.document = registered.entry.raw
    return event


def _progress(catalog: Catalog, current: CurrentCatalog) -> pb.WatchSchemasResponse:
    return pb.WatchSchemasResponse(revision=catalog.revision, progress=pb.Progress(stale=current.stale))
