"""The connection to an etcd cluster: one channel for each endpoint, with TLS, tokens, deadlines and failover.

`etcd_client.py` has the calls that are made over it.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import grpc
from grpc import aio

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd import release
from schemaregistry_server.etcd.etcd_failures import AWAY, EtcdAway, EtcdRefused
from schemaregistry_server.etcd.v3 import rpc_pb2, rpc_pb2_grpc
from schemaregistry_server.security.certificates import open_to_all

EtcdMetadata = tuple[tuple[str, str], ...]
Request = TypeVar("Request")
AnswerT = TypeVar("AnswerT")

ATTEMPT_SECONDS: Final = 2.0
"""How long one endpoint may take before the next is asked: a stopped process or a cut cable never answers."""

PAUSE_SECONDS: Final = 0.05
"""The pause after the first round in which every endpoint failed."""

PAUSE_LIMIT: Final = 0.5
"""Seconds: the limit of the pause, which doubles after each further round."""

WITH_LEADER: Final = (("hasleader", "true"),)
"""Metadata that makes a member without a leader refuse at once, in place of letting the call wait."""

OPTIONS: Final = (
    # etcd closes connections that ping more often than every 5 s (--grpc-keepalive-min-time) or without a call.
    ("grpc.keepalive_time_ms", 6_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.keepalive_permit_without_calls", 0),
    # 0 is no limit: grpc would otherwise send two pings on a quiet watch and then no more.
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A page of documents is larger than grpc's limit of 4 MiB; `etcd_client.PAGE_BYTES` bounds it.
    ("grpc.max_receive_message_length", -1),
    # Channels of several stores share connections otherwise, and with them the backoff after a failure.
    ("grpc.use_local_subchannel_pool", 1),
)

OLD_TOKEN: Final = ("revision of auth store is old", "invalid auth token")
"""etcd's messages for a token from before its users or roles changed; a new token may pass."""


@dataclass(frozen=True, slots=True)
class EtcdTls:
    """PEM files: the CA that signed etcd's certificates and, where etcd asks for them, our certificate and key."""

    ca: Path
    cert: Path | None = None
    key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files; raises FailedPrecondition (ETCD_TLS) where one can't be read or others may read the key."""
        try:
            ca, key, cert = (path.read_bytes() if path else None for path in (self.ca, self.key, self.cert))
        except OSError as failed:
            raise FailedPrecondition(
                f"{failed.filename}: the TLS file for etcd can't be read ({failed.strerror}).", reason="ETCD_TLS"
            ) from failed
        if self.key and open_to_all(self.key):
            raise FailedPrecondition(
                f"{self.key}: every user of this machine may read or change the key for etcd; run: chmod o= {self.key}",
                reason="ETCD_TLS",
            )
        return grpc.ssl_channel_credentials(ca, key, cert)


