"""The etcd client: ranges, transactions, watches and compaction, over keys and values as bytes.

`endpoints.py` decides which endpoint is called; `store/etcd_layout.py` says what keys and values mean.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemaregistry_server.etcd import etcd_watch
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_failures import CompactedRevision, EtcdRefused
from schemaregistry_server.etcd.etcd_watch import WatchedEvents, after
from schemaregistry_server.etcd.v3 import kv_pb2, rpc_pb2

SECONDS: Final = 5.0
"""How long a call may take over all endpoints: longer than the election of a new leader."""

FIRST_KEYS: Final = 32
PAGE_KEYS: Final = 20_000
PAGE_BYTES: Final = 16 << 20
"""etcd limits a page by its number of keys alone: the first page is small, and its size in bytes sets the next page's
limit. Pages are large because etcd counts all the keys that are left for each page: 100,000 versions load in 2.7 s in
pages of 16 MiB, in 34 s in pages of 1,000 keys."""

FORGOTTEN: Final = "required revision has been compacted"
"""etcd's message for a revision that is compacted; it has no status code of its own."""


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Some of a prefix's keys, in the order of the keys, as they were at `revision`."""

    revision: int
    pairs: Sequence[kv_pb2.KeyValue]


class EtcdClient:
    """The calls to one cluster. Every method raises EtcdAway where no endpoint answers, EtcdRefused where one refuses.

    A call may take SECONDS over all endpoints.
    """

    def __init__(self, connection: EtcdConnection) -> None:
        self.connection = connection

    async def read(self, prefix: bytes, *, revision: int = 0, keys_only: bool = False) -> AsyncIterator[KeyPage]:
        """Read every key under `prefix` at one revision, a page at a time: the newest one, or `revision`.

        Raises CompactedRevision where that revision was compacted between two pages.
        """
        limit = FIRST_KEYS
        key, end = prefix, after(prefix)
        more = True
        while more:
            request = rpc_pb2.RangeRequest(key=key, range_end=end, limit=limit, revision=revision, keys_only=keys_only)
            answer = await self._range(request)
            revision = revision or answer.header.revision
            more = answer.more
            yield KeyPage(revision, answer.kvs)
            if more:
                # A zero byte behind the last key makes the next key there can be.
                key = answer.kvs[-1].key + b"\0"
                limit = max(1, min(PAGE_KEYS, PAGE_BYTES * len(answer.kvs) // answer.ByteSize()))

    async def _range(self, request: rpc_pb2.RangeRequest) -> rpc_pb2.RangeResponse:
        try:
            return await self.connection.call(lambda endpoint: endpoint.kv.Range, request, seconds=SECONDS)
        except EtcdRefused as refused:
            if FORGOTTEN in refused.message:
                raise CompactedRevision(request.revision) from refused
            raise

    async def get(self, *keys: bytes) -> tuple[int, dict[bytes, kv_pb2.KeyValue]]:
        """Read those of `keys` that exist, and the revision of the answer.

        The read is linearizable: it sees every write that was acknowledged before it.
        """
        answer = await self.transact(rpc_pb2.TxnRequest(success=[reads(key) for key in keys]))
        return answer.header.revision, found(answer)

    async def get_at(self, revision: int, keys: Sequence[bytes]) -> dict[bytes, kv_pb2.KeyValue]:
        """Read those of `keys`, 128 at most, that existed at `revision`; raises CompactedRevision as `read` does."""
        try:
            return found(await self.transact(rpc_pb2.TxnRequest(success=[reads(key, revision) for key in keys])))
        except EtcdRefused as refused:
            if FORGOTTEN in refused.message:
                raise CompactedRevision(revision) from refused
            raise

    async def transact(self, request: rpc_pb2.TxnRequest, token: str = "") -> rpc_pb2.TxnResponse:
        """Run one transaction, with `token` as etcd's auth token where it is given.

        It is sent again when no answer comes, so its comparisons must fail once it is done.
        """
        return await self.connection.call(lambda endpoint: endpoint.kv.Txn, request, seconds=SECONDS, token=token)

    async def lease(self, seconds: int) -> int:
        """Make a lease, with which etcd deletes the keys that were written under it; return its id.

        One whose answer was lost ends like the others, with no key.
        """
        request = rpc_pb2.LeaseGrantRequest(TTL=seconds)
        answer = await self.connection.call(lambda endpoint: endpoint.lease.LeaseGrant, request, seconds=SECONDS)
        return answer.ID

    async def compact(self, revision: int) -> None:
        """Drop etcd's history of overwritten values before `revision`; does nothing where that has happened already."""
        request = rpc_pb2.CompactionRequest(revision=revision)
        try:
            await self.connection.call(lambda endpoint: endpoint.kv.Compact, request, seconds=SECONDS)
        except EtcdRefused as refused:
            if FORGOTTEN not in refused.message:
                raise

    def watch(self, prefix: bytes, after_revision: int) -> AsyncIterator[WatchedEvents]:
        """Watch the keys under `prefix`; see `etcd_watch.watch`."""
        return etcd_watch.watch(self.connection, prefix, after_revision)

    async def close(self) -> None:
        await self.connection.close()


def reads(key: bytes, revision: int = 0) -> rpc_pb2.RequestOp:
    """The operation of a transaction that reads one key, as it was at `revision` where that is given."""
    return rpc_pb2.RequestOp(request_range=rpc_pb2.RangeRequest(key=key, revision=revision))


def puts(key: bytes, value: bytes) -> rpc_pb2.RequestOp:
    """The operation of a transaction that writes one key."""
    return rpc_pb2.RequestOp(request_put=rpc_pb2.PutRequest(key=key, value=value))


def unchanged(key: bytes, mod_revision: int) -> rpc_pb2.Compare:
    """The comparison that holds where `key` was last written at `mod_revision`, or, for 0, does not exist."""
    return rpc_pb2.Compare(key=key, target=rpc_pb2.Compare.MOD, result=rpc_pb2.Compare.EQUAL, mod_revision=mod_revision)


def found(answer: rpc_pb2.TxnResponse) -> dict[bytes, kv_pb2.KeyValue]:
    """The key-value pairs that a transaction's reads found, by key."""
    return {pair.key: pair for step in answer.responses for pair in step.response_range.kvs}
