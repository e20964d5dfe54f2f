"""Save a store's history to a file, and restore it into an empty store of either kind."""

import asyncio
from pathlib import Path

import pytest

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.ops import snapshot_file
from schemaregistry_server.ops.snapshot_file import Header
from schemaregistry_server.store import audit_chain, etcd_store, store_history
from schemaregistry_server.store.base import Entry, Store
from schemaregistry_server.store.store_history import History

KINDS = ["sqlite", "etcd"]


@pytest.fixture
def through(tmp_path: Path):
    """Save and restore a store's history through a file, as the commands do."""

    async def take(store: Store) -> tuple[History, list[Entry]]:
        held = await store_history.read(store)
        path = tmp_path / "a.snap"
        snapshot_file.save(path, Header("any", held.revision, len(held.writes), ""), held.writes)
        snapshot_file.check(path)
        return held, [write.entry for write in snapshot_file.read(path)]

    return take


def facts(entries: list[Entry]) -> list[tuple[object, ...]]:
    """The entries without their revisions, by id and in each id's order."""
    ordered = sorted(entries, key=lambda e: (e.id, e.revision))
    return [(e.id, e.version, e.raw, e.fingerprint, e.registered_by, e.registered_at, e.claims) for e in ordered]


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
async def test_each_version_comes_back_byte_for_byte_and_in_its_order(
    stores, fill_store, through, source: str, target: str
) -> None:
    async with stores(f"{source}/old") as old, stores(f"{target}/new") as new:
        await fill_store(old)
        before, entries = await through(old)
        await new.restore(entries)
        after = await store_history.read(new)
    assert len(entries) == 5
    assert facts([write.entry for write in after.writes]) == facts(entries)
    same = source == target
    store_history.require(after, before.writes, same_chain=same, same_revisions=target == "sqlite")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_restored_store_goes_on_where_the_old_one_was(stores, fill_store, through, kind: str) -> None:
    async with stores(f"{kind}/old") as old, stores(f"{kind}/new") as new:
        await fill_store(old)
        _, entries = await through(old)
        await new.restore(entries)
        reached = (await new.load()).entries[-1].revision
        assert await new.put(Entry("ticks", "2.0.0", b"{}", "f", "me", 1), expected_latest="1.10.0") > reached
        assert audit_chain.verify(await new.audit()) == 6


async def test_the_embedded_store_keeps_revisions_that_have_gaps(stores) -> None:
    entries = [Entry("a", "1.0.0", b"{}", "f", "me", 1, revision) for revision in (3,)]
    entries.append(Entry("b", "1.0.0", b"{}", "f", "me", 1, 70))
    async with stores("sqlite/new") as new:
        await new.restore(entries)
        assert [e.revision for e in (await new.load()).entries] == [3, 70]
        assert await new.put(Entry("c", "1.0.0", b"{}", "f", "me", 1), expected_latest=None) == 71


@pytest.mark.parametrize("kind", KINDS)
async def test_a_store_that_has_something_is_refused_and_stays_as_it_was(stores, fill_store, kind: str) -> None:
    async with stores(f"{kind}/old") as store:
        await fill_store(store)
        before = await store.load()
        with pytest.raises(FailedPrecondition) as refused:
            await store.restore([Entry("new", "1.0.0", b"{}", "f", "me", 1, 99)])
        assert refused.value.reason == "STORE_NOT_EMPTY"
        assert (await store.load()).entries == before.entries


async def test_a_restore_that_ends_half_way_leaves_the_embedded_store_empty(stores) -> None:
    def broken():
        yield Entry("a", "1.0.0", b"{}", "f", "me", 1, 1)
        raise FailedPrecondition("the file changed meanwhile", reason="X")

    async with stores("sqlite/new") as store:
        with pytest.raises(FailedPrecondition, match="meanwhile"):
            await store.restore(broken())
        assert (await store.load()).entries == ()
        await store.restore([Entry("a", "1.0.0", b"{}", "f", "me", 1, 1)])


async def test_a_file_that_breaks_half_way_ends_a_restore_into_etcd_with_its_own_words(stores) -> None:
    def broken():
        yield Entry("a", "1.0.0", b"{}", "f", "me", 1, 1)
        raise FailedPrecondition("the file changed meanwhile", reason="X")

    async with stores("etcd/new") as store:
        with pytest.raises(FailedPrecondition, match="meanwhile"):
            await store.restore(broken())


async def test_many_versions_of_many_ids_keep_their_order_in_etcd(stores) -> None:
    entries = [Entry(f"s{n % 40}", f"1.{n // 40}.0", b"%d" % n, "f", "me", n, n + 1) for n in range(1_000)]
    async with stores("etcd/new") as store:
        await store.restore(entries)
        restored = list((await store.load()).entries)
    assert facts(restored) == facts(entries)
    moved = [abs(int(e.raw) - place) for place, e in enumerate(restored)]
    assert max(moved) <= etcd_store.RESTORING


@pytest.mark.parametrize("kind", KINDS)
async def test_a_history_that_is_read_while_others_write_is_whole(stores, kind: str) -> None:
    async with stores(f"{kind}/busy") as store:

        async def write() -> None:
            for n in range(150):
                await store.put(Entry(f"s{n}", "1.0.0", b"%d" % n, "f", "me", 1), expected_latest=None)

        writing = asyncio.create_task(write())
        sizes = []
        while not writing.done():
            held = await store_history.read(store)
            sizes.append(len(held.writes))
            assert {write.entry.id for write in held.writes} == {f"s{n}" for n in range(len(held.writes))}
        await writing
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 2
