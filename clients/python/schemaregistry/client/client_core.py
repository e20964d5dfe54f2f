"""The common part of `sync.Client` and `aio.AsyncClient`: their settings, their read cache and the channel in use."""

from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar
from weakref import WeakSet

import grpc

from schemaregistry.client.channel import KEEPALIVE, Keepalive, check_seconds
from schemaregistry.client.credentials import Credentials
from schemaregistry.client.pickling import revive, settings
from schemaregistry.client.read_cache import ReadCache
from schemaregistry.client.renewal import Renewing
from schemaregistry.client.renewed_token import RenewedToken
from schemaregistry.client.target import DEFAULT_TARGET, check_target, target_from_environment
from schemaregistry.errors import InvalidArgument, RegistryError

_TOO_OLD: Final = ("TOKEN_EXPIRED", "TOKEN_OUTDATED")
"""Reasons for which a token is refused that was good: this machine slept, or etcd's users or roles were changed."""

ChannelT = TypeVar("ChannelT")
StubT = TypeVar("StubT")
Watching = TypeVar("Watching")


class BaseClient(Generic[ChannelT, StubT, Watching]):
    """A connection to one registry under one identity; the two clients add how a call is sent and waited for."""

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        credentials: Credentials,
        timeout: float = 5.0,
        cache_dir: str | Path | None = None,
        keepalive: Keepalive = KEEPALIVE,
    ) -> None:
        """Read the files of the credentials; the connection is made by the first call.

        `timeout` is in seconds, for each call. With a `cache_dir`, answers are also stored on disk. Each call looks
        whether the credentials' files have changed, and connects again with the new ones if so. No event loop needs to
        run yet.

        Raises InvalidArgument where `target` isn't HOST:PORT, a file of the credentials is missing or unsound,
        `cache_dir` can't be written, or a time isn't one.
        """
        self.target = check_target(target)
        self.timeout = check_seconds(timeout, "timeout")
        self.credentials = credentials
        if not isinstance(keepalive, Keepalive):
            raise InvalidArgument(
                f"keepalive={keepalive!r}: give a Keepalive(idle=30, wait=10)", reason="BAD_KEEPALIVE"
            )
        self.keepalive = keepalive
        self._cache_dir = cache_dir
        self._cache = ReadCache(target, cache_dir)
        self._connection: Renewing[ChannelT, StubT] = Renewing(credentials, self._connect, self._retire, timeout)
        self._watches: WeakSet[Watching] = WeakSet()

    @classmethod
    def from_environment(
        cls, identity: str = "reader", *, timeout: float = 5.0, cache_dir: str | Path | None = None
    ) -> Self:
        """Return a client of the registry at SCHEMAREGISTRY_TARGET, with the files SCHEMAREGISTRY_CA, _CERT and _KEY.

        The defaults are localhost:50051, and the dev certificates of `identity` in SCHEMAREGISTRY_DATA or `./.data`.
        Raises InvalidArgument as the constructor does.
        """
        credentials = Credentials.from_environment(identity)
        return cls(target_from_environment(), credentials=credentials, timeout=timeout, cache_dir=cache_dir)

    def __reduce__(self) -> tuple[Any, ...]:
        return revive, (type(self), settings(self, self._cache_dir))

    def _connect(self, secure: grpc.ChannelCredentials) -> tuple[ChannelT, StubT]:
        """Return a new channel, and the stub with its calls."""
        raise NotImplementedError

    def _retire(self, channel: ChannelT) -> None:
        """Close a channel that another one has replaced."""
        raise NotImplementedError

    def _headers(self) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a call, which has the credentials' token. Raises as `Credentials.bearer` does.

        The channel is always one of mutual TLS, so a token is never sent in the clear.
        """
        token = self.credentials.bearer()
        return (("authorization", f"Bearer {token}"),) if token else ()

    def _noticed(self, error: RegistryError) -> RegistryError:
        """Return `error`; where it is for a token that is too old, the next call asks the exchanger for a new one."""
        if error.reason in _TOO_OLD and isinstance(self.credentials.token, RenewedToken):
            self.credentials.token.forget()
        return error

    def _seconds(self, timeout: float | None) -> float:
        return self.timeout if timeout is None else check_seconds(timeout, "timeout")
