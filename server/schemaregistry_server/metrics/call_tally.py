"""Counts of one method's calls in plain Python numbers, added to Prometheus' metrics every now and then.

Reads are most of the calls, and cost little more than prometheus-client's own counters would: four of them for each
call, each with a lock and a write to shared memory. `flush` brings them over for many calls at once.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import Counter, Histogram

BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: a read takes less than one millisecond, a write some, a question about compatibility up to a second."""

Ended = Callable[[str], Counter]
"""The counter of the calls of a method that ended with a code."""


class BatchHistogram(Histogram):
    """A histogram to which many observations are added at once."""

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add `counts` observations, by bucket, whose sum is `total`."""
        self._sum.inc(total)
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)


class CallTally:
    """The calls of one method since the last `flush`: those `started`, and those that ended, by code and seconds."""

    __slots__ = ("_codes", "_counts", "_ended", "_histogram", "_seconds", "_started", "started")

    def __init__(self, started: Counter | None, ended: Ended, histogram: BatchHistogram) -> None:
        self.started = 0
        self._codes: dict[str, int] = {}
        self._counts = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._started, self._ended, self._histogram = started, ended, histogram

    def end(self, code: str, seconds: float) -> None:
        """Count a call that ended with `code` after `seconds`."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds
        self._codes[code] = self._codes.get(code, 0) + 1

    def flush(self) -> None:
        """Add what was counted to the metrics, and count from 0 again."""
        if self.started and self._started:
            self._started.inc(self.started)
        self.started = 0
        if self._codes:
            for code, count in self._codes.items():
                self._ended(code).inc(count)
            self._histogram.add(self._counts, self._seconds)
            self._codes, self._counts, self._seconds = {}, [0] * (len(BUCKETS) + 1), 0.0
