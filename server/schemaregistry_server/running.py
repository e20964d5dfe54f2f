"""A server's life: store, catalog, publishing, faces, and the order in which they end. Holds no RPC."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from schemaregistry_server import feed, pki, publishing, rest
from schemaregistry_server.current import CurrentCatalog
from schemaregistry_server.dev_callers import DEV_PUBLISHER, rest_identity
from schemaregistry_server.grpc_face import Certificates, GrpcFace
from schemaregistry_server.judge import WorkerJudge
from schemaregistry_server.judging import Questions
from schemaregistry_server.rest_listener import RestListener
from schemaregistry_server.service import Registry
from schemaregistry_server.settings import Settings
from schemaregistry_server.store import selection
from schemaregistry_server.store.base import Store

ARRIVING_SECONDS: Final = 0.25
"""For calls that have arrived but not begun: gRPC cancels those when its server stops."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens, as HOST:PORT; the ids that it published at start; its versions, new and in all."""

    grpc: str
    rest: str
    ids: tuple[str, ...]
    created: int
    versions: int


async def run(settings: Settings, announce: Callable[[Listening], None]) -> None:
    """Serve in dev mode until SIGTERM or Ctrl-C; `announce` is called once everything listens.

    Raises RegistryError, with one sentence that says what to do, where the server can't start or go on.
    """
    sources = publishing.read(settings.publish) if settings.publish else []
    async with AsyncExitStack() as stack:
        pki.ensure(settings.tls)
        store = await stack.enter_async_context(selection.opened(settings.store, settings.data))
        current = CurrentCatalog()
        await feed.load(store, current)
        feeding = asyncio.create_task(feed.follow(store, current))
        stack.callback(feeding.cancel)
        registry = _registry(stack, store, current, settings)
        published = await publishing.publish(registry, sources, DEV_PUBLISHER)
        faces = Faces(registry, settings)
        stack.callback(faces.close)
        grpc, rest = await faces.start()
        stopping = _stop_signal()
        feeding.add_done_callback(lambda _: stopping.set())
        ids = tuple(dict.fromkeys(each.id for each in published))
        created = sum(each.created for each in published)
        announce(Listening(grpc, rest, ids, created, current.catalog.size))
        await stopping.wait()
        await _leave(registry, faces, current)
        if feeding.done():
            await feeding


def _registry(stack: AsyncExitStack, store: Store, current: CurrentCatalog, settings: Settings) -> Registry:
    judges = WorkerJudge(), WorkerJudge()
    for judge in judges:
        stack.push_async_callback(asyncio.to_thread, judge.close)
    writers, readers = judges
    return Registry(
        store, current, judge=writers, questions=Questions(readers), progress_seconds=settings.progress_seconds
    )


class Faces:
    """gRPC and REST over one registry, started and stopped together."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._settings = settings
        self._rest = RestListener(rest.create_app(registry, rest_identity()), settings.rest, settings.grace_seconds)
        self._grpc = GrpcFace(
            registry, pki.PUBLISHERS, with_reflection=settings.reflection, slow_seconds=settings.slow_seconds
        )

    async def start(self) -> tuple[str, str]:
        """Listen; return the HOST:PORT of each."""
        certificates = Certificates(*(self._settings.tls / f"{name}.pem" for name in ("ca", "server", "server-key")))
        port = await self._grpc.start(self._settings.grpc, certificates)
        return _with_port(self._settings.grpc, port), _with_port(self._settings.rest, self._rest.start())

    async def leave(self) -> None:
        """Fail the health checks; calls are answered still."""
        await self._grpc.leave()

    async def stop(self) -> None:
        """Take no new calls; let those in flight finish."""
        await asyncio.gather(self._grpc.stop(self._settings.grace_seconds), self._rest.stop())

    def close(self) -> None:
        """Give up what was bound and not started."""
        self._rest.close()


async def _leave(registry: Registry, faces: Faces, current: CurrentCatalog) -> None:
    """Health leaves first, then the watches are told to resume elsewhere, then calls in flight finish."""
    registry.leave()
    await faces.leave()
    await asyncio.sleep(ARRIVING_SECONDS)
    current.close()
    await faces.stop()


def _stop_signal() -> asyncio.Event:
    """Set by SIGTERM or Ctrl-C; a further Ctrl-C ends the process at once (what was acknowledged is on the disk)."""
    stopping = asyncio.Event()

    def receive(signum: int) -> None:
        if stopping.is_set() and signum == signal.SIGINT:
            os._exit(128 + signum)
        stopping.set()

    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, receive, signum)
    return stopping


def _with_port(address: str, port: int) -> str:
    return f"{address.rpartition(':')[0]}:{port}"
