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
from schemaregistry_server.rest_listener import RestListener
from schemaregistry_server.service import Registry
from schemaregistry_server.settings import Settings
from schemaregistry_server.store.sqlite import SQLiteStore

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

    Raises RegistryError, with one sentence that says what to do, where the server can't start.
    """
    sources = publishing.read(settings.publish) if settings.publish else []
    async with AsyncExitStack() as stack:
        pki.ensure(settings.tls)
        store = SQLiteStore(settings.database)
        stack.push_async_callback(store.close)
        current = CurrentCatalog()
        await feed.load(store, current)
        feeding = asyncio.create_task(feed.follow(store, current))
        stack.callback(feeding.cancel)
        judge = WorkerJudge()
        stack.push_async_callback(asyncio.to_thread, judge.close)
        registry = Registry(store, current, judge, progress_seconds=settings.progress_seconds)
        published = await publishing.publish(registry, sources, DEV_PUBLISHER)
        listener = RestListener(rest.create_app(registry, rest_identity()), settings.rest, settings.grace_seconds)
        stack.callback(listener.close)
        face = GrpcFace(
            registry, pki.PUBLISHERS, with_reflection=settings.reflection, slow_seconds=settings.slow_seconds
        )
        port = await face.start(settings.grpc, _certificates(settings))
        rest_port = listener.start()
        stopping = _stop_signal()
        announce(
            Listening(
                grpc=_with_port(settings.grpc, port),
                rest=_with_port(settings.rest, rest_port),
                ids=tuple(dict.fromkeys(each.id for each in published)),
                created=sum(each.created for each in published),
                versions=current.catalog.size,
            )
        )
        await stopping.wait()
        await _stop(face, listener, current, settings.grace_seconds)


async def _stop(face: GrpcFace, listener: RestListener, current: CurrentCatalog, grace: float) -> None:
    """Health leaves first, then the watches are told to resume elsewhere, then calls in flight finish."""
    await face.leave()
    await asyncio.sleep(ARRIVING_SECONDS)
    current.close()
    await asyncio.gather(face.stop(grace), listener.stop())


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


def _certificates(settings: Settings) -> Certificates:
    return Certificates(settings.tls / "ca.pem", settings.tls / "server.pem", settings.tls / "server-key.pem")


def _with_port(address: str, port: int) -> str:
    return f"{address.rpartition(':')[0]}:{port}"