class Endpoint:
    """One member's address and the stubs of its channel. `admitted`: its release was checked since it last failed."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None) -> None:
        self.address = address
        self.channel = (
            aio.secure_channel(address, credentials, OPTIONS) if credentials else aio.insecure_channel(address, OPTIONS)
        )
        self.kv = rpc_pb2_grpc.KVStub(self.channel)
        self.watch = rpc_pb2_grpc.WatchStub(self.channel)
        self.maintenance = rpc_pb2_grpc.MaintenanceStub(self.channel)
        self.auth = rpc_pb2_grpc.AuthStub(self.channel)
        self.lease = rpc_pb2_grpc.LeaseStub(self.channel)
        self.admitted = False


Rpc = Callable[[Endpoint], aio.UnaryUnaryMultiCallable[Request, AnswerT]]


class EtcdConnection:
    """Calls one endpoint at a time, and the next once that one fails.

    gRPC's own choice among addresses moves on when a connection breaks, but not when a member falls silent
    (docs/decisions/etcd-client.md). `endpoints` are HOST:PORT; with TLS each certificate must name its host. `token` is
    called before each call and its result sent as metadata (https://etcd.io/docs/v3.6/learning/design-auth-v3/).
    """

    def __init__(
        self, endpoints: Sequence[str], *, tls: EtcdTls | None = None, token: Callable[[], str] | None = None
    ) -> None:
        self.addresses = tuple(endpoints)
        self._tls = tls
        self._token = token
        self._endpoints = self._connect()
        self._closed = False
        # A random first endpoint, so that servers are spread over the members.
        self._turn = random.randrange(len(self.addresses))  # noqa: S311 (spreads servers over members)

    def _connect(self) -> tuple[Endpoint, ...]:
        credentials = self._tls.credentials() if self._tls else None
        return tuple(Endpoint(address, credentials) for address in self.addresses)

    @property
    def current(self) -> Endpoint:
        """The endpoint that is in use until it fails."""
        return self._endpoints[self._turn]

    def leave(self, endpoint: Endpoint) -> None:
        """Use the next endpoint from now on; does nothing where another call has left `endpoint` already."""
        endpoint.admitted = False
        if endpoint is self.current:
            self._turn = (self._turn + 1) % len(self._endpoints)

    async def check(self, *, seconds: float) -> None:
        """Ask every member for its release, for at most `seconds`.

        Raises FailedPrecondition (ETCD_TOO_OLD) where one is too old, EtcdAway or EtcdRefused where no member answers.
        """
        answers = await asyncio.gather(
            *(self._once(endpoint, _status, rpc_pb2.StatusRequest(), seconds) for endpoint in self._endpoints),
            return_exceptions=True,
        )
        for endpoint, answer in zip(self._endpoints, answers, strict=True):
            if isinstance(answer, rpc_pb2.StatusResponse):
                release.check(answer.version, endpoint.address)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if len(failures) == len(answers):
            raise failures[0]

    async def well(self, *, seconds: float) -> Mapping[str, bool]:
        """Ask every member how it is, for at most `seconds`: whether it answers, knows a leader and has no alarm."""
        answers = await asyncio.gather(
            *(self._once(endpoint, _status, rpc_pb2.StatusRequest(), seconds) for endpoint in self._endpoints),
            return_exceptions=True,
        )
        return {
            endpoint.address: isinstance(answer, rpc_pb2.StatusResponse) and bool(answer.leader) and not answer.errors
            for endpoint, answer in zip(self._endpoints, answers, strict=True)
        }

    async def call(self, rpc: Rpc[Request, AnswerT], request: Request, *, seconds: float, token: str = "") -> AnswerT:
        """Call endpoints in turn until one answers, for at most `seconds`; `token` is sent for this call alone.

        The request may reach etcd more than once, so it must be idempotent. Raises EtcdAway where no endpoint answered
        in time, EtcdRefused where one answered with an error.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + seconds
        for attempt in itertools.count(1):
            endpoint = self.current
            try:
                return await self.ask(
                    endpoint, rpc, request, seconds=min(ATTEMPT_SECONDS, deadline - now()), token=token
                )
            except EtcdAway as away:
                self.leave(endpoint)
                rounds, rest = divmod(attempt, len(self.addresses))
                # Half of the pause is random, so that servers that lost the same member don't come back together.
                pause = 0 if rest else min(PAUSE_SECONDS * 2**rounds, PAUSE_LIMIT) * random.uniform(0.5, 1)  # noqa: S311
                if self._closed or now() + pause >= deadline:
                    raise EtcdAway(f"{endpoint.address}: {away}") from away
            await asyncio.sleep(pause)
        raise AssertionError

    async def ask(
        self, endpoint: Endpoint, rpc: Rpc[Request, AnswerT], request: Request, *, seconds: float, token: str = ""
    ) -> AnswerT:
        """Call one endpoint once, or a second time with a new token where the connection's first was too old.

        Raises EtcdAway or EtcdRefused.
        """
        await self.admit(endpoint, seconds=seconds)
        try:
            return await self._once(endpoint, rpc, request, seconds, token)
        except EtcdRefused as refused:
            if token or not self._token or not any(words in refused.message for words in OLD_TOKEN):
                raise
            return await self._once(endpoint, rpc, request, seconds)

    async def admit(self, endpoint: Endpoint, *, seconds: float = ATTEMPT_SECONDS) -> None:
        """Check the release of an endpoint that is new or has failed; raises EtcdAway where it is too old.

        A member that failed may have come back as an older release.
        """
        if endpoint.admitted:
            return
        status = await self._once(endpoint, _status, rpc_pb2.StatusRequest(), seconds)
        try:
            release.check(status.version, endpoint.address)
        except FailedPrecondition as old:
            raise EtcdAway(old.message) from None
        endpoint.admitted = True

    def metadata(self, token: str = "") -> EtcdMetadata:
        """The metadata of each call: WITH_LEADER, and `token` or else the connection's, where there is one."""
        token = token or (self._token() if self._token else "")
        return (*WITH_LEADER, ("token", token)) if token else WITH_LEADER

    async def auth_status(self, *, seconds: float) -> rpc_pb2.AuthStatusResponse:
        """Ask whether etcd's authentication is on, and for the revision of its users and roles; raises as `call`."""
        return await self.call(lambda endpoint: endpoint.auth.AuthStatus, rpc_pb2.AuthStatusRequest(), seconds=seconds)

    async def renew(self) -> None:
        """Read the TLS files again and use new channels; calls in flight on the old ones may finish."""
        old, self._endpoints = self._endpoints, self._connect()
        await _close(old, grace=ATTEMPT_SECONDS)

    async def close(self) -> None:
        """Close every channel at once; calls in flight raise EtcdAway."""
        self._closed = True
        await _close(self._endpoints, grace=None)

    async def _once(
        self, endpoint: Endpoint, rpc: Rpc[Request, AnswerT], request: Request, seconds: float, token: str = ""
    ) -> AnswerT:
        try:
            return await rpc(endpoint)(request, timeout=seconds, metadata=self.metadata(token))
        except aio.AioRpcError as error:
            raise failure(error) from error
        except (asyncio.CancelledError, aio.UsageError) as closed:
            raise_closed(closed)


def raise_closed(error: BaseException) -> NoReturn:
    """Raise EtcdAway for a channel that was closed during a call, or `error` again where our own task was cancelled.

    grpc.aio raises CancelledError in both cases.
    """
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
        raise error
    raise EtcdAway("the connection was closed") from error


def failure(error: aio.AioRpcError) -> EtcdAway | EtcdRefused:
    """Turn a failed call into EtcdAway where another endpoint may answer it (AWAY), else into EtcdRefused."""
    message = error.details() or error.code().name
    return EtcdAway(message) if error.code() in AWAY else EtcdRefused(error.code(), message)


def _status(endpoint: Endpoint) -> "aio.UnaryUnaryMultiCallable[rpc_pb2.StatusRequest, rpc_pb2.StatusResponse]":
    return endpoint.maintenance.Status


async def _close(endpoints: Sequence[Endpoint], *, grace: float | None) -> None:
    await asyncio.gather(*(endpoint.channel.close(grace) for endpoint in endpoints))
