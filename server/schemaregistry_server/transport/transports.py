"""Start and stop a registry's transports together: gRPC, and REST where the settings have an address for it."""

import asyncio
import socket
import ssl

from starlette.types import ASGIApp

from schemaregistry_server.catalog.readiness import Readiness
from schemaregistry_server.config.options import EtcdAuth
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.rpc.limits import Quota
from schemaregistry_server.rpc.rate_limits import CallLimits, RateLimits
from schemaregistry_server.rpc.refusals import Refusals
from schemaregistry_server.rpc.service import Registry
from schemaregistry_server.security.access import Access, TokenRule, revocations
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.security.token_keys import verifying_keys
from schemaregistry_server.transport import addresses, rest
from schemaregistry_server.transport.connection_rate import LimitedConnections
from schemaregistry_server.transport.dev_callers import OwnPrograms, rest_identity
from schemaregistry_server.transport.grpc import GrpcTransport
from schemaregistry_server.transport.listener import HttpListener, connection_from_tls, identity_from_tls
from schemaregistry_server.transport.measured_calls import MeasuredRequests
from schemaregistry_server.transport.origins import Origins


class Transports:
    """The gRPC and REST servers of one registry."""

    def __init__(self, registry: Registry, settings: Settings, readiness: Readiness) -> None:
        """Read the TLS files and bind REST's address; raises FailedPrecondition where one of them can't be used."""
        self._settings = settings
        access = _access(settings)
        if events := registry.refusals.events:
            events.record_new("rights", access.facts())
            access.on_change(lambda: events.record_new("rights", access.facts()))
        rates = RateLimits(
            settings.read_rate or 0, settings.write_rate or 0, settings.connection_rate or 0, refusals=registry.refusals
        )
        bounds = CallLimits(Quota(), rates)
        self._grpc = GrpcTransport(registry, access, settings, bounds)
        # Here and not in `start`, so that bad files and a taken address stop the server before anything listens.
        self._pem = Reloaded(settings.files.paths, settings.files.pem)
        self._rest: HttpListener | None = None
        self._rest_address = ""
        if settings.rest is not None:
            listening = addresses.listen(settings.rest, "--rest", shared=settings.shared)
            self._rest_address = addresses.with_port(settings.rest, listening.getsockname()[1])
            identity_of = rest_identity if settings.dev else identity_from_tls(access)
            app = rest.create_app(
                registry, identity_of, lambda: readiness.state, bounds, slow_seconds=settings.slow_seconds
            )
            guarded = OwnPrograms(app) if settings.dev else Origins(app, settings.cors_origin)
            limited = LimitedConnections(guarded, rates, connection_from_tls(access))
            self._rest = _rest_listener(MeasuredRequests(limited), listening, settings, registry.refusals)

    async def start(self) -> tuple[str, str]:
        """Listen, and return the HOST:PORT of gRPC and of REST ("" where it is off)."""
        assert self._settings.grpc is not None
        port = await self._grpc.start(self._settings.grpc, self._pem)
        if self._rest:
            self._rest.start()
        return addresses.with_port(self._settings.grpc, port), self._rest_address

    async def leave(self) -> None:
        """Fail the health checks, so that no new calls are sent here; calls are still answered."""
        await self._grpc.leave()

    async def stop(self) -> None:
        """Take no new calls; let those in flight finish."""
        stopping = [self._grpc.stop(self._settings.grace_seconds)]
        if self._rest:
            stopping.append(self._rest.stop())
        await asyncio.gather(*stopping)

    def close(self) -> None:
        """Close REST's socket, which was bound but may not have been started."""
        if self._rest:
            self._rest.close()


def _access(settings: Settings) -> Access:
    tokens = None
    if (key := settings.token_key) and settings.token_issuer:
        tokens = TokenRule(Reloaded([key], lambda: verifying_keys(key)), settings.token_issuer, settings.token_audience)
    revoked = revocations(settings.revoked) if settings.revoked else None
    needs_token, proxies = settings.etcd_auth is EtcdAuth.ON, frozenset(settings.trusted_proxies)
    return Access(settings.rights, revoked, tokens, needs_token=needs_token, proxies=proxies)


def _rest_listener(app: ASGIApp, listening: socket.socket, settings: Settings, refusals: Refusals) -> HttpListener:
    """REST over plain HTTP in dev mode; in production over mutual TLS with the same files and names as gRPC."""
    return HttpListener(
        app,
        listening,
        grace=settings.grace_seconds,
        tls=None if settings.dev else Reloaded(settings.files.paths, lambda: _context(settings)),
        record=refusals.record_handshake,
    )


def _context(settings: Settings) -> ssl.SSLContext:
    # Where tokens count, a caller may come with one in place of a certificate (RFC 6750).
    return settings.files.context(certificates=not settings.token_key)
