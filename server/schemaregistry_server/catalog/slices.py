"""Long loops on the event loop, in slices: others get their turn after a few milliseconds."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import perf_counter
from typing import Final, TypeVar

SECONDS: Final = 0.004
"""Of one slice."""

ItemT = TypeVar("ItemT")


async def sliced(items: Iterable[ItemT]) -> AsyncIterator[ItemT]:
    """The items, with a pause for others whenever those before have taken a slice."""
    ends = perf_counter() + SECONDS
    for item in items:
        yield item
        if perf_counter() > ends:
            await asyncio.sleep(0)
            ends = perf_counter() + SECONDS
