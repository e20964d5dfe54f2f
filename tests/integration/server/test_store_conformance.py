"""The promises of `store/base.py`, tested on every store."""

# ruff: noqa: A002 (the field's term)

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store import audit_chain, store_history
from schemaregistry_server.store.base import Conflict, Entry, ReadCount, StateChange, Store
from schemaregistry_server.store.etcd_store import EtcdStore
from schemaregistry_server.store.sqlite_store import SQLiteStore
from schemaregistry_server.store.verified_claims import NO_TOKEN, VerifiedClaims
from tests.support.patience import PATIENCE

Open = Callable[[], Awaitable[Store]]


def _sqlite(request: pytest.FixtureRequest, directory: Path) -> Open:
    async def open_one() -> Store:
        return SQLiteStore(directory / "registry.db")

    return open_one


def _etcd(request: pytest.FixtureRequest, directory: Path) -> Open:
    cluster = request.getfixturevalue("etcd_cluster")
    return partial(EtcdStore.open, cluster.endpoints, root=f"/{directory.name}")


STORES = {"sqlite": _sqlite, "etcd": _etcd}
"""Name → how to open a store that keeps its data under a directory or its name, the same data each time."""


@pytest.fixture(params=STORES)
def open_fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return STORES[request.param](request, tmp_path)


@pytest.fixture
async def open_store(open_fresh: Open) -> AsyncIterator[Open]:
    """Opens the store; opened again after `close` it has its data. Every one is closed after the test."""
    opened: list[Store] = []

    async def open_one() -> Store:
        opened.append(await open_fresh())
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: Open) -> Store:
    return await open_store()


def entry(id: str = "ticks", version: str = "1.0.0", raw: bytes = b"{}", who: str = "ci-bot") -> Entry:
    return Entry(id, version, raw, f"sha256:{hash(raw):064x}", who, 1_700_000_000_000_000)


def retraction(version: str = "1.0.0", reason: str = "a typo", name: str = "retracted") -> StateChange:
    return StateChange("ticks", version, VersionState(name, reason), "sha256:0", "ci-bot", 1_700_000_000_000_001)  # type: ignore[arg-type]


async def take(store: Store, after: int, count: int) -> list[Entry]:
    """The first `count` entries of a watch."""
    taken: list[Entry] = []
    async with asyncio.timeout(PATIENCE):
        async for batch in store.watch(after):
            taken += batch.entries
            if len(taken) >= count:
                break
    return taken


async def test_a_new_store_is_empty(store: Store) -> None:
    assert (await store.load()).entries == ()


async def test_what_was_put_is_loaded_byte_for_byte(store: Store) -> None:
    raw = '{\r\n\t"é": "\\u0000" }'.encode() + bytes(range(256))
    revision = await store.put(entry(raw=raw), expected_latest=None)
    loaded = await store.load()
    assert loaded.revision == revision
    assert [(e.id, e.version, e.raw, e.registered_by, e.revision) for e in loaded.entries] == [
        ("ticks", "1.0.0", raw, "ci-bot", revision)
    ]


async def test_an_origin_is_kept_with_the_version_and_covered_by_the_audit(store: Store) -> None:
    origin = Origin("acme/market-data", "c0ffee" * 6 + "c0de", "schemas/tïcks.json", "42")
    await store.put(replace(entry(), origin=origin), expected_latest=None)
    await store.put(entry(version="1.1.0"), expected_latest="1.0.0")
    history = await store_history.read(store)
    assert [write.entry.origin for write in history.writes] == [origin, Origin()]
    assert [Origin.read(write.record.origin) for write in history.writes] == [origin, Origin()]
    first, second = await store.audit()
    with pytest.raises(FailedPrecondition, match="1"):
        audit_chain.verify([replace(first, origin=Origin("mallory/market-data").text), second])


async def test_the_claims_of_a_token_are_kept_with_each_write_and_covered_by_the_audit(store: Store) -> None:
    claims = VerifiedClaims("jti-1", "acme/schemas", "c0ffee", "refs/heads/main", "publish.yml@refs/heads/main", "7")
    await store.put(replace(entry(), claims=claims), expected_latest=None)
    await store.put_state(replace(retraction(), claims=VerifiedClaims("jti-2")), expected_writes=1)
    await store.put(entry(version="1.1.0"), expected_latest="1.0.0")
    history = await store_history.read(store)
    assert [write.entry.claims for write in history.writes] == [claims, VerifiedClaims("jti-2"), NO_TOKEN]
    assert [VerifiedClaims.read(write.record.claims) for write in history.writes] == [
        write.entry.claims for write in history.writes
    ]
    first, *others = await store.audit()
    for other in ("", VerifiedClaims("jti-1", "mallory/schemas").text):
        with pytest.raises(FailedPrecondition, match="1"):
            audit_chain.verify([replace(first, claims=other), *others])


