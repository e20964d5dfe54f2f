"""Start and stop one server process: store, catalog, publishing, transports, in the order that they depend on."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from schemaregistry.errors import Unavailable
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.catalog import feed
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.catalog.readiness import Readiness
from schemaregistry_server.config.cores import usable
from schemaregistry_server.config.options import EtcdAuth
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.rpc import compat_worker
from schemaregistry_server.rpc.compat_worker import CompatWorkers
from schemaregistry_server.rpc.read_counts import ReadCounts
from schemaregistry_server.rpc.read_saving import saved_reads
from schemaregistry_server.rpc.refusals import Refusals
from schemaregistry_server.rpc.service import Registry
from schemaregistry_server.rpc.verdict_cache import VerdictCache
from schemaregistry_server.runtime import freed_memory, publishing
from schemaregistry_server.runtime.health_process import HealthPort
from schemaregistry_server.runtime.sampling_metrics import MetricsSampler, certificate_files
from schemaregistry_server.security import pki
from schemaregistry_server.store import selection
from schemaregistry_server.store.base import Store
from schemaregistry_server.store.measured_store import MeasuredStore
from schemaregistry_server.transport.dev_callers import DEV_PUBLISHER
from schemaregistry_server.transport.transports import Transports

WRITES: Final = 1024
"""Writes that may wait for a worker at once, at most a quarter of them one publisher's: each takes milliseconds."""

ARRIVING_SECONDS: Final = 0.25
"""Seconds before gRPC stops, for calls that have arrived but not begun: gRPC would cancel them."""

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens and what it serves.

    `grpc`, `rest` and `health` are HOST:PORT, or "" where it doesn't listen; `ids` are those published at start,
    `created` the number of new versions among them, `versions` the number of versions in all.
    """

    grpc: str
    rest: str
    health: str
    ids: tuple[str, ...]
    created: int
    versions: int


async def run(settings: Settings, readiness: Readiness, announce: Callable[[Listening], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `settings` are complete, and `announce` is called once everything listens.

    Raises RegistryError where the server can't start or go on.
    """
    stopping = stop_signal()
    async with AsyncExitStack() as stack:
        server = await _unless(stopping, _start(stack, settings, readiness, announce))
        if server:
            server.feeding.add_done_callback(lambda _: stopping.set())
            await stopping.wait()
            readiness.wait("its end: it is stopping")
            await server.leave()


async def _start(
    stack: AsyncExitStack, settings: Settings, readiness: Readiness, announce: Callable[[Listening], None]
) -> "_ServerLife":
    """Start everything, health first and the transports last; closing `stack` stops all but the transports."""
    sources = publishing.read(settings.publish) if settings.publish else []
    # Health first: it tells what the server waits for, which in production may be its store for a long time.
    watched = await stack.enter_async_context(HealthPort(settings.health, lambda: readiness.state))
    if settings.dev:
        pki.ensure(settings.tls)
    settings.files.pem()  # report bad TLS files now, and not after a long wait for the store
    refusals = _refusals(stack, settings)
    current = CurrentCatalog()
    store = await _loaded(stack, settings, readiness, current)
    # Before publishing: a write is answered once the feed has brought it into the catalog.
    feeding = _beside(stack, feed.follow(store, current))
    _beside(stack, feed.describe(current.catalog))
    _beside(stack, MetricsSampler(store, current, dict(certificate_files(settings))).run())
    _beside(stack, freed_memory.give_back())
    reads = await stack.enter_async_context(saved_reads(store, settings.reads_seconds))
    registry = _registry(stack, store, current, settings, reads, refusals)
    # Before the transports listen, so that no caller finds half of the directory published.
    published = await publishing.publish(registry, sources, DEV_PUBLISHER)
    transports = Transports(registry, settings, readiness)
    stack.callback(transports.close)
    grpc, rest = await transports.start()
    readiness.serve(current)
    ids = tuple(dict.fromkeys(each.id for each in published))
    created = sum(each.created for each in published)
    watched.report()
    announce(Listening(grpc, rest, watched.address, ids, created, current.catalog.size))
    return _ServerLife(transports, current, feeding)


