"""A watch over the catalog: snapshot, changes, marks of progress, and every way in which it ends."""

# ruff: noqa: A002, ASYNC110 (the field's term; waiting for what another task does)

import asyncio
from collections.abc import AsyncIterator

import pytest

from schemaregistry.errors import InvalidArgument, OutOfRange, ResourceExhausted, Unavailable
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.rpc import watching
from schemaregistry_server.store.base import Entry
from tests.support.patience import PATIENCE

Seen = list[tuple[str, str, int]]


def entry(revision: int, id: str = "a") -> Entry:
    return Entry(id, f"1.{revision}.0", b"{%d}" % revision, "sha256:0", "ci-bot", 1, revision)


@pytest.fixture
async def current() -> CurrentCatalog:
    current = CurrentCatalog()
    current.advance(3, [entry(1), entry(2, "b"), entry(3)])
    return current


async def follow(
    current: CurrentCatalog, seen: Seen, after: int = 0, progress_seconds: float = 60, **request: object
) -> None:
    """Watch and note each event as (kind, id, revision) until the watch ends."""
    wanted = pb.WatchSchemasRequest(after_revision=after, **request)  # type: ignore[arg-type]
    async for message in watching.watch(current, wanted, progress_seconds=progress_seconds):
        kind = str(message.WhichOneof("event"))
        seen.append((kind, "" if kind == "progress" else getattr(message, kind).id, message.revision))


async def first(count: int, messages: AsyncIterator[pb.WatchSchemasResponse]) -> list[pb.WatchSchemasResponse]:
    return [await anext(messages) for _ in range(count)]


