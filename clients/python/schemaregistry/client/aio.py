"""The client for asyncio: `AsyncClient`, method for method as `sync.Client`. Only the waiting differs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import grpc

from schemaregistry.client import calls
from schemaregistry.client.answers import Fetched, Registered
from schemaregistry.client.calls import Call, Page
from schemaregistry.client.channel import OPTIONS
from schemaregistry.client.credentials import Credentials
from schemaregistry.client.failures import describe
from schemaregistry.client.follow import AsyncCache
from schemaregistry.client.position import Position
from schemaregistry.client.renewal import Renewing
from schemaregistry.client.shelf import LATEST, Shelf, version_asked
from schemaregistry.client.target import DEFAULT_TARGET, check_target, target_from_environment
from schemaregistry.client.watch import AsyncWatch
from schemaregistry.document import Document, Json
from schemaregistry.errors import DeadlineExceeded, RegistryError, Unavailable
from schemaregistry.v1 import registry_pb2
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

if TYPE_CHECKING:
    from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryAsyncStub

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class AsyncClient:
    """One connection to a registry over mutual TLS, for the tasks of the running loop; see `Client`.

    >>> async with AsyncClient("localhost:50051", credentials=Credentials.dev()) as client:   # doctest: +SKIP
    ...     (await client.get("ticks_v1")).version
    '1.1.0'
    """

    def __init__(
        self,
        target: str = DEFAULT_TARGET,
        *,
        credentials: Credentials,
        timeout: float = 5.0,
        cache_dir: str | Path | None = None,
    ) -> None:
        """As `Client`'s. Make it where the loop runs."""
        self.target = check_target(target)
        self.timeout = timeout
        self.credentials = credentials
        self._shelf = Shelf(target, cache_dir)
        self._connection = Renewing(credentials, self._connect, self._retire, timeout)
        self._closing: set[asyncio.Task[None]] = set()
        self._watches: WeakSet[AsyncWatch] = WeakSet()

    @classmethod
    def from_environment(
        cls, identity: str = "reader", *, timeout: float = 5.0, cache_dir: str | Path | None = None
    ) -> "AsyncClient":
        """As `Client.from_environment`."""
        credentials = Credentials.from_environment(identity)
        return cls(target_from_environment(), credentials=credentials, timeout=timeout, cache_dir=cache_dir)

    async def close(self) -> None:
        """Close the connection; calls and watches under way end."""
        for watch in list(self._watches):
            await watch.close()
        for channel in self._connection.all():
            await channel.close()
        await asyncio.gather(*self._closing)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def get(
        self, id: str, version: str = LATEST, *, min_revision: int = 0, max_staleness: float | None = None
    ) -> Fetched:
        """One version, byte for byte as it was registered; see `Client.get`."""
        version = version_asked(version)
        settled = self._shelf.settled(id, version)
        if settled is not None:
            return settled
        try:
            fetched = await self._send(calls.get(id, version, min_revision, self._shelf.known(id, version)))
        except (Unavailable, DeadlineExceeded) as away:
            return self._shelf.stale(id, version, min_revision, max_staleness, away)
        return self._shelf.keep(id, version, fetched)

    async def document(self, id: str, version: str = LATEST, *, min_revision: int = 0) -> Document:
        """One version, parsed (once for each content)."""
        return self._shelf.document(await self.get(id, version, min_revision=min_revision))

    async def register(self, document: bytes, id: str | None = None) -> Registered:
        """Add a version; see `Client.register`."""
        return await self._send(calls.register(document, id))

    async def check_compatibility(self, document: bytes, direction: str = "") -> registry_pb2.Verdict:
        """Judge a candidate against the latest version, in the document's own direction unless one is given."""
        return await self._send(calls.check_compatibility(document, direction))

    async def compare(self, id: str, old: str, new: str, direction: str = "") -> registry_pb2.Verdict:
        """Judge one registered version against another."""
        return await self._send(calls.compare(id, old, new, direction))

    def list_schemas(self, text: str = "", field: str = "", tag: str = "") -> AsyncIterator[registry_pb2.SchemaSummary]:
        """The schemas in the order of their ids: with `text` in id, title or description, a property, a tag."""
        return self._pages(calls.list_schemas(registry_pb2.ListSchemasRequest(text=text, field=field, tag=tag)))

    def list_versions(self, id: str) -> AsyncIterator[registry_pb2.SchemaVersion]:
        """The versions of one schema, oldest first."""
        return self._pages(calls.list_versions(id))

    async def validate(
        self, id: str, records: Sequence[Json], version: str = LATEST
    ) -> registry_pb2.ValidateRecordsResponse:
        """Judge a few records against one version, on the server."""
        return await self._send(calls.validate(id, records, version))

    async def whoami(self) -> registry_pb2.WhoAmIResponse:
        """The identity that the registry sees in this client's certificate."""
        return await self._send(calls.whoami())

    def watch(self, after_revision: int = 0, ids: Iterable[str] = (), *, include_documents: bool = False) -> AsyncWatch:
        """Every version after a revision, then each further one as it is registered; see `AsyncWatch`."""
        position = Position(after_revision, ids, include_documents=include_documents)
        watch = AsyncWatch(position, lambda request: self._connection.stub().WatchSchemas(request), self._error)
        self._watches.add(watch)
        return watch

    async def follow(self, ids: Iterable[str] = (), *, max_staleness: float = 60.0) -> AsyncCache:
        """The latest versions, kept up to date in the background; see `AsyncCache`."""
        followed = tuple(ids)
        return await AsyncCache(lambda: self.watch(ids=followed, include_documents=True), max_staleness).filled(
            self.timeout
        )

    def _connect(self, secure: grpc.ChannelCredentials) -> "tuple[grpc.aio.Channel, SchemaRegistryAsyncStub]":
        channel = grpc.aio.secure_channel(self.target, secure, OPTIONS)
        return channel, SchemaRegistryStub(channel)

    def _retire(self, channel: grpc.aio.Channel) -> None:
        closing = asyncio.get_running_loop().create_task(channel.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _send(self, call: Call[Answer]) -> Answer:
        rpc = getattr(self._connection.stub(), call.method)(call.request, timeout=self.timeout)
        try:
            response = await rpc
            metadata: list[tuple[str, Any]] = [*await rpc.initial_metadata(), *await rpc.trailing_metadata()]
        except grpc.RpcError as failure:
            raise await self._error(failure) from None
        return call.read(response, dict(metadata))

    async def _pages(self, call: Call[Page[Item]] | None) -> AsyncIterator[Item]:
        while call is not None:
            page = await self._send(call)
            for item in page.items:
                yield item
            call = page.next

    async def _error(self, failure: grpc.RpcError) -> RegistryError:
        return await asyncio.to_thread(describe, failure, self.target, self.credentials, self.timeout)
