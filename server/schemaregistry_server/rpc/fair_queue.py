"""A fair queue for a few places (workers): callers take turns, and none can hold every place or wait for ever."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Busy(Exception):
    """No place was free in time. The argument is a clause for the error message, with what to do."""


class FairQueue:
    """Gives out `places` places, numbered from 0.

    A place is the right to use the worker of that number. One caller may hold all places but one (the only one, where
    there is one), so that another caller finds one whatever the first one does.
    Where no place is free, callers are served in turn, and each caller's requests in their order. At most `waiting`
    requests wait at once, at most a quarter of them one caller's, each for up to `patience` seconds; longer while
    `starting()` is true, which is asked after each `patience`.
    """

    def __init__(
        self, places: int, *, waiting: int, patience: float, starting: Callable[[], bool] = lambda: False
    ) -> None:
        self._free = deque(range(places))
        self._share = max(1, places - 1)
        self._most = waiting
        self._patience = patience
        self._starting = starting
        self._holding: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[int]]] = OrderedDict()

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[int]:
        """Hold a place during the context; raises Busy where too many wait already, or no place gets free in time."""
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
            # Not `asyncio.timeout`, which would cancel the wait and lose this request's turn.
            while not (await asyncio.wait({granted}, timeout=self._patience))[0] and self._starting():
                pass
        except asyncio.CancelledError:
            self._withdraw(granted, caller)
            raise
        if granted.done():
            return granted.result()
        self._withdraw(granted, caller)
        raise Busy(f"no worker got free within {self._patience:g} s: try again in a few seconds")

    def _may(self, caller: str) -> bool:
        return bool(self._free) and self._holding[caller] < self._share

    def _withdraw(self, granted: "asyncio.Future[int]", caller: str) -> None:
        # The place may have been granted in the same moment as the wait ended: then it goes to the next caller.
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
        """Give a place to the first of a caller's requests, and move the caller behind the others."""
        mine = self._waiting[caller]
        granted = mine.popleft()
        if mine:
            self._waiting.move_to_end(caller)
        else:
            del self._waiting[caller]
        if not granted.done():
            self._holding[caller] += 1
            granted.set_result(self._free.popleft())
