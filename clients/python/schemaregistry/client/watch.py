"""Watches that reconnect by themselves: `Watch` for a thread to iterate, `AsyncWatch` for a task.

`position.py` decides what to ask for and what to deliver, `silence.py` how long to wait for a message.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Event as Flag
from threading import Lock
from types import TracebackType
from typing import NoReturn, Protocol, TypeAlias

import grpc

from schemaregistry.client.answers import Event
from schemaregistry.client.call_errors import to_error
from schemaregistry.client.position import Position
from schemaregistry.client.renewal import forked
from schemaregistry.client.silence import Silence, Watchdog
from schemaregistry.errors import FailedPrecondition, RegistryError
from schemaregistry.v1 import registry_pb2

StreamMetadata: TypeAlias = "Iterable[tuple[str, str | bytes]] | None"


class MessageStream(Protocol):
    """The stream of messages that grpc returns for WatchSchemas."""

    def __iter__(self) -> Iterator[registry_pb2.WatchSchemasResponse]: ...
    def initial_metadata(self) -> StreamMetadata: ...
    def cancel(self) -> object: ...


class AsyncMessageStream(Protocol):
    """The stream of messages that grpc.aio returns for WatchSchemas."""

    def __aiter__(self) -> AsyncIterator[registry_pb2.WatchSchemasResponse]: ...
    async def initial_metadata(self) -> StreamMetadata: ...
    def cancel(self) -> object: ...


@dataclass(frozen=True, slots=True)
class StreamOpener:
    """How a watch reaches its registry.

    `open` starts a stream, and returns with it a function that gives up the stream's connection, so that the next
    stream gets a new one. `describe` turns a failure into an error.
    """

    target: str
    open: Callable[[registry_pb2.WatchSchemasRequest], tuple[MessageStream, Callable[[], None]]]
    describe: Callable[[grpc.RpcError], RegistryError]


@dataclass(frozen=True, slots=True)
class AsyncStreamOpener:
    """`StreamOpener` for asyncio."""

    target: str
    open: Callable[[registry_pb2.WatchSchemasRequest], Awaitable[tuple[AsyncMessageStream, Callable[[], None]]]]
    describe: Callable[[grpc.RpcError], Awaitable[RegistryError]]


def _read_twice(reader: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"another {reader} waits for this watch's next event: give each {reader} a watch of its own",
        reason="READ_TWICE",
    )


class Watch(Iterator[Event]):
    """An iterator over the events of a watch, each once and in the order of their revisions; it reconnects by itself.

    Iterate in one thread; any thread may call `close`. It also reconnects where nothing arrives for three of the
    registry's intervals (30 s by default), not even a mark of progress.

    Raises Unavailable where the registry couldn't be reached at first; OutOfRange where the registry can't continue
    from the revision reached; FailedPrecondition in a process forked after the watch was made (reason FORKED) and while
    another thread waits for the next event (reason READ_TWICE); and the errors after which reconnecting is useless,
    such as PermissionDenied.
    """

    def __init__(self, position: Position, silence: Silence, opener: StreamOpener) -> None:
        self._position = position
        self._silence = silence
        self._opener = opener
        self._closed = Flag()
        self._stream: MessageStream | None = None
        self._process = os.getpid()
        self._turn = Lock()
        self._events = self._follow()

    def __next__(self) -> Event:
        if os.getpid() != self._process:
            raise forked("watch")
        if not self._turn.acquire(blocking=False):
            raise _read_twice("thread")
        try:
            return next(self._events)
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the iteration, even while another thread waits in it."""
        if os.getpid() != self._process:
            return
        self._closed.set()
        if self._stream is not None:
            self._stream.cancel()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a watch can't be pickled: pickle the client, and watch where it arrives")

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
                if not self._closed.is_set() and not self._position.should_reconnect(to_error(failure)):
                    raise self._opener.describe(failure) from None
            except RegistryError as error:
                if not self._closed.is_set() and not self._position.should_reconnect(error):
                    raise
            self._closed.wait(self._position.pause())

    def _one_connection(self) -> Iterator[Event]:
        """Yield the events of one connection. Raises grpc.RpcError, or Unavailable where nothing was heard."""
        stream, leave = self._opener.open(self._position.request())
        self._stream = stream
        watchdog = Watchdog(self._silence, stream.cancel)
        try:
            # `close` may have been called before there was a stream to cancel.
            if not self._closed.is_set():
                yield from self._read(stream, watchdog)
        except grpc.RpcError:
            if self._closed.is_set() or not watchdog.has_cancelled:
                raise
            leave()
            raise self._silence.broken(self._opener.target) from None
        finally:
            watchdog.end()
            stream.cancel()

    def _read(self, stream: MessageStream, watchdog: Watchdog) -> Iterator[Event]:
        messages = iter(stream)
        begun = False
        while True:
            with watchdog.waiting():
                message = next(messages, None)
            if message is None:
                return
            if not begun:
                # The headers arrive before the first message, so reading them now doesn't block.
                watchdog.read(stream.initial_metadata())
                begun = True
            event = self._position.accept(message)
            if event is not None and not self._closed.is_set():
                yield event


class AsyncWatch(AsyncIterator[Event]):
    """A `Watch` for one task to iterate; any task of the same loop may call `close`.

    Raises as `Watch`, READ_TWICE while another task waits for the next event.
    """

    def __init__(self, position: Position, silence: Silence, opener: AsyncStreamOpener) -> None:
        self._position = position
        self._silence = silence
        self._opener = opener
        self._closed = asyncio.Event()
        self._stream: AsyncMessageStream | None = None
        self._turn = asyncio.Lock()
        self._events = self._follow()

    async def __anext__(self) -> Event:
        if self._turn.locked():
            raise _read_twice("task")
        async with self._turn:
            return await anext(self._events)

    async def close(self) -> None:
        """End the iteration, even while another task waits in it."""
        self._closed.set()
        if self._stream is not None:
            self._stream.cancel()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a watch can't be pickled: pickle the client, and watch where it arrives")

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
                if not self._closed.is_set() and not self._position.should_reconnect(to_error(failure)):
                    raise await self._opener.describe(failure) from None
            except RegistryError as error:
                if not self._closed.is_set() and not self._position.should_reconnect(error):
                    raise
            await self._pause(self._position.pause())

    async def _one_connection(self) -> AsyncIterator[Event]:
        """Yield the events of one connection. Raises grpc.RpcError, or Unavailable where nothing was heard."""
        stream, leave = await self._opener.open(self._position.request())
        self._stream = stream
        try:
            # `close` may have been called before there was a stream to cancel.
            if self._closed.is_set():
                return
            async for event in self._read(stream):
                yield event
        except TimeoutError:
            leave()
            raise self._silence.broken(self._opener.target) from None
        except asyncio.CancelledError:
            # grpc.aio raises this in the reader of a cancelled stream, which happens when its channel is replaced: the
            # watch then goes on by the new channel. Only where the task itself was cancelled is it passed on.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        finally:
            stream.cancel()

    async def _read(self, stream: AsyncMessageStream) -> AsyncIterator[Event]:
        """Yield the events of a stream. Raises TimeoutError where nothing is heard."""
        messages = aiter(stream)
        begun = False
        while True:
            async with asyncio.timeout(self._silence.allowed):
                message = await anext(messages, None)
            if message is None:
                return
            if not begun:
                self._silence.read(await stream.initial_metadata())
                begun = True
            event = self._position.accept(message)
            if event is not None and not self._closed.is_set():
                yield event

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            pass
