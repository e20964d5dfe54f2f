"""A server's life: store, catalog, faces, publishing, and the order in which they end. Holds no RPC."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from starlette.types import Scope

from schemaregistry_server import feed, pki, rest
from schemaregistry_server.catalog import CurrentCatalog
from schemaregistry_server.grpc_face import Certificates, GrpcFace
from schemaregistry_server.rest_listener import RestListener
from schemaregistry_server.service import Identity, Registry
from schemaregistry_server.settings import Settings
from schemaregistry_server.store.sqlite import SQLiteStore


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens."""

    grpc: str
    rest: str


async def run(settings: Settings, announce: Callable[[Listening], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `announce` is called once everything listens."""
    async with AsyncExitStack() as stack:
        pki.ensure(settings.tls)
        store = SQLiteStore(settings.database)
        stack.push_async_callback(store.close)
        current = CurrentCatalog()
        await feed.load(store, current)
        feeding = asyncio.create_task(feed.follow(store, current))
        stack.callback(feeding.cancel)
        registry = Registry(store, current)
        face = GrpcFace(registry, pki.PUBLISHERS, with_reflection=settings.reflection)
        listener = RestListener(rest.create_app(registry, dev_identity), settings.rest, settings.grace_seconds)
        port = await face.start(settings.grpc, certificates(settings))
        stack.push_async_callback(face.stop, settings.grace_seconds)
        rest_port = listener.start()
        stack.push_async_callback(listener.stop)
        announce(Listening(_with_port(settings.grpc, port), _with_port(settings.rest, rest_port)))
        stop = asyncio.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
        await stop.wait()


def dev_identity(scope: Scope) -> Identity:
    return Identity(pki.IDENTITIES["ci-bot"], True, "loopback")


def certificates(settings: Settings) -> Certificates:
    return Certificates(settings.tls / "ca.pem", settings.tls / "server.pem", settings.tls / "server-key.pem")


def _with_port(address: str, port: int) -> str:
    return f"{address.rpartition(':')[0]}:{port}"
