"""A fair queue for a few places: callers take turns, none has the last place to itself, and none waits for ever."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Busy(Exception):
    """There was no place in time; the argument says how long was waited, in words that fit behind "because"."""


class FairQueue:
    """`places` places, numbered from 0.

    Of several, one caller holds all but one at most, so that another finds a place whatever the first one does. Where
    all are taken, callers are served in turn, each caller's questions in their order. At most `waiting` wait at once, a
    quarter of that of one caller, each for `patience` seconds.
    """

    def __init__(self, places: int, *, waiting: int, patience: float) -> None:
        self._free = deque(range(places))
        self._share = max(1, places - 1)
        self._most = waiting
        self._patience = patience
        self._holding: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[int]]] = OrderedDict()

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[int]:
        """Hold a place; raises Busy where there are too many before, or where none gets free in time."""
        place = await self._take(caller)
        try:
            yield place
        finally:
            self._give_back(place, caller)

    async def _take(self, caller: str) -> int:
        if self._may(caller):
            self._holding[caller] += 1
            return self._free.popleft()
        mine = self._waiting.get(caller, ())
        if len(mine) >= self._most / 4 or sum(map(len, self._waiting.values())) >= self._most:
            raise Busy("too many verdicts are being asked for: try again in a few seconds")
        granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(granted)
        try:
            async with asyncio.timeout(self._patience):
                return await granted
        except TimeoutError:
            self._withdraw(granted, caller)
            raise Busy(f"no worker got free within {self._patience:g} s: try again in a few seconds") from None
        except asyncio.CancelledError:
            self._withdraw(granted, caller)
            raise

    def _may(self, caller: str) -> bool:
        return bool(self._free) and self._holding[caller] < self._share

    def _withdraw(self, granted: "asyncio.Future[int]", caller: str) -> None:
        if granted.done() and not granted.cancelled():
            self._give_back(granted.result(), caller)
        elif granted in (mine := self._waiting.get(caller, deque())):
            mine.remove(granted)
            if not mine:
                del self._waiting[caller]

    def _give_back(self, place: int, caller: str) -> None:
        self._free.append(place)
        self._holding[caller] -= 1
        if not self._holding[caller]:
            del self._holding[caller]
        while (next_one := next(filter(self._may, self._waiting), None)) is not None:
            self._serve(next_one)

    def _serve(self, caller: str) -> None:
        """Give a place to the first of a caller's questions, and let the caller wait behind the others."""
        mine = self._waiting[caller]
        granted = mine.popleft()
        if mine:
            self._waiting.move_to_end(caller)
        else:
            del self._waiting[caller]
        if not granted.done():
            self._holding[caller] += 1
            granted.set_result(self._free.popleft())
