"""The etcd client's reads, writes and watches on a healthy cluster."""

import asyncio

import grpc
import pytest

from schemaregistry_server.etcd import etcd_client
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts, unchanged
from schemaregistry_server.etcd.etcd_failures import CompactedRevision, EtcdRefused
from schemaregistry_server.etcd.etcd_watch import WatchedEvents
from schemaregistry_server.etcd.v3.rpc_pb2 import TxnRequest
from tests.support.patience import PATIENCE


async def put(client: EtcdClient, *pairs: tuple[bytes, bytes]) -> int:
    answer = await client.transact(TxnRequest(success=[puts(key, value) for key, value in pairs]))
    return answer.header.revision


async def watch(client: EtcdClient, prefix: bytes, after: int, events: int) -> list[WatchedEvents]:
    """Read a watch until it has sent `events` events."""
    seen: list[WatchedEvents] = []
    async with asyncio.timeout(PATIENCE):
        async for one in client.watch(prefix, after):
            seen.append(one)
            if sum(len(s.events) for s in seen) >= events:
                break
    return seen


async def test_of_two_transactions_with_one_comparison_one_wins(client: EtcdClient, prefix: bytes):
    tries = [TxnRequest(compare=[unchanged(prefix, 0)], success=[puts(prefix, b"%d" % n)]) for n in range(2)]
    answers = await asyncio.gather(*(client.transact(request) for request in tries))
    assert sorted(answer.succeeded for answer in answers) == [False, True]
    revision, there = await client.get(prefix, prefix + b"none")
    assert {key: pair.mod_revision for key, pair in there.items()} == {prefix: revision}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_client, "PAGE_KEYS", 1_000)
    monkeypatch.setattr(etcd_client, "PAGE_BYTES", 8 << 20)


@pytest.mark.usefixtures("small_pages")
async def test_a_prefix_is_read_in_pages_as_it_was_at_one_revision(client: EtcdClient, prefix: bytes):
    for begin in range(0, 2_500, 100):
        await put(client, *((prefix + b"%05d" % n, b"old") for n in range(begin, begin + 100)))
    pages = []
    async for page in client.read(prefix):
        pages.append(page)
        await put(client, (prefix + b"02400", b"new"), (prefix + b"09999", b"new"))
    assert [len(page.pairs) for page in pages] == [32, 1_000, 1_000, 468]
    assert len({page.revision for page in pages}) == 1
    pairs = [pair for page in pages for pair in page.pairs]
    assert [pair.key for pair in pairs] == [prefix + b"%05d" % n for n in range(2_500)]
    assert {pair.value for pair in pairs} == {b"old"}


@pytest.mark.usefixtures("small_pages")
async def test_pages_of_large_values_have_fewer_keys(client: EtcdClient, prefix: bytes):
    for n in range(56):
        await put(client, (prefix + b"%02d" % n, bytes(1 << 19)))
    assert [len(page.pairs) async for page in client.read(prefix)] == [32, 15, 9]


async def test_a_read_whose_revision_is_compacted_between_two_pages_says_so(client: EtcdClient, prefix: bytes):
    for begin in range(0, 1_200, 100):
        await put(client, *((prefix + b"%05d" % n, b"") for n in range(begin, begin + 100)))
    pages = client.read(prefix)
    await anext(pages)
    await client.compact(await put(client, (prefix + b"00000", b"again")))
    with pytest.raises(CompactedRevision):
        await anext(pages)


async def test_a_watch_brings_each_event_after_its_revision_once_and_in_order(client: EtcdClient, prefix: bytes):
    revisions = [await put(client, (prefix + b"%d" % n, b"x")) for n in range(6)]
    reading = asyncio.create_task(watch(client, prefix, revisions[1], 6))
    revisions += [await put(client, (prefix + b"more", b"%d" % n)) for n in range(2)]
    events = [event.kv.mod_revision for seen in await reading for event in seen.events]
    assert events == revisions[2:]


async def test_keys_beside_the_prefix_are_not_watched_but_move_the_progress(client: EtcdClient, prefix: bytes):
    first = await put(client, (prefix + b"a", b""))
    beside = await put(client, (prefix[:-1] + b"0", b""), (prefix[:-1] + b".", b""))
    async with asyncio.timeout(PATIENCE):
        async for seen in client.watch(prefix, first):
            assert seen.events == ()
            if seen.revision >= beside:
                break


async def test_a_watch_that_has_missed_more_than_one_message_holds_gets_whole_revisions(
    client: EtcdClient, prefix: bytes
):
    """etcd splits a long answer into fragments of about 2 MB wherever it likes (`fragment` in its WatchRequest)."""
    value = bytes(500_000)
    first = await put(client, (prefix, b""))
    revisions = [await put(client, (prefix + b"a", value), (prefix + b"b", value)) for _ in range(8)]
    seen = await watch(client, prefix, first, 16)
    assert [event.kv.mod_revision for s in seen for event in s.events] == [r for r in revisions for _ in "ab"]
    for s in seen:
        assert s.events == () or s.revision == s.events[-1].kv.mod_revision
        assert len(s.events) % 2 == 0
    assert len([s for s in seen if s.events]) > 1


async def test_a_watch_from_a_forgotten_revision_says_up_to_where_it_is_forgotten(client: EtcdClient, prefix: bytes):
    revisions = [await put(client, (prefix, b"%d" % n)) for n in range(5)]
    await client.compact(revisions[3])
    with pytest.raises(CompactedRevision) as forgotten:
        await watch(client, prefix, revisions[0], 1)
    assert forgotten.value.revision == revisions[3]


async def test_what_etcd_refuses_is_not_asked_of_the_other_members(client: EtcdClient, prefix: bytes):
    before = client.connection.current
    with pytest.raises(EtcdRefused) as refused:
        await put(client, (prefix, bytes(4 << 20)))
    assert refused.value.code in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert client.connection.current is before