async def test_what_a_token_proves_can_not_be_made_of_what_a_writer_states(store: Store) -> None:
    await store.put(replace(entry(), origin=Origin("acme/schemas", "c0ffee")), expected_latest=None)
    [record] = await store.audit()
    with pytest.raises(FailedPrecondition, match="1"):
        audit_chain.verify([replace(record, origin="", claims=record.origin)])


async def test_revisions_grow_with_each_write(store: Store) -> None:
    revisions = [await store.put(entry(id=f"s{n}"), expected_latest=None) for n in range(5)]
    assert revisions == sorted(set(revisions))
    assert revisions[0] > 0


async def test_a_version_that_is_there_is_never_written_again(store: Store) -> None:
    first = await store.put(entry(raw=b"first"), expected_latest=None)
    with pytest.raises(Conflict) as lost:
        await store.put(entry(raw=b"second"), expected_latest="1.0.0")
    assert lost.value.revision == first
    assert [e.raw for e in (await store.load()).entries] == [b"first"]


async def test_an_older_version_is_never_written_again_either(store: Store) -> None:
    await store.put(entry(version="1.0.0", raw=b"first"), expected_latest=None)
    await store.put(entry(version="1.1.0"), expected_latest="1.0.0")
    with pytest.raises(Conflict):
        await store.put(entry(version="1.0.0", raw=b"second"), expected_latest="1.1.0")
    assert (await store.load()).entries[0].raw == b"first"


async def test_a_fix_to_an_old_line_is_written_after_a_later_version(store: Store) -> None:
    last = None
    for version in ("1.0.0", "2.0.0", "1.0.1", "2.0.1"):
        await store.put(entry(version=version), expected_latest=last)
        last = version
    assert [e.version for e in (await store.load()).entries] == ["1.0.0", "2.0.0", "1.0.1", "2.0.1"]
    audit_chain.verify(await store.audit())


@pytest.mark.parametrize("expected", [None, "0.9.0", "1.1.0"])
async def test_a_write_that_expects_another_latest_loses_and_hears_of_the_right_one(
    store: Store, expected: str | None
) -> None:
    revision = await store.put(entry(), expected_latest=None)
    with pytest.raises(Conflict) as lost:
        await store.put(entry(version="2.0.0"), expected_latest=expected)
    assert lost.value.revision == revision
    assert len((await store.load()).entries) == 1


