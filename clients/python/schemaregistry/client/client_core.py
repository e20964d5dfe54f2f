"""What `sync.Client` and `aio.AsyncClient` are made of: their settings, what they remember, the channel in use."""

from pathlib import Path
from typing import Any, Generic, Self, TypeVar
from weakref import WeakSet

import grpc

from schemaregistry.client.channel import KEEPALIVE, Keepalive, check_seconds
from schemaregistry.client.credentials import Credentials
from schemaregistry.client.pickling import revive, settings
from schemaregistry.client.read_cache import ReadCache
from schemaregistry.client.renewal import Renewing
from schemaregistry.client.target import DEFAULT_TARGET, check_target, target_from_environment

ChannelT = TypeVar("ChannelT")
StubT = TypeVar("StubT")
Watching = TypeVar("Watching")


class BaseClient(Generic[ChannelT, StubT, Watching]):
    """One registry, the identity that asks it, and its answers. How a call is sent and waited for is the client's."""

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        credentials: Credentials,
        timeout: float = 5.0,
        cache_dir: str | Path | None = None,
        keepalive: Keepalive = KEEPALIVE,
    ) -> None:
        """Reads the credentials' files, connects with the first call; answers are also kept in `cache_dir`, if given.

        The files are looked at with each call: once they are others, the client connects anew with them. No event loop
        needs to run yet.

        Raises:
            InvalidArgument: `target` is no HOST:PORT, a credentials' file is missing or not what it should be,
                `cache_dir` can't be written, or a time is none.
        """
        self.target = check_target(target)
        self.timeout = check_seconds(timeout, "timeout")
        self.credentials = credentials
        self.keepalive = keepalive
        self._cache_dir = cache_dir
        self._shelf = ReadCache(target, cache_dir)
        self._connection: Renewing[ChannelT, StubT] = Renewing(credentials, self._connect, self._retire, timeout)
        self._watches: WeakSet[Watching] = WeakSet()

    @classmethod
    def from_environment(
        cls, identity: str = "reader", *, timeout: float = 5.0, cache_dir: str | Path | None = None
    ) -> Self:
        """The registry at SCHEMAREGISTRY_TARGET with the files of SCHEMAREGISTRY_CA, _CERT and _KEY.

        Without them: localhost:50051, and the dev certificates of `identity` under SCHEMAREGISTRY_DATA or `./.data`.
        """
        credentials = Credentials.from_environment(identity)
        return cls(target_from_environment(), credentials=credentials, timeout=timeout, cache_dir=cache_dir)

    def __reduce__(self) -> tuple[Any, ...]:
        return revive, (type(self), settings(self, self._cache_dir))

    def _connect(self, secure: grpc.ChannelCredentials) -> tuple[ChannelT, StubT]:
        """A new channel, and its calls."""
        raise NotImplementedError

    def _retire(self, channel: ChannelT) -> None:
        """Close a channel that another one has replaced."""
        raise NotImplementedError

    def _seconds(self, timeout: float | None) -> float:
        return self.timeout if timeout is None else check_seconds(timeout, "timeout")
