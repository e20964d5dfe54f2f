"""Messages arrive in turns: few at once, one caller never has them all, and each has an end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from schemaregistry.errors import InvalidArgument, ResourceExhausted
from schemaregistry_server.transport.arrivals import Arrivals

LONG = 30.0


class Line:
    """Calls whose messages arrive once the test allows it."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = asyncio.Event()

    async def call(self) -> AsyncIterator[bytes]:
        self.asked += 1
        await self.let.wait()
        yield b"message"


async def nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_few_messages_arrive_at_once_and_all_do_in_the_end() -> None:
    line, arrivals = Line(), Arrivals(3, LONG)
    calls = [asyncio.create_task(arrivals.message(line.call(), f"caller {n}")) for n in range(10)]
    await settle()
    assert line.asked == 3
    line.let.set()
    assert await asyncio.gather(*calls) == [b"message"] * 10


async def test_who_sends_slowly_leaves_a_place_to_others() -> None:
    slow, quick, arrivals = Line(), Line(), Arrivals(3, LONG)
    quick.let.set()
    held = [asyncio.create_task(arrivals.message(slow.call(), "a")) for _ in range(10)]
    await settle()
    assert await arrivals.message(quick.call(), "b") == b"message"
    assert slow.asked == 2
    slow.let.set()
    await asyncio.gather(*held)


async def test_a_message_that_does_not_come_whole_is_refused_and_its_place_free() -> None:
    line, arrivals = Line(), Arrivals(1, 0.05)
    with pytest.raises(InvalidArgument, match=r"didn't arrive whole within 0\.05 s") as refused:
        await arrivals.message(line.call(), "a")
    assert refused.value.reason == "MESSAGE_TOO_SLOW"
    line.let.set()
    assert await arrivals.message(line.call(), "a") == b"message"


async def test_a_call_without_a_message_is_refused() -> None:
    with pytest.raises(InvalidArgument) as refused:
        await Arrivals(1, LONG).message(nothing(), "a")
    assert refused.value.reason == "BAD_MESSAGE"


async def test_a_call_whose_turn_does_not_come_is_told_to_try_again() -> None:
    line, arrivals = Line(), Arrivals(1, 0.05)
    with pytest.raises(ResourceExhausted) as refused:
        async with arrivals._turns.place("a"):
            await arrivals.message(line.call(), "b")
    assert refused.value.reason == "TOO_MUCH_AT_ONCE"
    assert not line.asked
