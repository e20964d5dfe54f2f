"""The client for asyncio: `AsyncClient` has the methods of `sync.Client`, as coroutines."""

# ruff: noqa: ASYNC109 (`timeout` is gRPC's deadline of the call, and has the same name in `Client`)

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from schemaregistry.client import calls, reads
from schemaregistry.client.answers import Fetched, FetchedContract, Registered, StateSet
from schemaregistry.client.call_errors import describe, pause_of
from schemaregistry.client.calls import Page, UnaryCall
from schemaregistry.client.channel import check_seconds, options
from schemaregistry.client.client_core import BaseClient
from schemaregistry.client.follow import AsyncCache
from schemaregistry.client.position import Position, many_ids
from schemaregistry.client.read_cache import LATEST
from schemaregistry.client.reads import Steps
from schemaregistry.client.silence import Silence
from schemaregistry.client.watch import AsyncMessageStream, AsyncStreamOpener, AsyncWatch
from schemaregistry.document import Document, Json
from schemaregistry.document.origin import UNSTATED, Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import FailedPrecondition, RegistryError, ResourceExhausted
from schemaregistry.v1 import registry_pb2
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

if TYPE_CHECKING:
    from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryAsyncStub

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")


class AsyncClient(BaseClient[grpc.aio.Channel, "SchemaRegistryAsyncStub", AsyncWatch]):
    """One connection to a registry over mutual TLS, for the tasks of one event loop: the loop of its first call.

    Raises FailedPrecondition (reason OTHER_LOOP) in another loop; each `asyncio.run` makes a new one. Everything else
    is as in `Client`.

    >>> async with AsyncClient("localhost:50051", credentials=Credentials.dev()) as client:   # doctest: +SKIP
    ...     (await client.get("ticks_v1")).version
    '1.1.0'
    """

    _loop: asyncio.AbstractEventLoop | None = None

    @cached_property
    def _closing(self) -> "set[asyncio.Task[None]]":
        return set()

    async def close(self) -> None:
        """Close the connection, and end the calls and watches that are running."""
        channels = self._connection.end()
        if self._loop is not asyncio.get_running_loop():
            # The loop has ended, and its calls and watches with it; awaiting their channels here would raise.
            return
        for watch in list(self._watches):
            await watch.close()
        for channel in channels:
            await channel.close()
        await asyncio.gather(*self._closing)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def get(
        self,
        id: str,
        version: str = LATEST,
        *,
        min_revision: int = 0,
        max_staleness: float | None = None,
        timeout: float | None = None,
    ) -> Fetched:
        """Return one version, byte for byte as it was registered; see `Client.get`."""
        return await self._run(reads.get(self._cache, id, version, min_revision, max_staleness), timeout)

    async def document(
        self, id: str, version: str = LATEST, *, min_revision: int = 0, timeout: float | None = None
    ) -> Document:
        """Return one version as a parsed document; see `Client.document`."""
        return await self._run(reads.document(self._cache, id, version, min_revision), timeout)

    async def contract(
        self,
        id: str,
        version: str = LATEST,
        *,
        min_revision: int = 0,
        max_staleness: float | None = None,
        timeout: float | None = None,
    ) -> FetchedContract:
        """Return the contract of one version with its document; see `Client.contract`."""
        return await self._run(reads.contract(self._cache, id, version, min_revision, max_staleness), timeout)

    async def register(
        self,
        document: bytes | str,
        id: str | None = None,
        *,
        origin: Origin = UNSTATED,
        timeout: float | None = None,
    ) -> Registered:
        """Register a version; see `Client.register`."""
        return await self._send(calls.register(document, id, origin), timeout)

    async def set_state(
        self,
        id: str,
        version: str,
        state: VersionState,
        *,
        expected_revision: int = 0,
        timeout: float | None = None,
    ) -> StateSet:
        """Give a version a state; see `Client.set_state`."""
        return await self._run(reads.set_state(self._cache, id, version, state, expected_revision), timeout)

    async def check_compatibility(
        self, document: bytes | str, direction: str = "", *, timeout: float | None = None
    ) -> registry_pb2.Verdict:
        """Judge a candidate as its registration would be judged; see `Client.check_compatibility`."""
        return await self._send(calls.check_compatibility(document, direction), timeout)

    async def compare(
        self, id: str, old: str, new: str, direction: str = "", *, timeout: float | None = None
    ) -> registry_pb2.Verdict:
        """Judge one registered version against another; see `Client.compare`."""
        return await self._send(calls.compare(id, old, new, direction), timeout)

    def list_schemas(
        self, text: str = "", field: str = "", tag: str = "", fingerprint: str = "", *, timeout: float | None = None
    ) -> AsyncIterator[registry_pb2.SchemaSummary]:
        """Yield the schemas in the order of their ids; see `Client.list_schemas`."""
        request = calls.message_of(
            registry_pb2.ListSchemasRequest, text=text, field=field, tag=tag, fingerprint=fingerprint
        )
        return self._pages(calls.list_schemas(request), timeout)

    def list_versions(self, id: str, *, timeout: float | None = None) -> AsyncIterator[registry_pb2.SchemaVersion]:
        """Yield the versions of one schema, oldest first; `timeout` (seconds) is for each page."""
        return self._pages(calls.list_versions(id), timeout)

    def list_consumers(self, id: str, *, timeout: float | None = None) -> AsyncIterator[registry_pb2.ObservedConsumer]:
        """Yield who read one schema within a week; see `Client.list_consumers`."""
        return self._pages(calls.list_consumers(id), timeout)

    async def validate(
        self, id: str, records: Sequence[Json], version: str = LATEST, *, timeout: float | None = None
    ) -> registry_pb2.ValidateRecordsResponse:
        """Check a few records against one version, on the server; see `Client.validate`."""
        return await self._send(calls.validate(id, records, version), timeout)

    async def whoami(self, *, timeout: float | None = None) -> registry_pb2.WhoAmIResponse:
        """Return the identity that the registry reads from this client's certificate or token, and what it may do."""
        return await self._send(calls.whoami(), timeout)

    def watch(self, after_revision: int = 0, ids: Iterable[str] = (), *, include_documents: bool = False) -> AsyncWatch:
        """Watch for versions registered after a revision; see `AsyncWatch` and `Client.watch`."""
        position = Position(after_revision, many_ids(ids), include_documents=include_documents)
        return self._watch(position, Silence())

    async def follow(
        self, ids: Iterable[str] = (), *, max_staleness: float = 60.0, timeout: float | None = None
    ) -> AsyncCache:
        """Return a cache of the latest versions that is updated in the background; see `Client.follow`."""
        followed = many_ids(ids)
        staleness = check_seconds(max_staleness, "max_staleness")
        seconds = self._seconds(timeout)

        def open_watch() -> AsyncWatch:
            return self._watch(Position(0, followed, include_documents=True), Silence(staleness))

        self._check_usable()
        return await AsyncCache(open_watch, staleness).filled(seconds)

    def _watch(self, position: Position, silence: Silence) -> AsyncWatch:
        self._connection.check_open()
        watch = AsyncWatch(position, silence, AsyncStreamOpener(self.target, self._open_stream, self._error))
        self._watches.add(watch)
        return watch

    async def _open_stream(
        self, request: registry_pb2.WatchSchemasRequest
    ) -> tuple[AsyncMessageStream, Callable[[], None]]:
        headers = await self._own_headers()
        stub = self._stub()
        return stub.WatchSchemas(request, metadata=headers), lambda: self._connection.leave(stub)

    async def _own_headers(self) -> tuple[tuple[str, str], ...]:
        # In a thread: a token's function may ask an exchanger. Reading a file is quicker than handing it to a thread.
        return await asyncio.to_thread(self._headers) if self.credentials.token else self._headers()

    def _check_usable(self) -> None:
        """Raise FailedPrecondition where the client is closed (CLIENT_CLOSED) or used in another loop (OTHER_LOOP)."""
        self._connection.check_open()
        running = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = running
        if self._loop is not running:
            message = (
                "this AsyncClient belongs to the event loop of its first call, and this is another one: make a client "
                "in each loop (each asyncio.run makes a new one)"
            )
            raise FailedPrecondition(message, reason="OTHER_LOOP")

    def _stub(self) -> "SchemaRegistryAsyncStub":
        self._check_usable()
        return self._connection.stub()

    def _connect(self, secure: grpc.ChannelCredentials) -> "tuple[grpc.aio.Channel, SchemaRegistryAsyncStub]":
        channel = grpc.aio.secure_channel(self.target, secure, options(self.target, self.keepalive))
        return channel, SchemaRegistryStub(channel)

    def _retire(self, channel: grpc.aio.Channel) -> None:
        # `Renewing` calls this without awaiting, so a task does it; a task without a reference could be collected.
        closing = asyncio.get_running_loop().create_task(channel.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _run(self, steps: Steps[AnswerT], timeout: float | None) -> AnswerT:
        self._check_usable()
        try:
            call = next(steps)
            while True:
                try:
                    answer = await self._send(call, timeout)
                except RegistryError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(answer)
        except StopIteration as done:
            result: AnswerT = done.value
            return result

    async def _send(self, call: UnaryCall[AnswerT], timeout: float | None) -> AnswerT:
        """Send a call, and again where it was over a limit on calls a second, all within its timeout."""
        seconds = self._seconds(timeout)
        ends = time.monotonic() + seconds
        while True:
            try:
                return await self._send_once(call, seconds, ends - time.monotonic())
            except ResourceExhausted as error:
                pause = pause_of(error, ends - time.monotonic())
                if not pause:
                    raise
            await asyncio.sleep(pause)

    async def _send_once(self, call: UnaryCall[AnswerT], seconds: float, left: float) -> AnswerT:
        headers = await self._own_headers()
        rpc = getattr(self._stub(), call.method)(call.request, timeout=left, metadata=headers)
        try:
            response = await rpc
            metadata: list[tuple[str, Any]] = [*await rpc.initial_metadata(), *await rpc.trailing_metadata()]
        except grpc.RpcError as failure:
            raise await self._error(failure, seconds) from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                # Nobody cancelled the task: closing the channel, while the call ran, cancelled the call.
                self._connection.check_open()
            raise
        return call.read(response, dict(metadata))

    async def _pages(self, call: UnaryCall[Page[ItemT]] | None, timeout: float | None) -> AsyncIterator[ItemT]:
        while call is not None:
            page = await self._send(call, timeout)
            for item in page.items:
                yield item
            call = page.next

    async def _error(self, failure: grpc.RpcError, seconds: float | None = None) -> RegistryError:
        # In a thread: `describe` may open a blocking connection to find out why the registry can't be reached.
        error = await asyncio.to_thread(describe, failure, self.target, self.credentials, seconds or self.timeout)
        return self._noticed(error)
