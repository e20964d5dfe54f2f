"""A watch that outlives its connections: `Watch` for a thread to iterate, `AsyncWatch` for a task.

What to ask for and what to deliver is `position`'s.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from threading import Event as Flag
from types import TracebackType
from typing import Protocol

import grpc

from schemaregistry.client.answers import Event
from schemaregistry.client.failures import to_error
from schemaregistry.client.position import Position
from schemaregistry.errors import RegistryError
from schemaregistry.v1 import registry_pb2


class Stream(Protocol):
    """A server's stream of messages."""

    def __iter__(self) -> Iterator[registry_pb2.WatchSchemasResponse]: ...
    def cancel(self) -> object: ...


class AsyncStream(Protocol):
    """The same for a task."""

    def __aiter__(self) -> AsyncIterator[registry_pb2.WatchSchemasResponse]: ...
    def cancel(self) -> object: ...


class Watch(Iterator[Event]):
    """The events of a watch, each once and in the order of their revisions; it reconnects by itself.

    Iterate in one thread; `close` may come from any. Raises OutOfRange where the registry can't serve from the
    revision reached, and Unavailable where it could not be reached in the first place.
    """

    def __init__(
        self,
        position: Position,
        open_stream: Callable[[registry_pb2.WatchSchemasRequest], Stream],
        describe: Callable[[grpc.RpcError], RegistryError],
    ) -> None:
        self._position = position
        self._open = open_stream
        self._describe = describe
        self._closed = Flag()
        self._stream: Stream | None = None
        self._events = self._follow()

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        """End the iteration, also where it waits in another thread."""
        self._closed.set()
        if self._stream is not None:
            self._stream.cancel()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self) -> Iterator[Event]:
        while not self._closed.is_set():
            try:
                yield from self._one_connection()
            except grpc.RpcError as failure:
                if not self._closed.is_set() and not self._position.survives(to_error(failure)):
                    raise self._describe(failure) from None
            self._closed.wait(self._position.pause())

    def _one_connection(self) -> Iterator[Event]:
        self._stream = stream = self._open(self._position.request())
        try:
            # `close` may have come before there was a stream to cancel.
            if self._closed.is_set():
                return
            for message in stream:
                event = self._position.accept(message)
                if event is not None and not self._closed.is_set():
                    yield event
        finally:
            stream.cancel()


class AsyncWatch(AsyncIterator[Event]):
    """As `Watch`, for one task to iterate; `close` may come from any other of the same loop."""

    def __init__(
        self,
        position: Position,
        open_stream: Callable[[registry_pb2.WatchSchemasRequest], AsyncStream],
        describe: Callable[[grpc.RpcError], Awaitable[RegistryError]],
    ) -> None:
        self._position = position
        self._open = open_stream
        self._describe = describe
        self._closed = asyncio.Event()
        self._stream: AsyncStream | None = None
        self._events = self._follow()

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def close(self) -> None:
        """End the iteration, also where another task waits in it."""
        self._closed.set()
        if self._stream is not None:
            self._stream.cancel()

    async def __aenter__(self) -> "AsyncWatch":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _follow(self) -> AsyncIterator[Event]:
        while not self._closed.is_set():
            try:
                async for event in self._one_connection():
                    yield event
            except grpc.RpcError as failure:
                if not self._closed.is_set() and not self._position.survives(to_error(failure)):
                    raise await self._describe(failure) from None
            await self._pause(self._position.pause())

    async def _one_connection(self) -> AsyncIterator[Event]:
        self._stream = stream = self._open(self._position.request())
        try:
            async for message in stream:
                event = self._position.accept(message)
                if event is not None and not self._closed.is_set():
                    yield event
        except asyncio.CancelledError:
            # Cancelling a stream raises this in its reader: only a cancelled task is to end by it. The stream's channel
            # may have been replaced; then the watch goes on by another one.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        finally:
            stream.cancel()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            pass
