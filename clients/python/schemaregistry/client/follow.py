"""The latest versions, kept up to date in the background: `Cache` by a thread, `AsyncCache` by a task.

What is shown, and for how long, is `latest`'s.
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
    """The latest version of each schema followed. Threads may share it; close it, or use it as a context.

    Made by `Client.follow`. A store that turns out to be another one (it was restored) is read anew.
    """

    def __init__(self, open_watch: Callable[[], Watch], timeout: float, max_staleness: float) -> None:
        """Returns once everything that the registry has is here; raises as the watch does, or DeadlineExceeded."""
        self._latest = Latest(max_staleness)
        self._open_watch = open_watch
        self._closed = False
        self._ready = Flag()
        self._watch = open_watch()
        Thread(target=self._run, name="schemaregistry-follow", daemon=True).start()
        if not self._ready.wait(timeout):
            self.close()
            raise not_filled(timeout)
        if self._latest.failure is not None:
            raise self._latest.failure

    def get(self, id: str) -> Fetched:
        """The latest version of `id`; see `Latest.get` for what it raises."""
        return self._latest.get(id)

    def close(self) -> None:
        """Stop following; reading then raises FailedPrecondition (reason CLIENT_CLOSED)."""
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
        """Follow until the watch is closed; true where the store turned out to be another one."""
        self._latest.begin()
        try:
            for event in self._watch:
                if self._latest.take(event):
                    self._ready.set()
        except OutOfRange:
            return True
        return False


class AsyncCache:
    """As `Cache`, kept up to date by a task of the running loop. Made by `AsyncClient.follow`."""

    def __init__(self, open_watch: Callable[[], AsyncWatch], max_staleness: float) -> None:
        self._latest = Latest(max_staleness)
        self._open_watch = open_watch
        self._ready = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="schemaregistry-follow")

    async def filled(self, seconds: float) -> "AsyncCache":
        """Return once everything that the registry has is here; raises as the watch does, or DeadlineExceeded."""
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
        """The latest version of `id`; see `Latest.get` for what it raises."""
        return self._latest.get(id)

    async def close(self) -> None:
        """Stop following; reading then raises FailedPrecondition (reason CLIENT_CLOSED)."""
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
