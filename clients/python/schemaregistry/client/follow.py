"""The latest versions in memory, kept up to date by a watch: reading one costs a dict lookup."""

import time
from collections.abc import Callable
from copy import copy
from threading import Event as Flag
from threading import Thread
from types import TracebackType

from schemaregistry.client.answers import Event, Fetched
from schemaregistry.client.watch import Watch
from schemaregistry.errors import DeadlineExceeded, NotFound, OutOfRange, RegistryError, Unavailable


class Cache:
    """The latest version of each schema followed. Threads may share it; close it, or use it as a context.

    Made by `Client.follow`, which returns once everything that the registry has is here; raises as `Client.watch`
    does where it can't be had.
    """

    def __init__(self, open_watch: Callable[[], Watch], timeout: float, max_staleness: float) -> None:
        self._open_watch = open_watch
        self._max_staleness = max_staleness
        self._latest: dict[str, Fetched] = {}
        self._heard_at = time.monotonic()
        self._failure: RegistryError | None = None
        self._closed = False
        self._ready = Flag()
        self._watch = open_watch()
        Thread(target=self._run, name="schemaregistry-follow", daemon=True).start()
        self._wait_until_filled(timeout)

    def get(self, id: str) -> Fetched:
        """The latest version of `id`.

        Raises:
            NotFound: it isn't registered, or isn't followed.
            Unavailable: the registry was not heard of for `max_staleness` seconds (reason STALE).
            OutOfRange, PermissionDenied, …: what ended the watch for good.
        """
        if self._failure is not None:
            raise copy(self._failure)
        silence = time.monotonic() - self._heard_at
        if silence > self._max_staleness:
            allowed = f"longer than the {self._max_staleness:,.0f} s allowed"
            message = f"the registry was last heard of {silence:,.0f} s ago, {allowed}: check that it is running"
            raise Unavailable(message, reason="STALE")
        try:
            return self._latest[id]
        except KeyError:
            raise NotFound(f"no schema {id} is followed here", reason="NO_SUCH_SCHEMA") from None

    def close(self) -> None:
        """Stop following."""
        self._closed = True
        self._watch.close()

    def __enter__(self) -> "Cache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_until_filled(self, timeout: float) -> None:
        filled = self._ready.wait(timeout)
        if self._failure is not None:
            raise copy(self._failure)
        if not filled:
            self.close()
            message = f"the registry did not send what it has within {timeout:g} s: try again, or allow more time"
            raise DeadlineExceeded(message, reason="DEADLINE_EXCEEDED")

    def _run(self) -> None:
        try:
            while self._follow_one_store():
                self._watch = self._open_watch()
        except RegistryError as error:
            self._failure = error
        finally:
            self._ready.set()

    def _follow_one_store(self) -> bool:
        """Follow until the watch is closed; true where the store turned out to be another one, to be read anew."""
        filling: dict[str, Fetched] = {}
        try:
            for event in self._watch:
                self._take(event, filling)
        except OutOfRange:
            return not self._closed
        return False

    def _take(self, event: Event, filling: dict[str, Fetched]) -> None:
        """Take one event; what is being filled is shown at the first progress mark, whole."""
        if event.document is not None:
            filling[event.id] = Fetched(event.document, event.id, event.version, event.revision, event.fingerprint)
        if event.kind == "progress":
            self._latest = filling
            self._ready.set()
        if not event.stale:
            self._heard_at = time.monotonic()
