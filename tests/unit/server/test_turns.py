"""The fair queue: turns of callers, and its bounds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from schemaregistry_server.rpc.fair_queue import Busy, FairQueue

LONG = 30.0


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as entered:
        yield entered


class Asking:
    """Callers that ask for a place, and the order in which they get one."""

    def __init__(self, turns: FairQueue) -> None:
        self.turns = turns
        self.served: list[str] = []
        self.leave = asyncio.Event()

    async def take(self, caller: str) -> None:
        async with self.turns.place(caller):
            self.served.append(caller)
            await self.leave.wait()

    async def start(self, *callers: str) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self.take(caller)) for caller in callers]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


async def test_one_caller_leaves_a_place_to_others() -> None:
    asking = Asking(FairQueue(3, waiting=64, patience=LONG))
    tasks = await asking.start("a", "a", "a", "a", "b")
    assert asking.served == ["a", "a", "b"]
    asking.leave.set()
    await asyncio.gather(*tasks)
    assert asking.served.count("a") == 4


async def test_a_single_place_is_anybodys(stack: AsyncExitStack) -> None:
    turns = FairQueue(1, waiting=64, patience=LONG)
    assert await stack.enter_async_context(turns.place("a")) == 0


async def test_callers_are_served_in_turn_whoever_asked_most() -> None:
    turns = FairQueue(1, waiting=64, patience=LONG)
    asking = Asking(turns)
    asking.leave.set()
    async with turns.place("first"):
        tasks = await asking.start("a", "a", "a", "a", "b", "c", "b")
    await asyncio.gather(*tasks)
    assert asking.served == ["a", "b", "c", "a", "b", "a", "a"]


async def test_two_hold_different_places(stack: AsyncExitStack) -> None:
    turns = FairQueue(2, waiting=64, patience=LONG)
    held = [await stack.enter_async_context(turns.place(caller)) for caller in "ab"]
    assert sorted(held) == [0, 1]


async def test_no_more_wait_than_may_and_a_quarter_of_them_of_one_caller() -> None:
    turns = FairQueue(1, waiting=8, patience=LONG)
    asking = Asking(turns)
    tasks = await asking.start("first", *(name for name in "abcd" for _ in range(2)))
    for caller in ("a", "e"):
        with pytest.raises(Busy, match="too many"):
            async with turns.place(caller):
                pass
    asking.leave.set()
    await asyncio.gather(*tasks)


async def test_who_finds_no_place_in_time_is_told_and_has_left_the_queue(stack: AsyncExitStack) -> None:
    turns = FairQueue(1, waiting=4, patience=0.01)
    await stack.enter_async_context(turns.place("first"))
    for _ in range(6):
        with pytest.raises(Busy, match=r"within 0\.01 s"):
            async with turns.place("a"):
                pass


async def test_who_leaves_the_queue_takes_no_place_along() -> None:
    turns = FairQueue(1, waiting=64, patience=LONG)
    asking = Asking(turns)
    async with turns.place("first"):
        gone, stays = await asking.start("a", "b")
        gone.cancel()
        await asyncio.sleep(0)
    asking.leave.set()
    await stays
    async with turns.place("c"):
        pass
    assert asking.served == ["b"]
    assert gone.cancelled()


async def test_who_leaves_in_the_very_moment_of_its_turn_gives_the_place_back() -> None:
    turns = FairQueue(1, waiting=64, patience=LONG)
    asking = Asking(turns)
    async with turns.place("first"):
        (gone,) = await asking.start("a")
    gone.cancel()  # the place is granted, but the task has not gone on yet
    await asyncio.gather(gone, return_exceptions=True)
    async with asyncio.timeout(LONG), turns.place("b"):
        pass
