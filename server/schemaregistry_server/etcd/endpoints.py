"""The endpoints of one cluster, each with its own channel, and the rule for which of them is asked.

Holds TLS, tokens, deadlines and failover; what is asked is `etcd_client.py`'s.
"""

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
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
"""How long one endpoint may take before the next is asked: a stopped process or a cut cable answers nothing."""

PAUSE_SECONDS: Final = 0.05
PAUSE_LIMIT: Final = 0.5
"""Between rounds, once every endpoint has failed; doubled each time up to the limit."""

WITH_LEADER: Final = (("hasleader", "true"),)

OPTIONS: Final = (
    # etcd closes connections that ping more often than every 5 s (--grpc-keepalive-min-time) or without a call.
    ("grpc.keepalive_time_ms", 6_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A page of documents is larger than grpc's 4 MiB; its size is bounded by what was asked for.
    ("grpc.max_receive_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
)

OLD_TOKEN: Final = ("revision of auth store is old", "invalid auth token")
"""What etcd says of a token from before its users or roles changed; a new one may pass."""


@dataclass(frozen=True, slots=True)
class EtcdTls:
    """PEM files: the CA that signed etcd's certificates and, where etcd asks for them, our certificate and key."""

    ca: Path
    cert: Path | None = None
    key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files; raise FailedPrecondition (ETCD_TLS) where that fails."""
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
    """One member's address and the stubs of its channel. `admitted`: its release was looked at since it last failed."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None) -> None:
        self.address = address
        self.channel = (
            aio.secure_channel(address, credentials, OPTIONS) if credentials else aio.insecure_channel(address, OPTIONS)
        )
        self.kv = rpc_pb2_grpc.KVStub(self.channel)
        self.watch = rpc_pb2_grpc.WatchStub(self.channel)
        self.maintenance = rpc_pb2_grpc.MaintenanceStub(self.channel)
        self.auth = rpc_pb2_grpc.AuthStub(self.channel)
        self.admitted = False


Rpc = Callable[[Endpoint], aio.UnaryUnaryMultiCallable[Request, AnswerT]]


class EtcdConnection:
    """Asks one endpoint at a time, and the next once that one fails.

    `endpoints` are HOST:PORT, and with TLS each certificate must hold its host. `token` is asked for before each call
    and sent as etcd wants it (https://etcd.io/docs/v3.6/learning/design-auth-v3/).
    """

    def __init__(
        self, endpoints: Sequence[str], *, tls: EtcdTls | None = None, token: Callable[[], str] | None = None
    ) -> None:
        self.addresses = tuple(endpoints)
        self._tls = tls
        self._token = token
        self._endpoints = self._connect()
        self._closed = False
        self._turn = random.randrange(len(self.addresses))  # noqa: S311 (spreads servers over members)

    def _connect(self) -> tuple[Endpoint, ...]:
        credentials = self._tls.credentials() if self._tls else None
        return tuple(Endpoint(address, credentials) for address in self.addresses)

    @property
    def current(self) -> Endpoint:
        """The endpoint that is asked until it fails."""
        return self._endpoints[self._turn]

    def leave(self, endpoint: Endpoint) -> None:
        """Ask the next endpoint from now on; does nothing where someone has left `endpoint` already."""
        endpoint.admitted = False
        if endpoint is self.current:
            self._turn = (self._turn + 1) % len(self._endpoints)

    async def check(self, *, seconds: float) -> None:
        """Raise FailedPrecondition where a member's release is too old, Away where no member answers."""
        said = await asyncio.gather(
            *(self._once(endpoint, _status, rpc_pb2.StatusRequest(), seconds) for endpoint in self._endpoints),
            return_exceptions=True,
        )
        for endpoint, answer in zip(self._endpoints, said, strict=True):
            if isinstance(answer, rpc_pb2.StatusResponse):
                release.check(answer.version, endpoint.address)
        failures = [answer for answer in said if isinstance(answer, BaseException)]
        if len(failures) == len(said):
            raise failures[0]

    async def call(self, rpc: Rpc[Request, AnswerT], request: Request, *, seconds: float) -> AnswerT:
        """Ask until an endpoint answers, for at most `seconds`; raise Away or Refused.

        The request may reach etcd more than once: it must be one that does no harm then.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + seconds
        for attempt in itertools.count(1):
            endpoint = self.current
            try:
                return await self.ask(endpoint, rpc, request, seconds=min(ATTEMPT_SECONDS, deadline - now()))
            except EtcdAway as away:
                self.leave(endpoint)
                rounds, rest = divmod(attempt, len(self.addresses))
                pause = 0 if rest else min(PAUSE_SECONDS * 2**rounds, PAUSE_LIMIT) * random.uniform(0.5, 1)  # noqa: S311
                if self._closed or now() + pause >= deadline:
                    raise EtcdAway(f"{endpoint.address}: {away}") from away
            await asyncio.sleep(pause)
        raise AssertionError

    async def ask(self, endpoint: Endpoint, rpc: Rpc[Request, AnswerT], request: Request, *, seconds: float) -> AnswerT:
        """Ask one endpoint once, or twice where it says that the token is old; raise Away or Refused."""
        await self.admit(endpoint, seconds=seconds)
        try:
            return await self._once(endpoint, rpc, request, seconds)
        except EtcdRefused as refused:
            if not self._token or not any(words in refused.message for words in OLD_TOKEN):
                raise
            return await self._once(endpoint, rpc, request, seconds)

    async def admit(self, endpoint: Endpoint, *, seconds: float = ATTEMPT_SECONDS) -> None:
        """Look at the release of an endpoint that is new or has failed; one that is too old counts as away."""
        if endpoint.admitted:
            return
        status = await self._once(endpoint, _status, rpc_pb2.StatusRequest(), seconds)
        try:
            release.check(status.version, endpoint.address)
        except FailedPrecondition as old:
            raise EtcdAway(old.message) from None
        endpoint.admitted = True

    def metadata(self) -> EtcdMetadata:
        """What each call carries: a member without a leader shall refuse at once, and who asks."""
        return (*WITH_LEADER, ("token", self._token())) if self._token else WITH_LEADER

    async def renew(self) -> None:
        """Read the TLS files again and use new channels; calls in flight on the old ones may finish."""
        old, self._endpoints = self._endpoints, self._connect()
        await _close(old, grace=ATTEMPT_SECONDS)

    async def close(self) -> None:
        """Close every channel at once; calls in flight raise Away."""
        self._closed = True
        await _close(self._endpoints, grace=None)

    async def _once(self, endpoint: Endpoint, rpc: Rpc[Request, AnswerT], request: Request, seconds: float) -> AnswerT:
        try:
            return await rpc(endpoint)(request, timeout=seconds, metadata=self.metadata())
        except aio.AioRpcError as error:
            raise failure(error) from error
        except (asyncio.CancelledError, aio.UsageError) as closed:
            raise_closed(closed)


def raise_closed(error: BaseException) -> NoReturn:
    """Tell a channel that was closed under a call (grpc.aio cancels the call) from a task that is cancelled."""
    task = asyncio.current_task()
    if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
        raise error
    raise EtcdAway("the connection was closed") from error


def failure(error: aio.AioRpcError) -> EtcdAway | EtcdRefused:
    """What a failed call means for its caller."""
    message = error.details() or error.code().name
    return EtcdAway(message) if error.code() in AWAY else EtcdRefused(error.code(), message)


def _status(endpoint: Endpoint) -> "aio.UnaryUnaryMultiCallable[rpc_pb2.StatusRequest, rpc_pb2.StatusResponse]":
    return endpoint.maintenance.Status


async def _close(endpoints: Sequence[Endpoint], *, grace: float | None) -> None:
    await asyncio.gather(*(endpoint.channel.close(grace) for endpoint in endpoints))
