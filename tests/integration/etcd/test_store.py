"""The store on etcd beyond the promises of every store: lost answers, outdated heads, compaction, damage."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from devtools.etcd_cluster import EtcdCluster
from schemaregistry.errors import FailedPrecondition, Unavailable
from schemaregistry_server.catalog import feed
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts
from schemaregistry_server.etcd.v3.rpc_pb2 import TxnRequest
from schemaregistry_server.store import audit_chain, store_history
from schemaregistry_server.store.base import Compacted, Conflict, ReadCount
from schemaregistry_server.store.etcd_store import EtcdStore
from tests.integration.etcd.harness import entry, serving
from tests.support.patience import PATIENCE


class Wire:
    """A relay to one member that can lose an answer: it passes the request on, then cuts both connections."""

    def __init__(self, member: str) -> None:
        self._host, _, port = member.rpartition(":")
        self._port = int(port)
        self.losing = False
        self.lost = 0

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def close(self) -> None:
        self._server.close()

    async def _connect(self, ours: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        answers, out = await asyncio.open_connection(self._host, self._port)
        pumps = {
            asyncio.create_task(self._pump(ours, out, True)),
            asyncio.create_task(self._pump(answers, back, False)),
        }
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (*pumps, out, back):
            end.cancel() if isinstance(end, asyncio.Task) else end.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, requests: bool) -> None:
        while data := await source.read(65536):
            if self.losing and not requests:
                continue
            target.write(data)
            if self.losing:
                await target.drain()
                await asyncio.sleep(0.2)
                self.losing = False
                self.lost += 1
                return


@pytest.fixture
async def wire(etcd_cluster: EtcdCluster) -> AsyncIterator[Wire]:
    wire = Wire(etcd_cluster.endpoints[0])
    yield wire
    wire.close()


@pytest.fixture
async def store(etcd_cluster: EtcdCluster, root: str) -> AsyncIterator[EtcdStore]:
    store = await EtcdStore.open(etcd_cluster.endpoints, root=root)
    yield store
    await store.close()


async def test_a_write_whose_answer_was_lost_is_found_again(store: EtcdStore, wire: Wire, root: str):
    behind = await EtcdStore.open([await wire.start()], root=root)
    first = await behind.put(entry(), expected_latest=None)
    wire.losing = True
    revision = await behind.put(entry(version="1.1.0", raw=b"{1}"), expected_latest="1.0.0")
    assert wire.lost == 1
    assert [(e.version, e.revision) for e in (await store.load()).entries] == [("1.0.0", first), ("1.1.0", revision)]
    assert audit_chain.verify(await store.audit()) == 2
    assert await behind.put(entry(version="1.2.0"), expected_latest="1.1.0") > revision
    await behind.close()


async def test_a_write_of_equal_content_by_another_is_not_taken_for_ones_own(store: EtcdStore, wire: Wire, root: str):
    behind = await EtcdStore.open([await wire.start()], root=root)
    revision = await store.put(entry(), expected_latest=None)
    wire.losing = True
    with pytest.raises(Conflict) as lost:
        await behind.put(entry(), expected_latest=None)
    assert wire.lost == 1
    assert lost.value.revision == revision
    await behind.close()


async def test_a_server_that_has_not_seen_the_last_write_judges_anew_and_then_wins(
    store: EtcdStore, etcd_cluster: EtcdCluster, root: str
):
    other = await EtcdStore.open(etcd_cluster.endpoints, root=root)
    await store.put(entry(), expected_latest=None)
    await other.put(entry(version="1.1.0"), expected_latest="1.0.0")
    with pytest.raises(Conflict) as lost:
        await store.put(entry(version="1.2.0"), expected_latest="1.0.0")
    assert lost.value.revision == (await store.load()).entries[-1].revision
    await store.put(entry(version="1.2.0"), expected_latest="1.1.0")
    await other.put(entry(version="1.3.0"), expected_latest="1.2.0")
    assert audit_chain.verify(await store.audit()) == 4
    await other.close()


async def test_each_id_has_an_audit_chain_of_its_own(store: EtcdStore):
    for version, latest in (("1.0.0", None), ("1.1.0", "1.0.0")):
        await asyncio.gather(*(store.put(entry(name, version), expected_latest=latest) for name in ("a", "b")))
    records = await store.audit()
    assert {(r.chain, r.sequence) for r in records} == {("a", 1), ("a", 2), ("b", 1), ("b", 2)}
    with pytest.raises(FailedPrecondition) as broken:
        audit_chain.verify(record for record in records if record.sequence == 2 or record.id == "a")
    assert broken.value.reason == "AUDIT_BROKEN"


async def test_a_version_written_over_at_another_revision_is_found(store: EtcdStore, client: EtcdClient, root: str):
    await store.put(entry("a"), expected_latest=None)
    key = f"{root}/schemas/a/versions/1.0.0".encode()
    _, there = await client.get(key)
    await client.transact(TxnRequest(success=[puts(key, there[key].value)]))
    with pytest.raises(FailedPrecondition, match=r"a 1\.0\.0 is not what its audit record says"):
        await store_history.read(store)


async def test_after_a_compaction_the_catalog_is_listed_anew_and_never_goes_back(
    store: EtcdStore, client: EtcdClient, root: str
):
    first = await store.put(entry("a"), expected_latest=None)
    current = CurrentCatalog()
    current.advance(first, (await store.load()).entries)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await store.put(entry("b", version), expected_latest={"1.1.0": "1.0.0", "1.2.0": "1.1.0"}.get(version))
    last = (await store.load()).revision
    await client.compact(last)
    with pytest.raises(Compacted):
        await anext(aiter(store.watch(first)))
    seen = []
    following = asyncio.create_task(feed.follow(store, current))
    while current.catalog.revision < last:
        await current.changed.wait()
        seen.append(current.catalog.revision)
    assert seen == sorted(seen)
    await store.put(entry("c"), expected_latest=None)
    async with asyncio.timeout(PATIENCE):
        while len(current.catalog.schemas) < 3:
            await current.changed.wait()
    assert [r.entry for r in current.catalog.after(0)] == list((await store.load()).entries)
    following.cancel()


async def test_a_watch_from_the_very_revision_of_a_compaction_goes_on(store: EtcdStore, client: EtcdClient):
    revision = await store.put(entry("a"), expected_latest=None)
    await client.compact(revision)
    later = await store.put(entry("b"), expected_latest=None)
    async for batch in store.watch(revision):
        assert [e.revision for e in batch.entries] == [later]
        break


async def test_a_quiet_store_says_at_once_that_nothing_is_missing(store: EtcdStore):
    revision = await store.put(entry(), expected_latest=None)
    async with asyncio.timeout(PATIENCE):
        async for batch in store.watch(revision):
            assert (batch.revision >= revision, batch.entries) == (True, ())
            break


async def test_a_value_that_was_changed_in_etcd_is_refused_by_its_key(store: EtcdStore, client: EtcdClient, root: str):
    await store.put(entry(raw=b'{"a": 1}'), expected_latest=None)
    key = f"{root}/schemas/ticks/versions/1.0.0".encode()
    _, there = await client.get(key)
    await client.transact(TxnRequest(success=[puts(key, there[key].value.replace(b"1}", b"2}"))]))
    with pytest.raises(FailedPrecondition) as damaged:
        await store.load()
    assert damaged.value.reason == "STORE_CORRUPT"
    assert f"{root}/schemas/ticks/versions/1.0.0" in damaged.value.message


async def test_a_document_of_the_greatest_size_is_kept(store: EtcdStore):
    raw = b"[" + b"1," * ((1 << 19) - 2) + b"1]"
    await store.put(entry(raw=raw), expected_latest=None)
    assert [e.raw for e in (await store.load()).entries] == [raw]


async def test_where_no_member_listens_the_start_says_so():
    with pytest.raises(Unavailable) as away:
        await EtcdStore.open(["127.0.0.1:1", "127.0.0.1:2"])
    assert away.value.reason == "STORE_AWAY"


async def test_servers_that_share_a_cluster_under_other_roots_see_nothing_of_each_other(
    etcd_cluster: EtcdCluster, root: str
):
    async with serving(etcd_cluster, root) as one, serving(etcd_cluster, f"{root}2") as two:
        await one.write(entry())
        await two.write(entry())
        assert [len(server.entries) for server in (one, two)] == [1, 1]


async def test_counts_of_reads_can_not_be_saved_or_asked_for_while_etcd_is_away(breakable: EtcdCluster, root: str):
    saved = ReadCount("2026-11-29", "one", "ticks", "etl", "1.0.0", 1)
    store = await EtcdStore.open(breakable.endpoints, root=root)
    members = list(breakable.members.values())
    for member in members[:2]:
        await member.kill()
    with pytest.raises(Unavailable):
        await store.save_reads([saved])
    with pytest.raises(Unavailable):
        await store.load_reads("ticks", "2026-11-23")
    for member in members[:2]:
        member.start()
    await breakable.ready()
    await store.save_reads([saved])
    assert await store.load_reads("ticks", "2026-11-23") == [saved]
    await store.close()


async def test_a_key_that_is_no_count_is_named(client: EtcdClient, etcd_cluster: EtcdCluster, root: str):
    key = f"{root}/observed/2026-11-29/ticks/one/0000"
    await client.transact(TxnRequest(success=[puts(key.encode(), b"[[1]]")]))
    store = await EtcdStore.open(etcd_cluster.endpoints, root=root)
    with pytest.raises(FailedPrecondition, match=key):
        await store.load_reads("ticks", "2026-11-23")
    await store.close()
