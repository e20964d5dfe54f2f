"""A history that is read as a stream: the same as one that is read at once, and as strict."""

from pathlib import Path

import pytest

from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import EtcdClient
from schemaregistry_server.etcd.v3 import rpc_pb2
from schemaregistry_server.store import store_history
from schemaregistry_server.store.base import StateChange, Write
from schemaregistry_server.store.sqlite_store import SQLiteReader
from schemaregistry_server.store.store_history import Readable


async def streamed(store: Readable) -> list[Write]:
    async with store.stream() as stored:
        writes = [write async for write in stored.writes]
        changes = sum(isinstance(write.entry, StateChange) for write in writes)
        assert (stored.versions, stored.state_changes) == (len(writes) - changes, changes)
        return writes


@pytest.mark.parametrize("name", ["sqlite/one", "etcd/one"])
async def test_a_stream_has_all_writes_in_their_order(name: str, stores, fill_store) -> None:
    async with stores(name) as store:
        await fill_store(store)
        bars = next(each for each in (await store.load()).entries if each.id == "bars")
        change = StateChange("bars", "0.1.0", VersionState("deprecated", "old"), bars.fingerprint, "ci-bot", 17)
        await store.put_state(change, expected_writes=1)
        found = await store_history.read(store)
        assert await streamed(store) == list(found.writes)
        async with store.stream() as stored:
            assert stored.revision >= found.writes[-1].entry.revision


@pytest.mark.parametrize("name", ["sqlite/none", "etcd/none"])
async def test_an_empty_store_streams_nothing(name: str, stores) -> None:
    async with stores(name) as store:
        assert await streamed(store) == []


CHANGES = {
    "Audit record 2": "UPDATE audit SET who = 'mallory' WHERE sequence = 2",
    "ticks 1.1.0 has no audit record": "DELETE FROM audit WHERE sequence = 3",
    "the end is missing": "DELETE FROM audit WHERE sequence = 5",
    "the bytes of bars 0.1.0": "UPDATE version SET raw = x'7b7d' WHERE id = 'bars'",
    "bars 0.1.0 is not what": "UPDATE version SET registered_by = 'mallory' WHERE id = 'bars'",
    "ticks 1.1.0 is audited, and not there": "DELETE FROM version WHERE revision = 3",
}


@pytest.mark.parametrize("named", CHANGES)
async def test_what_was_changed_in_sqlite_is_named(named: str, filled: Path, edit) -> None:
    edit(filled, CHANGES[named])
    with pytest.raises(FailedPrecondition, match=named):
        await streamed(SQLiteReader(filled / "registry.db"))


GONE = {
    "ticks 1.1.0 has no audit record": "audit/ticks/00000002",
    "ticks 1.1.0 is audited, and not there": "schemas/ticks/versions/1.1.0",
}


@pytest.mark.parametrize("named", GONE)
async def test_what_is_gone_from_etcd_is_named(named: str, stores, fill_store, etcd_cluster) -> None:
    async with stores("etcd/gone") as store:
        await fill_store(store)
        client = EtcdClient(EtcdConnection(etcd_cluster.endpoints))
        key = f"/{stores.directory.name}/etcd/gone/{GONE[named]}".encode()
        delete = rpc_pb2.RequestOp(request_delete_range=rpc_pb2.DeleteRangeRequest(key=key))
        await client.transact(rpc_pb2.TxnRequest(success=[delete]))
        await client.close()
        with pytest.raises(FailedPrecondition, match=named):
            await streamed(store)