async def until(seen: Seen, length: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(seen) < length:
            await asyncio.sleep(0)


async def test_a_snapshot_ends_with_progress_and_changes_follow(current: CurrentCatalog) -> None:
    seen: Seen = []
    watch = asyncio.create_task(follow(current, seen))
    await until(seen, 4)
    current.advance(5, [entry(4, "c"), entry(5)])
    await until(seen, 6)
    watch.cancel()
    assert seen == [
        ("snapshot", "a", 1),
        ("snapshot", "b", 2),
        ("snapshot", "a", 3),
        ("progress", "", 3),
        ("change", "c", 4),
        ("change", "a", 5),
    ]


async def test_a_resumed_watch_sends_only_what_is_later(current: CurrentCatalog) -> None:
    seen: Seen = []
    watch = asyncio.create_task(follow(current, seen, after=2))
    await until(seen, 2)
    watch.cancel()
    assert seen == [("snapshot", "a", 3), ("progress", "", 3)]


async def test_ids_choose_and_progress_still_moves_on(current: CurrentCatalog) -> None:
    seen: Seen = []
    watch = asyncio.create_task(follow(current, seen, ids=["b"], progress_seconds=0.01))
    await until(seen, 2)
    current.advance(4, [entry(4)])
    async with asyncio.timeout(PATIENCE):
        while seen[-1] != ("progress", "", 4):
            await asyncio.sleep(0)
    watch.cancel()
    assert [event for event in seen if event[0] != "progress"] == [("snapshot", "b", 2)]


async def test_progress_is_told_though_other_schemas_change_all_the_time(current: CurrentCatalog) -> None:
    """Without a mark, a reader of one id would take its connection for dead."""
    seen: Seen = []
    watch = asyncio.create_task(follow(current, seen, after=3, ids=["quiet"], progress_seconds=0.02))
    for revision in range(4, 1_000):
        if len(seen) >= 3:
            break
        current.advance(revision, [entry(revision)])
        await asyncio.sleep(0.005)
    watch.cancel()
    assert [kind for kind, *_ in seen[:3]] == ["progress"] * 3


async def test_documents_come_where_they_are_asked_for(current: CurrentCatalog) -> None:
    for wanted, documents in ((True, [b"{1}", b"{2}", b"{3}", b""]), (False, [b"", b"", b"", b""])):
        request = pb.WatchSchemasRequest(include_documents=wanted)
        messages = watching.watch(current, request, progress_seconds=60)
        assert [message.document for message in await first(4, messages)] == documents


async def test_every_watcher_of_a_change_is_sent_the_same_message(current: CurrentCatalog) -> None:
    """One message object for all watchers, which makes five thousand of them cheap."""
    request = pb.WatchSchemasRequest(after_revision=3)
    watches = [watching.watch(current, request, progress_seconds=60) for _ in range(100)]
    for watch in watches:
        await anext(watch)
    current.advance(4, [entry(4)])
    changes = [await anext(watch) for watch in watches]
    assert len({id(change) for change in changes}) == 1


async def test_concurrent_changes_arrive_once_and_in_order(current: CurrentCatalog) -> None:
    """Watches begin at any moment of a stream of writes, and none loses or repeats one."""
    all_seen: list[Seen] = []

    async def begin(moment: int) -> None:
        while current.catalog.revision < moment:
            await asyncio.sleep(0)
        all_seen.append([])
        await follow(current, all_seen[-1], progress_seconds=0.001)

    watches = [asyncio.create_task(begin(moment)) for moment in range(3, 203, 20)]
    for revision in range(4, 204):
        current.advance(revision, [entry(revision)])
        if revision % 3 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    current.close()
    await asyncio.gather(*watches, return_exceptions=True)
    for seen in all_seen:
        assert [revision for kind, _, revision in seen if kind != "progress"] == list(range(1, 204))
        assert [revision for *_, revision in seen] == sorted(revision for *_, revision in seen)
    assert len(all_seen) == 10


async def test_progress_says_when_the_store_is_away(current: CurrentCatalog) -> None:
    watch = watching.watch(current, pb.WatchSchemasRequest(after_revision=3), progress_seconds=60)
    assert not (await anext(watch)).progress.stale
    asyncio.get_running_loop().call_soon(current.mark_stale)
    assert (await anext(watch)).progress.stale


async def test_a_revision_that_the_store_has_not_reached_is_out_of_range(
    current: CurrentCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LAG_SECONDS", 0.05)
    with pytest.raises(OutOfRange, match="at revision 3 and has not reached 4") as refused:
        await follow(current, [], after=4)
    assert refused.value.reason == "REVISION_AHEAD"


async def test_a_server_without_its_store_sends_a_reader_that_is_ahead_to_another(
    current: CurrentCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't know whether the store was restored, and OUT_OF_RANGE would make the reader drop all it has."""
    monkeypatch.setattr(watching, "LAG_SECONDS", 0.05)
    current.mark_stale("cut off")
    with pytest.raises(Unavailable, match="watch another one"):
        await follow(current, [], after=4)


async def test_a_server_that_is_a_moment_behind_another_is_waited_for(current: CurrentCatalog) -> None:
    seen: Seen = []
    watch = asyncio.create_task(follow(current, seen, after=4))
    await asyncio.sleep(0.02)
    current.advance(4, [entry(4)])
    await until(seen, 1)
    watch.cancel()
    assert seen == [("progress", "", 4)]


@pytest.mark.parametrize(("request_", "reason"), [({"after": -1}, "BAD_REVISION"), ({"ids": ["../x"]}, "BAD_ID")])
async def test_a_wrong_request_is_refused(current: CurrentCatalog, request_: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await follow(current, [], **request_)  # type: ignore[arg-type]
    assert refused.value.reason == reason


async def test_a_stopping_server_says_where_to_resume(current: CurrentCatalog) -> None:
    watch = asyncio.create_task(follow(current, []))
    await asyncio.sleep(0.01)
    current.close()
    with pytest.raises(Unavailable, match="after_revision 3") as ended:
        await watch
    assert ended.value.metadata == {"after_revision": "3"}


async def test_a_reader_that_takes_nothing_is_dropped_with_the_place_to_resume() -> None:
    with pytest.raises(ResourceExhausted) as dropped:
        await watching.delivered(asyncio.sleep(60), pb.WatchSchemasResponse(revision=7), 0.01)
    assert (dropped.value.reason, dropped.value.metadata) == ("SLOW_READER", {"undelivered": "7"})
