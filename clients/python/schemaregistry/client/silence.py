"""When a watch that hears nothing takes its connection for dead: `Silence` says after how long, `Watchdog` notices.

The registry marks its progress at least every interval, which it names in a watch's headers. A connection may be dead
though it answers pings: a proxy in between does that by itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Final

from schemaregistry.errors import InvalidArgument, Unavailable

INTERVAL: Final = 10.0
"""Seconds between marks, where a registry doesn't say."""

INTERVALS: Final = 3
"""So many without a word end a connection."""

_HEADER: Final = "x-schema-progress-seconds"


class Silence:
    """How long a watch waits for the next message: three intervals, or less where that would make a cache stale."""

    def __init__(self, max_staleness: float | None = None) -> None:
        self._max_staleness = max_staleness
        self.interval = INTERVAL
        """What the registry said last."""

    @property
    def allowed(self) -> float:
        """Seconds; what is left of `max_staleness` then is for a new connection."""
        longest = INTERVALS * self.interval
        return longest if self._max_staleness is None else min(longest, max(0.6 * self._max_staleness, self.interval))

    def read(self, headers: Iterable[tuple[str, str | bytes]] | None) -> None:
        """Take the interval of a stream's headers.

        Raises:
            InvalidArgument: a cache is allowed so little staleness that a healthy registry would be called stale
                between two of its marks (reason STALENESS_TOO_SHORT).
        """
        self.interval = _interval(dict(headers or ()).get(_HEADER))
        if self._max_staleness is not None and self._max_staleness < 2 * self.interval:
            raise InvalidArgument(
                f"max_staleness={self._max_staleness:g}: the registry is heard of every {self.interval:g} s, so allow "
                f"at least {2 * self.interval:g} s, or have it started with a shorter --progress-seconds",
                reason="STALENESS_TOO_SHORT",
            )

    def broken(self, target: str) -> Unavailable:
        """The error of a connection on which nothing was heard."""
        message = (
            f"no registry answers at {target}: a watch heard nothing for {self.allowed:g} s, not even that nothing "
            "happened; check that it is running, and what is in between"
        )
        return Unavailable(message, reason="SILENT", metadata={"target": target})


def _interval(said: str | bytes | None) -> float:
    try:
        seconds = float(said or INTERVAL)
    except ValueError:
        return INTERVAL
    return seconds if math.isfinite(seconds) and seconds > 0 else INTERVAL


class Watchdog:
    """Cancels a stream whose reader waited too long for a message, by a thread that ends with the stream."""

    def __init__(self, silence: Silence, cancel: Callable[[], object]) -> None:
        self._silence = silence
        self._cancel = cancel
        self._waiting_since: float | None = None
        self._changed = Condition()
        self._done = False
        self.barked = False
        """Whether it did."""
        Thread(target=self._run, name="schemaregistry-watchdog", daemon=True).start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While the reader waits. What it does between messages takes as long as it likes."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    def read(self, headers: Iterable[tuple[str, str | bytes]] | None) -> None:
        """As `Silence.read`."""
        self._silence.read(headers)
        with self._changed:
            self._changed.notify()

    def end(self) -> None:
        """Let the thread go."""
        with self._changed:
            self._done = True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._done:
                left = self._left()
                if left <= 0:
                    self.barked = True
                    break
                self._changed.wait(left)
        if self.barked:
            self._cancel()

    def _left(self) -> float:
        since = self._waiting_since
        waited = 0.0 if since is None else time.monotonic() - since
        return self._silence.allowed - waited