def _beside(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Begin work that goes on until `stack` is closed."""
    task = asyncio.create_task(work)
    stack.callback(task.cancel)
    return task


async def _loaded(stack: AsyncExitStack, settings: Settings, readiness: Readiness, current: CurrentCatalog) -> Store:
    """Open the store and load it into `current`.

    In production this waits while the store can't be reached, so that a cluster can start in any order; in dev mode
    it raises Unavailable.
    """

    async def patiently(what: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
        readiness.wait(what)
        while True:
            try:
                return await attempt()
            except Unavailable as away:
                if settings.dev:
                    raise
                if readiness.state.text == f"waits for {what}":
                    log.warning("not listening yet, for want of %s: %s", what, away.message)
                readiness.wait(f"{what}: {away.message}")
            await asyncio.sleep(feed.PAUSE)

    assert settings.store is not None
    name, authenticated = settings.store, settings.etcd_auth is EtcdAuth.ON
    store = await patiently(
        "its store",
        lambda: stack.enter_async_context(
            selection.opened(name, settings.data, tls=settings.etcd_tls, authenticated=authenticated)
        ),
    )
    measured = MeasuredStore(store)
    await patiently("its catalog to load", lambda: feed.load(measured, current))
    return measured


def _refusals(stack: AsyncExitStack, settings: Settings) -> Refusals:
    """Open the audit log, if there is to be one, before the store: bad files are reported at once."""
    if not settings.audit_log:
        return Refusals()
    events = AuditLog(settings.audit_log, "serve")
    stack.push_async_callback(asyncio.to_thread, events.close)  # on a thread, since it waits for the disk
    return Refusals(events)


def _registry(  # noqa: PLR0913, PLR0917
    stack: AsyncExitStack,
    store: Store,
    current: CurrentCatalog,
    settings: Settings,
    reads: ReadCounts,
    refusals: Refusals,
) -> Registry:
    # Each process gets its share of the cores; two at least, so that one caller's question doesn't block another's.
    readers_workers = max(2, usable() // settings.workers)
    template = compat_worker.template()
    # On a thread, since it waits for the template's process to end.
    stack.push_async_callback(asyncio.to_thread, template.close)
    writers = CompatWorkers(template, seconds=settings.judge_seconds, waiting=WRITES)
    readers = CompatWorkers(template, workers=readers_workers, seconds=settings.judge_seconds)
    for each in (writers, readers):
        stack.callback(each.close)
    if not settings.dev:
        # In dev mode the first batch of records starts its workers: a server for a test mostly gets none.
        readers.warm()
    return Registry(
        store,
        current,
        judge=writers,
        questions=VerdictCache(readers),
        progress_seconds=settings.progress_seconds,
        reads=reads,
        refusals=refusals,
    )


@dataclass(frozen=True, slots=True)
class _ServerLife:
    """A running server's parts, and how they stop."""

    transports: Transports
    current: CurrentCatalog
    feeding: asyncio.Task[None]

    async def leave(self) -> None:
        """Stop: fail the health checks, then end the watches, then let calls in flight finish.

        Raises the error that ended `feeding`, where that was the reason to stop.
        """
        await self.transports.leave()
        await asyncio.sleep(ARRIVING_SECONDS)
        self.current.close()
        await self.transports.stop()
        if self.feeding.done():
            await self.feeding


async def _unless(stopping: asyncio.Event, starting: Coroutine[object, object, Result]) -> Result | None:
    """Run `starting` and return its result; None where the stop signal comes first, which cancels it."""
    task = asyncio.create_task(starting)
    signalled = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    return None if task.cancelled() else task.result()


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set; a further Ctrl-C ends the process at once.

    That is safe: every acknowledged write is on the disk.
    """
    stopping = asyncio.Event()

    def receive(signum: int) -> None:
        if stopping.is_set() and signum == signal.SIGINT:
            os._exit(128 + signum)  # 128 + the signal's number, as a shell reports it
        stopping.set()

    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, receive, signum)
    return stopping
