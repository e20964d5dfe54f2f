"""The gRPC transport: a grpc.aio server over `Registry` with mutual TLS, limits, health checks and reflection.

`grpc_calls.py` has the handlers of the calls.
"""

import time
from collections.abc import Callable, Sequence
from typing import Final, cast

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from schemaregistry_server.config.settings import Settings
from schemaregistry_server.rpc.limits import MAX_RECEIVED
from schemaregistry_server.rpc.rate_limits import CallLimits
from schemaregistry_server.rpc.service import Identity, Registry
from schemaregistry_server.security.access import Access
from schemaregistry_server.security.certificates import TlsPem, still_good
from schemaregistry_server.security.forwarded_certificate import HEADER
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.transport import grpc_calls
from schemaregistry_server.transport.addresses import in_use, require_free
from schemaregistry_server.transport.arrivals import Arrivals
from schemaregistry_server.transport.grpc_calls import (
    MAX_METADATA,
    SERVICE,
    BoundedMessages,
    CallersOfContext,
    IdentityOfContext,
    MetadataFirst,
    certificate_of,
    sent,
)
from schemaregistry_server.transport.measured_calls import Context, UnknownMethods
from schemaregistry_server.transport.reflection import MethodsToo

OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_RECEIVED),
    ("grpc.max_send_message_length", 4 << 20),
    # gRPC would let a peer send megabytes of a message that nobody asked for yet, once its line is found fast.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.max_metadata_size", MAX_METADATA),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.max_connection_idle_ms", 300_000),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.server.max_pending_requests", 8192),
    ("grpc.server.max_pending_requests_hard_limit", 8192),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # Also without calls, so that the connections of clients that vanished are found.
    ("grpc.keepalive_permit_without_calls", 1),
    # Clients may ping every 10 s; one that pings more often is disconnected.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)
"""Bounds on every stream, message and connection (https://grpc.github.io/grpc/core/group__grpc__arg__keys.html).

gRPC's own 3,000 pending requests are too few when 5,000 watchers come back at once after a restart, hence 8,192.
"""

AGED_SECONDS: Final = 60.0
"""How long a call may go on over a connection that has reached its maximum age."""

QUIET_SECONDS: Final = 1.0
"""Seconds without a new handshake after which the earlier ones are past the step that uses the configuration."""

MAX_CALLS: Final = 16_384
"""Calls in progress, watches among them; further ones are refused with RESOURCE_EXHAUSTED."""


class GrpcTransport:
    """The gRPC server of one process: the registry's RPCs, health checks and, by its setting, reflection."""

    def __init__(self, registry: Registry, access: Access, settings: Settings, bounds: CallLimits) -> None:
        self._server = grpc.aio.server(options=options(settings), maximum_concurrent_rpcs=MAX_CALLS)
        arrivals = Arrivals()
        callers = CallersOfContext(identity_from_certificate(access), connection_of_call(access))
        unknown = UnknownMethods()
        self._server.add_generic_rpc_handlers((MetadataFirst(registry.refusals, access.is_proxy, unknown.tally),))
        handlers = grpc_calls.handlers(registry, callers, settings.slow_seconds, arrivals, bounds)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
        self._shared = settings.shared
        self.health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self.health, BoundedMessages(self._server, arrivals))
        if settings.reflection:
            names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
            servicer = reflection.aio.ReflectionServicer(names, pool=MethodsToo())
            reflection_pb2_grpc.add_ServerReflectionServicer_to_server(
                servicer, BoundedMessages(self._server, arrivals, bounds.rates)
            )
        self._server.add_generic_rpc_handlers((unknown,))

    async def start(self, address: str, pem: Reloaded[TlsPem]) -> int:
        """Listen on `address` (HOST:PORT) with the files of `pem`, and return the port.

        Raises FailedPrecondition (ADDRESS_IN_USE) where the address is taken.
        """
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
    """OPTIONS, and the options that come from the settings."""
    age = settings.connection_seconds
    return (
        *OPTIONS,
        # gRPC shares its port by default, and a second server on it would start without an error.
        ("grpc.so_reuseport", int(settings.shared)),
        ("grpc.max_connection_age_ms", round(age * 1000)),
        ("grpc.max_connection_age_grace_ms", round(min(age, AGED_SECONDS) * 1000)),
    )


def credentials(pem: Reloaded[TlsPem]) -> grpc.ServerCredentials:
    """Mutual TLS with the files as they are at each handshake.

    The configuration is replaced when the files change, and after QUIET_SECONDS without a handshake, because a client
    could resume a TLS session of the old one: with a certificate that has expired, or whose CA was removed. It isn't
    replaced at every handshake: gRPC frees the old one while handshakes that have just begun still use it, and crashes
    when many clients connect at once (https://github.com/grpc/grpc/issues/36693).
    """
    used, last = pem.value, 0.0

    def newest() -> grpc.ServerCertificateConfiguration | None:
        nonlocal used, last
        before, last = last, time.monotonic()
        if pem.value is used and last - before < QUIET_SECONDS:
            return None  # gRPC goes on with the configuration that it has
        used = pem.value
        return _configuration(used)

    fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", newest)
    return grpc.dynamic_ssl_server_credentials(_configuration(used), fetch, require_client_authentication=True)


def _configuration(pem: TlsPem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], pem.ca)


def identity_from_certificate(access: Access) -> IdentityOfContext:
    """Make the function that reads a caller's identity from its connection's certificate and its metadata.

    gRPC has verified the certificate, except in a resumed TLS session: there the function raises Unauthenticated where
    it has expired since.
    """

    def identify(context: Context) -> Identity:
        known = context.auth_context()
        certificate = certificate_of(known)
        if next(iter(known.get("ssl_session_reused", ())), b"") == b"true":
            still_good(certificate)
        return access.identity(certificate, sent("authorization"), sent(HEADER))

    return identify


def connection_of_call(access: Access) -> Callable[[Context], str]:
    """Make the function that says what a call's connection counts as; see `Access.connection`."""

    def connection(context: Context) -> str:
        if not access.proxies:
            return context.peer()
        return access.connection(context.peer(), certificate_of(context.auth_context()), sent(HEADER))

    return connection
