"""The gRPC transport: a thin shell of `Registry` on grpc.aio with mTLS, health and reflection.

Holds what gRPC adds to a server (identity from the certificate, limits of connections); calls are `grpc_calls.py`'s.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, cast

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from schemaregistry_server.config.settings import Settings
from schemaregistry_server.rpc.limits import MAX_RECEIVED, Quota
from schemaregistry_server.rpc.service import Identity, Registry
from schemaregistry_server.security.access import Access
from schemaregistry_server.security.certificates import TlsPem, still_good
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.transport import grpc_calls
from schemaregistry_server.transport.addresses import in_use, require_free
from schemaregistry_server.transport.grpc_calls import SERVICE, BoundedMessages, Context, IdentityOfContext
from schemaregistry_server.transport.reflection import MethodsToo

OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_RECEIVED),
    ("grpc.max_send_message_length", 4 << 20),
    ("grpc.max_metadata_size", 16 << 10),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.max_connection_idle_ms", 300_000),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.server.max_pending_requests", 8192),
    ("grpc.server.max_pending_requests_hard_limit", 8192),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)
"""Every stream, message and connection is bounded (https://grpc.github.io/grpc/core/group__grpc__arg__keys.html)."""

AGED_SECONDS: Final = 60.0
"""How long a call may go on over a connection that has reached its age."""

QUIET_SECONDS: Final = 1.0
"""Without a handshake: then none is under way that has only just begun."""

MAX_CALLS: Final = 16_384
"""Calls in progress, watches among them; further ones are refused with RESOURCE_EXHAUSTED."""


class GrpcTransport:
    """The listening server."""

    def __init__(self, registry: Registry, access: Access, settings: Settings, quota: Quota) -> None:
        self._server = grpc.aio.server(options=options(settings), maximum_concurrent_rpcs=MAX_CALLS)
        handlers = grpc_calls.handlers(registry, identity_from_certificate(access), settings.slow_seconds, quota)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
        self._shared = settings.shared
        self.health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self.health, BoundedMessages(self._server))
        if settings.reflection:
            names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
            servicer = reflection.aio.ReflectionServicer(names, pool=MethodsToo())
            reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, BoundedMessages(self._server))

    async def start(self, address: str, pem: Reloaded[TlsPem]) -> int:
        """Listen on `address` (HOST:PORT) and return the port; raise FailedPrecondition where it is taken."""
        if not self._shared:
            require_free(address, "--grpc")
        try:
            port = self._server.add_secure_port(address, credentials(pem))
        except RuntimeError as failed:
            raise in_use(address, "--grpc", "it is in use or not ours") from failed
        await self._server.start()
        for name in ("", SERVICE.full_name):
            await self.health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def leave(self) -> None:
        """Answer NOT_SERVING to health checks from now on, so that no new calls are sent here."""
        await self.health.enter_graceful_shutdown()

    async def stop(self, grace: float) -> None:
        """Take no new calls and let those in flight finish within `grace` seconds."""
        await self._server.stop(grace)


def options(settings: Settings) -> Sequence[tuple[str, int]]:
    """OPTIONS, and those that the settings decide."""
    age = settings.connection_seconds
    return (
        *OPTIONS,
        # A port that is not shared, so that a second server hears that it is taken.
        ("grpc.so_reuseport", int(settings.shared)),
        ("grpc.max_connection_age_ms", round(age * 1000)),
        ("grpc.max_connection_age_grace_ms", round(min(age, AGED_SECONDS) * 1000)),
    )


def credentials(pem: Reloaded[TlsPem]) -> grpc.ServerCredentials:
    """Mutual TLS by the files as they are at each handshake.

    A configuration is replaced once the files change, and after each quiet time, since a session of the old one could
    be taken up again: it would keep an identity that has expired, or whose CA is gone. Not at every handshake: gRPC
    frees what it replaces under the handshakes that have just begun with it, and a server that many connect to at once
    dies of that (https://github.com/grpc/grpc/issues/36693).
    """
    used, last = pem.value, 0.0

    def newest() -> grpc.ServerCertificateConfiguration | None:
        nonlocal used, last
        before, last = last, time.monotonic()
        if pem.value is used and last - before < QUIET_SECONDS:
            return None  # as it is
        used = pem.value
        return _configuration(used)

    fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", newest)
    return grpc.dynamic_ssl_server_credentials(_configuration(used), fetch, require_client_authentication=True)


def _configuration(pem: TlsPem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], pem.ca)


def identity_from_certificate(access: Access) -> IdentityOfContext:
    """How the peer is named: by its certificate, which gRPC has verified.

    In a session that was taken up again it has not: raises Unauthenticated where the certificate has expired since.
    """

    def identify(context: Context) -> Identity:
        known = context.auth_context()
        certificate = next(iter(known.get("x509_pem_cert", ())), b"")
        if next(iter(known.get("ssl_session_reused", ())), b"") == b"true":
            still_good(certificate)
        return access.identity(certificate)

    return identify
