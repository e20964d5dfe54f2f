"""Faults one after the other, each kind before any comes again, and how long writes were away for each.

Holds no fault: those are each world's own.
"""

import asyncio
import random
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.system.faults.history import Ack, History
from tests.system.faults.servers import Server

Fault = Callable[[], Awaitable[float]]
"""Breaks something, and returns the time (`time.monotonic`) from which on writes should work again."""

AGAIN_SECONDS = 60.0
"""How long servers may take to acknowledge writes again before the run is given up."""

LIMITS = {"kill -9 of the leader": 3.0}
"""Seconds until writes work again that the registry promises."""

STEADY_SECONDS = 0.5
"""A server that acknowledged within so many seconds is at work."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One fault: writes should have worked from `since` on; at `until` the next one came."""

    kind: str
    since: float
    until: float


async def outages(
    faults: Mapping[str, Fault], servers: Sequence[Server], history: History, chance: random.Random
) -> AsyncGenerator[Outage, None]:
    """Break something, wait until every server is at work again and for a moment more; again and again.

    Ends where one does not come back.
    """
    for kind in drawn(list(faults), chance):
        since = await faults[kind]()
        await asyncio.sleep(1)
        if not await at_work(servers, history):
            history.found_wrong("unexpected", f"no writes on every server {AGAIN_SECONDS:g} s after: {kind}")
            return
        await asyncio.sleep(chance.uniform(0, 1.5))
        yield Outage(kind, since, time.monotonic())


def drawn(kinds: Sequence[str], chance: random.Random) -> Iterator[str]:
    """All kinds in some order, then any of them without end."""
    yield from chance.sample(kinds, len(kinds))
    while True:
        yield chance.choice(kinds)


async def at_work(servers: Sequence[Server], history: History) -> bool:
    """Wait until every server acknowledges writes; whether they do."""
    try:
        async with asyncio.timeout(AGAIN_SECONDS):
            while True:
                if all(_at_work(history.of_server[server.name]) for server in servers):
                    return True
                await asyncio.sleep(0.05)
    except TimeoutError:
        return False


def _at_work(acks: Sequence[Ack]) -> bool:
    return bool(acks) and acks[-1].at > time.monotonic() - STEADY_SECONDS


def judge_seconds(history: History, by_kind: Mapping[str, Sequence[float]]) -> None:
    for kind, limit in LIMITS.items():
        for took in by_kind.get(kind, ()):
            if took > limit:
                history.found_wrong("late", f"{kind}: {took:.1f} s until writes worked again, {limit:g} are promised")


def seconds(ended: Sequence[Outage], acks: Sequence[Ack]) -> dict[str, list[float]]:
    """By kind: the longest time without an acknowledged write, on the server that had to wait longest."""
    times: dict[str, list[float]] = defaultdict(list)
    for ack in acks:
        times[ack.server].append(ack.at)
    by_kind: dict[str, list[float]] = defaultdict(list)
    for outage in ended:
        by_kind[outage.kind].append(max(_longest(outage, each) for each in times.values()))
    return by_kind


def _longest(outage: Outage, times: Sequence[float]) -> float:
    """Of the waits for an acknowledgement between `since` and `until`, where the next fault's own begin."""
    between = times[bisect_left(times, outage.since) : bisect_left(times, outage.until)]
    return max(later - earlier for earlier, later in pairwise([outage.since, *between, outage.until]))
