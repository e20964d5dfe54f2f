"""The exchangers' state in etcd, under a prefix of its own: a key for each used token, which a lease removes."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from schemaregistry.errors import Unavailable
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import SECONDS, EtcdClient, found, reads, unchanged
from schemaregistry_server.etcd.etcd_failures import EtcdAway, EtcdRefused
from schemaregistry_server.etcd.v3 import rpc_pb2

PREFIX: Final = "/exchanger/jti/"
"""Where keys lie: the one prefix that the exchanger's own user in etcd needs, to read and to write."""

ResultT = TypeVar("ResultT")


class EtcdState:
    """State that every exchanger of a cluster shares; each is in etcd by the name of its certificate."""

    def __init__(self, connection: EtcdConnection, clock: Callable[[], float] = time.time) -> None:
        self._client = EtcdClient(connection)
        self._clock = clock

    async def revision(self) -> int:
        status = await _told(self._client.connection.auth_status(seconds=SECONDS))
        if not status.enabled:
            # Anybody could then delete the record of a used token, and write without one.
            raise Unavailable(
                "etcd's authentication is off: turn it on by schemaregistry etcd-auth init.", reason="STATE_UNAVAILABLE"
            )
        return status.authRevision

    async def use(self, token: str, until: float, by: str) -> bool:
        key = (PREFIX + token).encode()
        _, before = await _told(self._client.get(key))
        if before:  # before the lease, so that a token that is sent again and again makes no leases
            return False
        lease = await _told(self._client.lease(max(1, math.ceil(until - self._clock()))))
        write = rpc_pb2.PutRequest(key=key, value=by.encode(), lease=lease)
        answer = await _told(
            self._client.transact(
                rpc_pb2.TxnRequest(
                    compare=[unchanged(key, 0)],
                    success=[rpc_pb2.RequestOp(request_put=write)],
                    failure=[reads(key)],
                )
            )
        )
        # The client sends a transaction again where its answer was lost: the key is then there, and is ours.
        return answer.succeeded or found(answer)[key].value == by.encode()

    async def close(self) -> None:
        await self._client.close()


async def _told(answer: Awaitable[ResultT]) -> ResultT:
    """The answer, or Unavailable (STATE_UNAVAILABLE), whose message is for the operator."""
    try:
        return await answer
    except EtcdAway as away:
        raise Unavailable(f"etcd can't be reached: {away}.", reason="STATE_UNAVAILABLE") from away
    except EtcdRefused as refused:
        raise Unavailable(
            f"etcd refuses the exchanger ({refused.message}): the name in its certificate needs a user in etcd that "
            f"may read and write the keys under {PREFIX}.",
            reason="STATE_UNAVAILABLE",
        ) from refused
