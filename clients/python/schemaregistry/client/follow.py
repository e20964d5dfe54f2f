"""Caches of the latest versions that a watch updates in the background: `Cache` by a thread, `AsyncCache` by a task.

`latest.py` decides which versions are served, and for how long.
"""

import asyncio
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread
from types import TracebackType
from typing import NoReturn

from schemaregistry.client.answers import Fetched
from schemaregistry.client.latest import Latest, not_filled
from schemaregistry.client.renewal import closed
from schemaregistry.client.watch import AsyncWatch, Watch
from schemaregistry.errors import OutOfRange, RegistryError


class Cache:
    """The latest version of each followed schema, as `Client.follow` returns it.

    Threads may share it. Close it, or use it as a context manager. When the registry's store was replaced (restored
    from a snapshot), the cache is filled again from the beginning.
    """

    def __init__(self, open_watch: Callable[[], Watch], timeout: float, max_staleness: float) -> None:
        """Start the thread and wait until the cache is filled, at most `timeout` seconds.

        Raises DeadlineExceeded where that takes longer, and what `Watch` raises.
        """
        self._latest = Latest(max_staleness)
        self._open_watch = open_watch
        self._closed = False
        self._ready = Flag()
        self._watch = open_watch()
        # A daemon, so that a program which never closes the cache can end.
        Thread(target=self._run, name="schemaregistry-follow", daemon=True).start()
        if not self._ready.wait(timeout):
            self.close()
            raise not_filled(timeout)
        if self._latest.failure is not None:
            raise self._latest.failure

    def get(self, id: str) -> Fetched:
        """Return the latest version of `id`. Raises as `Latest.get` does."""
        return self._latest.get(id)

    def close(self) -> None:
        """Stop following; `get` then raises FailedPrecondition (reason CLIENT_CLOSED)."""
        self._closed = True
        self._watch.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a cache can't be pickled: pickle the client, and follow where it arrives")

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            while self._follow_one_store() and not self._closed:
                self._watch = self._open_watch()
            self._latest.failure = closed()
        except RegistryError as error:
            self._latest.failure = error
        finally:
            self._ready.set()

    def _follow_one_store(self) -> bool:
        """Follow until the watch is closed, and return False; True where the registry's store was replaced."""
        self._latest.begin()
        try:
            for event in self._watch:
                if self._latest.take(event):
                    self._ready.set()
        except OutOfRange:
            return True
        return False


class AsyncCache:
    """A `Cache` that a task of the running loop updates, as `AsyncClient.follow` returns it."""

    def __init__(self, open_watch: Callable[[], AsyncWatch], max_staleness: float) -> None:
        self._latest = Latest(max_staleness)
        self._open_watch = open_watch
        self._ready = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="schemaregistry-follow")

    async def filled(self, seconds: float) -> "AsyncCache":
        """Wait until the cache is filled, at most `seconds`, and return it.

        Raises DeadlineExceeded where that takes longer, and what `AsyncWatch` raises.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._ready.wait()
        except TimeoutError:
            await self.close()
            raise not_filled(seconds) from None
        if self._latest.failure is not None:
            raise self._latest.failure
        return self

    def get(self, id: str) -> Fetched:
        """Return the latest version of `id`. Raises as `Latest.get` does."""
        return self._latest.get(id)

    async def close(self) -> None:
        """Stop following; `get` then raises FailedPrecondition (reason CLIENT_CLOSED)."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def __reduce__(self) -> NoReturn:
        raise TypeError("a cache can't be pickled: pickle the client, and follow where it arrives")

    async def __aenter__(self) -> "AsyncCache":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self) -> None:
        try:
            while await self._follow_one_store():
                pass
            self._latest.failure = closed()
        except RegistryError as error:
            self._latest.failure = error
        except asyncio.CancelledError:
            self._latest.failure = closed()
            raise
        finally:
            self._ready.set()

    async def _follow_one_store(self) -> bool:
        self._latest.begin()
        try:
            async with self._open_watch() as watch:
                async for event in watch:
                    if self._latest.take(event):
                        self._ready.set()
        except OutOfRange:
            return True
        return False
