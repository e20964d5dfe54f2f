"""Detect a watch whose connection is dead: `Silence` decides after how many seconds, `Watchdog` measures them.

The registry sends a mark of progress at least once in an interval, which it states in the headers of a watch. Pings
don't suffice, because a proxy in between answers them by itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Final

from schemaregistry.errors import InvalidArgument, Unavailable

INTERVAL: Final = 10.0
"""Seconds between marks of progress, for a registry that doesn't state them (an older one)."""

INTERVALS: Final = 3
"""Intervals without a message after which a connection counts as dead."""

_HEADER: Final = "x-schema-progress-seconds"


class Silence:
    """How long a watch waits for the next message: three intervals, or less where that would make a cache stale."""

    def __init__(self, max_staleness: float | None = None) -> None:
        self._max_staleness = max_staleness
        self.interval = INTERVAL
        """Seconds between marks of progress, as the registry stated last."""

    @property
    def allowed(self) -> float:
        """Seconds to wait for a message; shorter for caches, to leave time to reconnect before `max_staleness`."""
        # With 0.6 of `max_staleness` a cache keeps 0.4 of it for a new connection before it goes stale.
        longest = INTERVALS * self.interval
        return longest if self._max_staleness is None else min(longest, max(0.6 * self._max_staleness, self.interval))

    def read(self, headers: Iterable[tuple[str, str | bytes]] | None) -> None:
        """Read the interval from a stream's headers.

        Raises InvalidArgument (reason STALENESS_TOO_SHORT) where `max_staleness` is less than two intervals: the cache
        would go stale between two marks of a healthy registry.
        """
        self.interval = _interval(dict(headers or ()).get(_HEADER))
        if self._max_staleness is not None and self._max_staleness < 2 * self.interval:
            raise InvalidArgument(
                f"max_staleness={self._max_staleness:g}: the registry is heard of every {self.interval:g} s, so allow "
                f"at least {2 * self.interval:g} s, or have it started with a shorter --progress-seconds",
                reason="STALENESS_TOO_SHORT",
            )

    def broken(self, target: str) -> Unavailable:
        """Return the error for a connection on which nothing was heard."""
        message = (
            f"no registry answers at {target}: a watch heard nothing for {self.allowed:g} s, not even that nothing "
            "happened; check that it is running, and what is in between"
        )
        return Unavailable(message, reason="SILENT", metadata={"target": target})


def _interval(stated: str | bytes | None) -> float:
    try:
        seconds = float(stated or INTERVAL)
    except ValueError:
        return INTERVAL
    return seconds if math.isfinite(seconds) and seconds > 0 else INTERVAL


class Watchdog:
    """A thread that cancels a stream when its reader has waited too long for a message; it ends with the stream.

    gRPC's blocking iterator has no timeout for a single message, hence the thread.
    """

    def __init__(self, silence: Silence, cancel: Callable[[], object]) -> None:
        self._silence = silence
        self._cancel = cancel
        self._waiting_since: float | None = None
        self._changed = Condition()
        self._done = False
        self.has_cancelled = False
        """Whether it has cancelled the stream."""
        Thread(target=self._run, name="schemaregistry-watchdog", daemon=True).start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A context in which the reader waits for a message; time that it spends outside of it isn't counted."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    def read(self, headers: Iterable[tuple[str, str | bytes]] | None) -> None:
        """Read the interval from a stream's headers. Raises InvalidArgument as `Silence.read` does."""
        self._silence.read(headers)
        with self._changed:
            self._changed.notify()

    def end(self) -> None:
        """End the thread."""
        with self._changed:
            self._done = True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._done:
                left = self._left()
                if left <= 0:
                    self.has_cancelled = True
                    break
                self._changed.wait(left)
        if self.has_cancelled:
            self._cancel()

    def _left(self) -> float:
        since = self._waiting_since
        waited = 0.0 if since is None else time.monotonic() - since
        return self._silence.allowed - waited
