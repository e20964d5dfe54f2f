"""Read etcd's whole history at one revision, in the order of its writes, with the keys alone in memory.

etcd lists keys in their own order, and its values take most of the room: so the keys are listed first, sorted by the
revisions of their writes, and the values are read a few at a time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final

from schemaregistry.errors import FailedPrecondition, Unavailable
from schemaregistry.plural import counted
from schemaregistry_server.etcd.etcd_client import EtcdClient
from schemaregistry_server.etcd.etcd_failures import CompactedRevision
from schemaregistry_server.etcd.v3.kv_pb2 import KeyValue
from schemaregistry_server.store import audit_chain, etcd_layout
from schemaregistry_server.store.base import Entry, StateChange, StreamedHistory, Write
from schemaregistry_server.store.etcd_layout import Head, KeyLayout
from schemaregistry_server.store.store_history import pair, unwritten

TOGETHER: Final = 32
"""Writes that one transaction reads, each with its audit record."""

AHEAD: Final = 4
"""Transactions that are asked for before the first of them is used."""


async def stream(client: EtcdClient, layout: KeyLayout) -> StreamedHistory:
    """List the keys at the newest revision, and return the history that they make; its writes are read when used.

    Raises FailedPrecondition (AUDIT_BROKEN) where a write has no audit record, or a record no write; Unavailable
    (COMPACTED) where etcd dropped the revision meanwhile.
    """
    schemas, revision = await _listed(client, layout.schemas, 0)
    audits, _ = await _listed(client, layout.audits, revision)
    kinds = {"versions": 0, "states": 0}
    writes: list[tuple[int, bytes]] = []
    latest: list[bytes] = []
    for written, key in schemas:
        parts = key[len(layout.schemas) :].split(b"/")
        kind = parts[1].decode(errors="replace") if len(parts) > 1 else ""
        if kind in kinds:
            kinds[kind] += 1
            writes.append((written, key))
        elif parts[1:] == [b"latest"]:
            latest.append(key)
    writes.sort()
    audits.sort()
    pairs = [(key, record) for (_, key), (_, record) in zip(writes, audits, strict=False)]
    if [at for at, _ in writes] != [at for at, _ in audits] or len({at for at, _ in writes}) != len(writes):
        raise await _unpaired(client, layout, revision, (dict(writes), dict(audits)))
    return StreamedHistory(
        revision, kinds["versions"], kinds["states"], _writes(client, layout, revision, pairs, latest)
    )


async def _listed(client: EtcdClient, prefix: bytes, revision: int) -> tuple[list[tuple[int, bytes]], int]:
    """Every key under `prefix` with the revision of its write, and the revision at which they were listed."""
    keys: list[tuple[int, bytes]] = []
    try:
        async for page in client.read(prefix, revision=revision, keys_only=True):
            revision = page.revision
            keys += [(found.mod_revision, found.key) for found in page.pairs]
    except CompactedRevision as compacted:
        raise _compacted() from compacted
    return keys, revision


async def _writes(
    client: EtcdClient, layout: KeyLayout, revision: int, pairs: Sequence[tuple[bytes, bytes]], latest: Sequence[bytes]
) -> AsyncIterator[Write]:
    check = audit_chain.ChainCheck()
    groups = [[key for each in pairs[at : at + TOGETHER] for key in each] for at in range(0, len(pairs), TOGETHER)]
    async for found in _values(client, revision, groups):
        for written, audited in zip(found[::2], found[1::2], strict=True):
            write, record = layout.read(written), etcd_layout.audit_record(audited, layout)
            assert isinstance(write, (Entry, StateChange))
            check.add(record)
            yield pair(write, record)
    ends = check.ends
    heads = [latest[at : at + 2 * TOGETHER] for at in range(0, len(latest), 2 * TOGETHER)]
    async for found in _values(client, revision, heads):
        for each in found:
            match layout.read(each):
                case (str() as id, Head() as head):
                    must_end(id, ends.get(id, 0), head)


def must_end(id: str, end: int, head: Head) -> None:  # noqa: A002 (the field's term)
    """Raise FailedPrecondition (AUDIT_BROKEN) where a chain ends before the record that its id's head names."""
    if end < head.sequence:
        raise FailedPrecondition(
            f"The audit chain {id} ends with record {end}, and {id} has {counted(head.sequence, 'write')}: "
            f"{audit_chain.missing(end + 1, head.sequence)}: compare with a snapshot.",
            reason="AUDIT_BROKEN",
            metadata={"id": id, "chain": id, "sequence": str(end + 1)},
        )


async def _values(
    client: EtcdClient, revision: int, groups: Sequence[Sequence[bytes]]
) -> AsyncIterator[list[KeyValue]]:
    """Yield the pairs of each group of keys, in their order; the next groups are asked for meanwhile."""
    asked: deque[tuple[Sequence[bytes], asyncio.Task[dict[bytes, KeyValue]]]] = deque()
    waiting = iter(groups)
    try:
        while True:
            while len(asked) < AHEAD and (group := next(waiting, None)):
                asked.append((group, asyncio.create_task(client.get_at(revision, group))))
            if not asked:
                return
            keys, task = asked.popleft()
            found = await task
            yield [found[key] for key in keys]
    except CompactedRevision as compacted:
        raise _compacted() from compacted
    finally:
        for _, task in asked:
            task.cancel()
        await asyncio.gather(*(task for _, task in asked), return_exceptions=True)


async def _unpaired(
    client: EtcdClient, layout: KeyLayout, revision: int, keys: tuple[dict[int, bytes], dict[int, bytes]]
) -> FailedPrecondition:
    """The error of the first write without an audit record of its revision, or else of the first record alone."""
    writes, audits = keys
    if alone := sorted(writes.keys() - audits.keys()):
        key = writes[alone[0]]
        write = layout.read((await client.get_at(revision, [key]))[key])
        assert isinstance(write, (Entry, StateChange))
        return _pair_error(write)
    if alone := sorted(audits.keys() - writes.keys()):
        key = audits[alone[0]]
        record = etcd_layout.audit_record((await client.get_at(revision, [key]))[key], layout)
        return unwritten(record.id, record.version)
    return FailedPrecondition(
        "Two writes in etcd have one revision, which no registry writes so: compare with a snapshot.",
        reason="AUDIT_BROKEN",
    )


def _pair_error(write: Entry | StateChange) -> FailedPrecondition:
    """The error of a write that has no audit record."""
    try:
        pair(write, None)
    except FailedPrecondition as broken:
        return broken
    raise AssertionError


def _compacted() -> Unavailable:
    return Unavailable(
        "etcd dropped the revision that was being read (a compaction): begin again, and let it keep its history for "
        "an hour (auto-compaction-retention).",
        reason="COMPACTED",
    )
