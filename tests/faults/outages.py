"""Faults one after the other, each kind at least once where there are enough, and how long writes were away for each.

Holds no fault: those are each world's own.
"""

import asyncio
import random
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.faults.history import Ack, History
from tests.faults.servers import Server

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
    faults: Mapping[str, Fault], count: int, servers: Sequence[Server], history: History, chance: random.Random
) -> AsyncIterator[Outage]:
    """Break something, wait until every server is at work again and for a moment more; `count` times.

    Ends early where one does not come back.
    """
    for kind in drawn(list(faults), count, chance):
        since = await faults[kind]()
        await asyncio.sleep(1)
        if not await at_work(servers, history):
            history.found_wrong("unexpected", f"no writes on every server {AGAIN_SECONDS:g} s after: {kind}")
            return
        await asyncio.sleep(chance.uniform(0, 1.5))
        yield Outage(kind, since, time.monotonic())


def drawn(kinds: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """All kinds in some order, then any of them."""
    rest = [chance.choice(kinds) for _ in range(count - len(kinds))]
    return [*chance.sample(kinds, len(kinds)), *rest][:count]


async def at_work(servers: Sequence[Server], history: History) -> bool:
    """Wait until every server acknowledges writes; whether they do."""
    try:
        async with asyncio.timeout(AGAIN_SECONDS):
            await until(lambda: all(_at_work(history.of_server[server.name]) for server in servers))
    except TimeoutError:
        return False
    return True


async def until(condition: Callable[[], bool]) -> None:
    while True:
        if condition():
            return
        await asyncio.sleep(0.05)


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
