"""Take the one request message of a gRPC call, while few messages arrive at once: that bounds the memory they hold.

gRPC reads the message of a unary call by itself, whole, before the server's code hears of the call: as many at once as
peers begin. So the registry's RPCs are handled as calls with a stream of requests, which on the wire is the same: their
message arrives when it is asked for, and until then gRPC lets a peer send some 64 KiB of it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from schemaregistry.errors import InvalidArgument, ResourceExhausted
from schemaregistry_server.rpc.fair_queue import Busy, FairQueue

ARRIVING: Final = 16
"""Messages that may arrive at once, one less of them one caller's: 192 MiB where each has MAX_RECEIVED."""

WAITING: Final = 1 << 16
"""Calls whose message may wait for its turn: more than the calls that the server takes."""

SECONDS: Final = 20.0
"""For a message to arrive once it is asked for, and for its turn to come before: 1 MiB over a line of 60 kB/s."""


class Arrivals:
    """The turns in which messages arrive, shared by all services of a server."""

    def __init__(self, arriving: int = ARRIVING, seconds: float = SECONDS) -> None:
        self._turns = FairQueue(arriving, waiting=WAITING, patience=seconds)
        self._seconds = seconds

    async def message(self, messages: AsyncIterator[bytes], caller: str) -> bytes:
        """Return the first message of a call.

        Raises InvalidArgument where there is none (BAD_MESSAGE) or it doesn't arrive in time (MESSAGE_TOO_SLOW), and
        ResourceExhausted (TOO_MUCH_AT_ONCE) where its turn doesn't come.
        """
        try:
            async with self._turns.place(caller), asyncio.timeout(self._seconds):
                return await anext(messages)
        except StopAsyncIteration:
            raise InvalidArgument("The call has no message: send one.", reason="BAD_MESSAGE") from None
        except TimeoutError:
            raise InvalidArgument(
                f"The message didn't arrive whole within {self._seconds:g} s: send it at once.",
                reason="MESSAGE_TOO_SLOW",
            ) from None
        except Busy:
            raise ResourceExhausted(
                f"Other messages have been arriving for {self._seconds:g} s: try again in a few seconds.",
                reason="TOO_MUCH_AT_ONCE",
            ) from None
