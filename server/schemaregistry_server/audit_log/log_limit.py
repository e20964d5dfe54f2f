"""Bound how many lines a kind of event may write to the log, where a peer can cause any number of them."""

import time
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 60.0


class LogLimit:
    """Lets `most` lines through in WINDOW_SECONDS, and counts the others."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._since = clock()
        self._count = 0

    def admit(self) -> tuple[bool, int]:
        """Count an event; return whether it may be logged, and how many were left out in the window before this one."""
        left_out = 0
        if (now := self._clock()) - self._since > WINDOW_SECONDS:
            left_out = max(0, self._count - self._most)
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= self._most, left_out