async def test_a_write_that_expects_a_latest_where_there_is_none_loses(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.put(entry(), expected_latest="0.9.0")
    assert (await store.load()).entries == ()


async def test_of_concurrent_writers_of_one_version_one_wins(store: Store) -> None:
    writes = [store.put(entry(raw=b"%d" % n), expected_latest=None) for n in range(50)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    won = [n for n, answer in enumerate(answers) if isinstance(answer, int)]
    assert len(won) == 1
    assert all(isinstance(answer, Conflict) for n, answer in enumerate(answers) if n not in won)
    assert [e.raw for e in (await store.load()).entries] == [b"%d" % won[0]]


async def test_of_concurrent_writers_of_different_next_versions_one_wins(store: Store) -> None:
    await store.put(entry(), expected_latest=None)
    writes = [store.put(entry(version=f"1.{n}.0"), expected_latest="1.0.0") for n in range(1, 30)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert len((await store.load()).entries) == 2


async def test_concurrent_writers_of_different_ids_all_win_with_revisions_of_their_own(store: Store) -> None:
    revisions = await asyncio.gather(*(store.put(entry(id=f"s{n}"), expected_latest=None) for n in range(300)))
    assert len(set(revisions)) == 300
    assert [e.revision for e in (await store.load()).entries] == sorted(revisions)


async def test_a_watch_from_0_sends_what_is_there_and_then_what_comes(store: Store) -> None:
    await store.put(entry(id="a"), expected_latest=None)
    watching = asyncio.create_task(take(store, 0, 2))
    await asyncio.sleep(0.05)
    await store.put(entry(id="b"), expected_latest=None)
    assert [e.id for e in await watching] == ["a", "b"]


async def test_a_watch_resumes_after_a_revision(store: Store) -> None:
    revisions = [await store.put(entry(id=f"s{n}"), expected_latest=None) for n in range(10)]
    assert [e.revision for e in await take(store, revisions[3], 6)] == revisions[4:]


async def test_watches_that_begin_amid_writes_get_each_entry_once_and_in_order(store: Store) -> None:
    async def write() -> None:
        for n in range(100):
            await asyncio.gather(*(store.put(entry(id=f"s{n}_{k}"), expected_latest=None) for k in range(4)))

    async def begin(late: float) -> list[Entry]:
        await asyncio.sleep(late)
        return await take(store, 0, 400)

    *watched, _ = await asyncio.gather(*(begin(n / 100) for n in range(6)), write())
    written = (await store.load()).entries
    for entries in watched:
        assert entries == list(written)


async def test_what_was_acknowledged_is_there_after_reopening(open_store: Open) -> None:
    store = await open_store()
    revisions = await asyncio.gather(*(store.put(entry(id=f"s{n}"), expected_latest=None) for n in range(20)))
    await store.close()
    again = await open_store()
    loaded = await again.load()
    assert sorted(e.revision for e in loaded.entries) == sorted(revisions)
    assert await again.put(entry(id="next"), expected_latest=None) > loaded.revision


async def test_close_ends_the_watches(store: Store) -> None:
    watching = asyncio.create_task(take(store, 0, 1))
    await asyncio.sleep(0.05)
    await store.close()
    assert await asyncio.wait_for(watching, PATIENCE) == []


async def test_each_write_has_its_audit_record_and_the_chain_holds(store: Store) -> None:
    await store.put(entry(id="a", who="alice"), expected_latest=None)
    await store.put(entry(id="b", who="bob"), expected_latest=None)
    with pytest.raises(Conflict):
        await store.put(entry(id="b", who="carol"), expected_latest=None)
    records = await store.audit()
    assert [(r.who, r.what, r.id, r.version) for r in records] == [
        ("alice", "register", "a", "1.0.0"),
        ("bob", "register", "b", "1.0.0"),
    ]
    assert audit_chain.verify(records) == 2


async def test_the_audit_chain_goes_on_after_reopening(open_store: Open) -> None:
    store = await open_store()
    await store.put(entry(id="a"), expected_latest=None)
    await store.close()
    again = await open_store()
    await again.put(entry(id="b"), expected_latest=None)
    assert audit_chain.verify(await again.audit()) == 2


def count(day: str = "2026-11-29", writer: str = "one", **members: object) -> ReadCount:
    usual = {"id": "ticks", "identity": "spiffe://prod/etl", "version": "1.0.0", "reads": 1}
    return ReadCount(day, writer, **(usual | members))  # type: ignore[arg-type]


async def test_counts_of_reads_are_there_after_reopening(open_store: Open) -> None:
    store = await open_store()
    counts = [count(), count(version="1.1.0"), count(identity="", version="", reads=7), count(id="", identity="")]
    await store.save_reads([*counts, count(id="bars")])
    await store.close()
    assert set(await (await open_store()).load_reads("ticks", "2026-11-23")) == set(counts)


async def test_a_count_is_replaced_by_its_writers_later_one_and_no_others(store: Store) -> None:
    await store.save_reads([count(reads=3)])
    await store.save_reads([count(writer="two", reads=10)])
    for _ in range(2):  # saved again, where the answer to the first time was lost
        await store.save_reads([count(reads=5), count(version="1.1.0", reads=1)])
    reads = await store.load_reads("ticks", "2026-11-23")
    assert sorted((each.writer, each.version, each.reads) for each in reads) == [
        ("one", "1.0.0", 5),
        ("one", "1.1.0", 1),
        ("two", "1.0.0", 10),
    ]


async def test_many_counts_with_long_names_are_saved(store: Store) -> None:
    counts = [count(identity=f"{number}{chr(34) * 2040}", reads=number) for number in range(1500)]
    counts += [count(id=f"id_{number}") for number in range(300)]
    await store.save_reads(counts)
    assert set(await store.load_reads("ticks", "2026-11-29")) == set(counts[:1500])
    assert await store.load_reads("id_299", "2026-11-29") == [counts[-1]]


async def test_old_counts_are_deleted_by_their_day(store: Store) -> None:
    days = [f"2026-11-{day}" for day in range(22, 30)]
    await store.save_reads([count(day) for day in days])
    assert [each.day for each in await store.load_reads("ticks", "2026-11-25")] == days[3:]
    await store.drop_reads("2026-11-23")
    assert [each.day for each in await store.load_reads("ticks", "2026-11-21")] == days[1:]


async def test_counts_of_reads_are_no_versions(store: Store) -> None:
    first = await store.put(entry(), expected_latest=None)
    watching = asyncio.create_task(take(store, first, 1))
    await store.save_reads([count()])
    second = await store.put(entry(version="1.1.0"), expected_latest="1.0.0")
    assert [e.revision for e in await watching] == [second]
    assert [e.revision for e in (await store.load()).entries] == [first, second]
    assert audit_chain.verify(await store.audit()) == 2


async def test_a_state_is_a_write_of_its_own_beside_the_version(store: Store, open_store: Open) -> None:
    first = await store.put(entry(), expected_latest=None)
    second = await store.put_state(retraction(), expected_writes=1)
    third = await store.put(entry(version="1.1.0"), expected_latest="1.0.0", expected_writes=2)
    assert first < second < third
    await store.close()
    loaded = await (await open_store()).load()
    assert [(each.version, each.raw) for each in loaded.entries] == [("1.0.0", b"{}"), ("1.1.0", b"{}")]
    assert [(each.version, each.state, each.revision) for each in loaded.states] == [
        ("1.0.0", VersionState("retracted", "a typo"), second)
    ]


async def test_of_two_changes_of_one_state_that_race_one_loses(store: Store) -> None:
    await store.put(entry(), expected_latest=None)
    changes = [store.put_state(retraction(reason=reason), expected_writes=1) for reason in ("one", "other")]
    done = await asyncio.gather(*changes, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "int"]
    assert len((await store.load()).states) == 1


async def test_a_version_that_was_judged_before_a_change_of_a_state_is_not_written_after_it(store: Store) -> None:
    await store.put(entry(), expected_latest=None)
    revision = await store.put_state(retraction(), expected_writes=1)
    with pytest.raises(Conflict) as lost:
        await store.put(entry(version="1.1.0"), expected_latest="1.0.0", expected_writes=1)
    assert lost.value.revision == revision


async def test_a_watch_tells_of_states_in_the_order_of_their_writes(store: Store) -> None:
    await store.put(entry(), expected_latest=None)
    revision = await store.put_state(retraction(), expected_writes=1)
    written = []

    async def watched(count: int) -> None:
        async for batch in store.watch(0):
            written.extend(batch.writes)
            if len(written) >= count:
                return

    async with asyncio.timeout(PATIENCE):
        watching = asyncio.create_task(watched(3))
        await store.put_state(retraction(name="active", reason="no typo"), expected_writes=2)
        await watching
    assert [getattr(each, "state", None) and each.state.name for each in written] == [None, "retracted", "active"]
    later = await anext(aiter(store.watch(revision)))
    assert [each.state.name for each in later.states] == ["active"]


async def test_the_audit_has_who_changed_a_state_and_binds_the_reason(store: Store) -> None:
    await store.put(entry(), expected_latest=None)
    await store.put_state(retraction(), expected_writes=1)
    await store.put_state(retraction(name="active", reason=""), expected_writes=2)
    records = await store.audit()
    assert audit_chain.verify(records) == 3
    assert [(each.who, each.what) for each in records] == [
        ("ci-bot", "register"),
        ("ci-bot", "retract"),
        ("ci-bot", "reinstate"),
    ]
    history = await store_history.read(store)
    changed = replace(history.writes[1].entry, state=VersionState("retracted", "another reason"))
    with pytest.raises(FailedPrecondition, match="not what its audit record says"):
        store_history.pair(changed, history.writes[1].record)


async def test_states_are_restored_with_their_versions(store: Store, tmp_path: Path) -> None:
    other = SQLiteStore(tmp_path / "other" / "registry.db")
    await other.put(entry(), expected_latest=None)
    await other.put_state(retraction(), expected_writes=1)
    await other.put(entry(version="1.1.0"), expected_latest="1.0.0")
    history = await store_history.read(other)
    await other.close()
    await store.restore(write.entry for write in history.writes)
    store_history.require(await store_history.read(store), history.writes, same_chain=False)
    assert [each.state.name for each in (await store.load()).states] == ["retracted"]
    assert await store.put(entry(version="1.2.0"), expected_latest="1.1.0", expected_writes=3)


async def test_the_newest_revision_is_that_of_the_last_write(store: Store) -> None:
    assert await store.revision() >= 0
    written = await store.put(entry(), expected_latest=None)
    assert await store.revision() >= written
    assert all((await store.members()).values())
