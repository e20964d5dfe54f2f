"""Count the calls of each caller by token buckets in the memory of one process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

BURST_SECONDS: Final = 1.0
"""A bucket that is full has the tokens of so many seconds."""

MAX_BUCKETS: Final = 16_384
"""Buckets of one table, as many as gRPC takes calls; beyond these the one that was used longest ago is forgotten, which
is full again after BURST_SECONDS anyway."""


class TokenBuckets:
    """A bucket for each key: it gets `rate` tokens a second, up to those of BURST_SECONDS, at least one.

    Of each bucket only the time is stored at which it is full again (the generic cell rate algorithm, ITU-T I.371).
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic, most: int = MAX_BUCKETS) -> None:
        self._seconds_each = 1 / rate
        self._burst = max(BURST_SECONDS, self._seconds_each)
        self._clock = clock
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str) -> float:
        """Take a token of `key`, and return 0; where there is none, the seconds until there is."""
        now = self._clock()
        full_at = max(now, self._full_at.get(key, now)) + self._seconds_each
        wait = full_at - now - self._burst
        if wait > _ROUNDING:
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return 0.0


_ROUNDING: Final = 1e-6
"""Seconds that sums of floats may be off."""
