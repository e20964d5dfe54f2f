"""The transports of one registry: gRPC, and REST where it is asked for, started and stopped together. Holds no RPC."""

import asyncio
import socket

from starlette.types import ASGIApp

from schemaregistry_server.catalog.readiness import Readiness
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.rpc.limits import Quota
from schemaregistry_server.rpc.service import Registry
from schemaregistry_server.security.access import Access, revocations
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.transport import addresses, rest
from schemaregistry_server.transport.dev_callers import OwnPrograms, rest_identity
from schemaregistry_server.transport.grpc import GrpcTransport
from schemaregistry_server.transport.listener import HttpListener, identity_from_tls


class Transports:
    """gRPC and, where it is asked for, REST over one registry, started and stopped together."""

    def __init__(self, registry: Registry, settings: Settings, readiness: Readiness) -> None:
        """Read the TLS files, and bind REST's address."""
        self._settings = settings
        revoked = revocations(settings.revoked) if settings.revoked else None
        access = Access(frozenset(settings.publisher), revoked)
        quota = Quota()
        self._grpc = GrpcTransport(registry, access, settings, quota)
        self._pem = Reloaded(settings.files.paths, settings.files.pem)
        self._rest: HttpListener | None = None
        self._rest_address = ""
        if settings.rest is not None:
            listening = addresses.listen(settings.rest, "--rest", shared=settings.shared)
            self._rest_address = addresses.with_port(settings.rest, listening.getsockname()[1])
            identity_of = rest_identity if settings.dev else identity_from_tls(access)
            app = rest.create_app(
                registry, identity_of, lambda: readiness.state, quota, slow_seconds=settings.slow_seconds
            )
            self._rest = _rest_listener(app, listening, settings)

    async def start(self) -> tuple[str, str]:
        """Listen; return the HOST:PORT of each."""
        assert self._settings.grpc is not None
        port = await self._grpc.start(self._settings.grpc, self._pem)
        if self._rest:
            self._rest.start()
        return addresses.with_port(self._settings.grpc, port), self._rest_address

    async def leave(self) -> None:
        """Fail the health checks; calls are answered still."""
        await self._grpc.leave()

    async def stop(self) -> None:
        """Take no new calls; let those in flight finish."""
        stopping = [self._grpc.stop(self._settings.grace_seconds)]
        if self._rest:
            stopping.append(self._rest.stop())
        await asyncio.gather(*stopping)

    def close(self) -> None:
        """Give up what was bound and not started."""
        if self._rest:
            self._rest.close()


def _rest_listener(app: ASGIApp, listening: socket.socket, settings: Settings) -> HttpListener:
    """Plain HTTP in dev mode, mutual TLS by the files and the names of gRPC otherwise."""
    return HttpListener(
        OwnPrograms(app) if settings.dev else app,
        listening,
        grace=settings.grace_seconds,
        tls=None if settings.dev else Reloaded(settings.files.paths, settings.files.context),
    )
