"""A watch whose call ends while its progress is asked for: a race that seldom happens with a real member."""

import asyncio

import grpc
import pytest
from grpc import aio

from schemaregistry_server.etcd import etcd_watch
from schemaregistry_server.etcd.etcd_failures import EtcdAway
from tests.support.patience import PATIENCE


def broken(code: grpc.StatusCode) -> aio.AioRpcError:
    return aio.AioRpcError(code, aio.Metadata(), aio.Metadata(), details="Internal error from Core")


class EndingCall:
    """A call that ends during a write; only a read says that the connection broke."""

    def __init__(self, on_write: BaseException) -> None:
        self._on_write = on_write
        self._ended = asyncio.Event()

    async def write(self, _: object) -> None:
        self._ended.set()
        raise self._on_write

    async def read(self) -> None:
        await self._ended.wait()
        await asyncio.sleep(0.05)
        raise broken(grpc.StatusCode.UNAVAILABLE)


@pytest.mark.parametrize(
    "on_write",
    [broken(grpc.StatusCode.INTERNAL), asyncio.InvalidStateError(), asyncio.CancelledError()],
    ids=lambda error: type(error).__name__,
)
async def test_a_call_that_ends_while_it_is_asked_counts_as_a_member_that_went_away(on_write: BaseException):
    with pytest.raises(EtcdAway):
        await asyncio.wait_for(anext(etcd_watch._responses(EndingCall(on_write))), PATIENCE)


async def test_a_watch_that_is_cancelled_ends_as_cancelled():
    async def read() -> None:
        async for _ in etcd_watch._responses(EndingCall(asyncio.CancelledError())):
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
