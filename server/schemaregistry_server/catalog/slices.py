"""Run a long loop on the event loop in slices of a few milliseconds, so that other tasks get their turn."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import Final, TypeVar

SECONDS: Final = 0.004
"""The length of a slice: no task should hold the event loop for 20 ms (docs/decisions/serving.md)."""

ItemT = TypeVar("ItemT")


async def sliced(items: Iterable[ItemT]) -> AsyncIterator[ItemT]:
    """Yield the items, and let other tasks run each time a slice is over."""
    ends = perf_counter() + SECONDS
    for item in items:
        yield item
        if perf_counter() > ends:
            await asyncio.sleep(0)
            ends = perf_counter() + SECONDS
