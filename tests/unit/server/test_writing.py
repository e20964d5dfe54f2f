"""Registering and following the store while another server writes too, or the store can't be reached."""

# ruff: noqa: A002, ASYNC110 (the field's term; waiting for what another task does)

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from schemaregistry.compat import admit
from schemaregistry.document import parse
from schemaregistry.errors import AlreadyExists, FailedPrecondition, Unavailable
from schemaregistry_server.catalog import feed
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.rpc import registration
from schemaregistry_server.rpc.registration import Registrar
from schemaregistry_server.rpc.verdict_cache import Candidate
from schemaregistry_server.store.base import Compacted, Entry, EntryBatch
from schemaregistry_server.store.sqlite_store import SQLiteStore
from tests.support.patience import PATIENCE


class Inline:
    """`compat` within this process, with a record of the questions."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str]] = []

    async def admit(self, versions: list[Entry], new: Candidate, _: str, __: Collection[str] = ()) -> None:
        self.asked.append((sorted(each.version for each in versions), str(new.version)))
        admit([parse(each.raw) for each in versions], parse(new.raw))


class Contended:
    """A store on which another server writes just before each of the first few writes here."""

    def __init__(self, store: SQLiteStore, rivals: list[Entry]) -> None:
        self._store = store
        self.rivals = rivals

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self._store, name)

    async def put(
        self,
        entry: Entry,
        *,
        expected_latest: str | None,
        expected_writes: int | None = None,
        token: str = "",
    ) -> int:
        if self.rivals:
            await self._store.put(self.rivals.pop(0), expected_latest=expected_latest)
        return await self._store.put(entry, expected_latest=expected_latest, expected_writes=expected_writes)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "registry.db")
    yield store
    await store.close()


@pytest.fixture
async def current(store: SQLiteStore) -> AsyncIterator[CurrentCatalog]:
    current = CurrentCatalog()
    following = asyncio.create_task(feed.follow(store, current))
    yield current
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


def entry(data: bytes) -> Entry:
    document = parse(data)
    return Entry(document.id, str(document.version), data, document.fingerprint, "another server", 1)


async def test_a_write_that_another_server_beat_is_judged_again_after_it(store, current, document) -> None:
    judge = Inline()
    first, rival, mine = (document("a", f"1.0.{n}", title=f"No {n}") for n in range(3))
    await Registrar(store, current, judge).write(parse(first), "me")
    written, created = await Registrar(Contended(store, [entry(rival)]), current, judge).write(parse(mine), "me")
    assert (written.version, created) == ("1.0.2", True)
    assert judge.asked == [(["1.0.0"], "1.0.2"), (["1.0.1"], "1.0.2")]


async def test_a_write_that_no_longer_fits_after_another_servers_is_refused(store, current, document) -> None:
    await Registrar(store, current, Inline()).write(parse(document("a", "1.0.0")), "me")
    contended = Contended(store, [entry(document("a", "1.0.5", title="Theirs"))])
    with pytest.raises(FailedPrecondition, match="Versions grow"):
        await Registrar(contended, current, Inline()).write(parse(document("a", "1.0.1", title="Mine")), "me")


async def test_the_same_version_by_another_server_is_found_by_its_content(store, current, document) -> None:
    same, other = document("a"), document("a", title="Other")
    written, created = await Registrar(Contended(store, [entry(same)]), current, Inline()).write(parse(same), "me")
    assert (created, written.registered_by) == (False, "another server")
    with pytest.raises(AlreadyExists):
        await Registrar(store, current, Inline()).write(parse(other), "me")


async def test_a_write_that_is_beaten_all_the_time_gives_up_and_says_so(store, current, document, monkeypatch) -> None:
    monkeypatch.setattr(registration, "ATTEMPTS", 3)
    rivals = [entry(document("a", f"1.0.{n}", title=f"No {n}")) for n in range(5)]
    with pytest.raises(Unavailable) as refused:
        await Registrar(Contended(store, rivals), current, Inline()).write(parse(document("a", "2.0.0")), "me")
    assert refused.value.reason == "CONTENDED"


async def test_a_release_is_judged_after_the_last_release_where_a_pre_release_came_between(
    store, current, document
) -> None:
    judge = Inline()
    for version in ("1.0.0", "1.1.0-rc.1", "1.1.0"):
        await Registrar(store, current, judge).write(parse(document("a", version, title=version)), "me")
    assert judge.asked[-1] == (["1.0.0", "1.1.0-rc.1"], "1.1.0")


async def test_a_transitive_level_is_judged_after_every_version(store, current, document) -> None:
    judge = Inline()
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        level = {"compatibility": "full_transitive"}
        await Registrar(store, current, judge).write(parse(document("a", version, title=version, **level)), "me")
    assert judge.asked[-1] == (["1.0.0", "1.0.1"], "1.0.2")


class Scripted:
    """A store whose watches end one after the other as a script says; the last one waits."""

    def __init__(self, *script: list[EntryBatch | Exception], everything: EntryBatch | None = None) -> None:
        self.script = list(script)
        self.everything = everything
        self.watched_after: list[int] = []

    async def load(self) -> EntryBatch:
        assert self.everything is not None
        return self.everything

    async def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        self.watched_after.append(after_revision)
        for step in self.script.pop(0) if self.script else []:
            if isinstance(step, Exception):
                raise step
            yield step
        await asyncio.Event().wait()


def numbered(revision: int, id: str = "a") -> Entry:
    return replace(Entry(id, f"1.{revision}.0", b"{}", "sha256:0", "x", 1), revision=revision)


async def followed(store: Scripted, current: CurrentCatalog, watches: int) -> None:
    """Follow the store until `watches` watches have begun."""
    following = asyncio.create_task(feed.follow(store, current))  # type: ignore[arg-type]
    async with asyncio.timeout(PATIENCE):
        while len(store.watched_after) < watches:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
    following.cancel()


async def test_a_store_that_goes_away_leaves_the_catalog_stale_until_it_is_back() -> None:
    current, stale = CurrentCatalog(), []

    class Noting(Scripted):
        def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
            stale.append(current.stale)
            return super().watch(after_revision)

    away = Unavailable("away", reason="STORE_AWAY")
    store = Noting([EntryBatch(1, (numbered(1),)), away], [away], [EntryBatch(2, (numbered(2),))])
    await followed(store, current, 3)
    assert store.watched_after == [0, 1, 1]
    assert stale == [False, True, True]
    assert not current.stale
    assert [r.entry.revision for r in current.catalog.after(0)] == [1, 2]


async def test_a_compacted_watch_is_listed_anew_and_nothing_goes_backwards() -> None:
    current = CurrentCatalog()
    everything = EntryBatch(9, tuple(numbered(n) for n in (1, 4, 9)))
    store = Scripted(
        [EntryBatch(1, (numbered(1),)), Compacted()], [EntryBatch(10, (numbered(10),))], everything=everything
    )
    await followed(store, current, 2)
    assert store.watched_after == [0, 9]
    assert [r.entry.revision for r in current.catalog.after(0)] == [1, 4, 9, 10]
    assert current.catalog.revision == 10


async def test_a_write_that_is_not_seen_in_time_is_found_by_whoever_sends_it_again(
    store: SQLiteStore, document: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "SECONDS", 0.05)
    current = CurrentCatalog()
    writer, wanted = Registrar(store, current, Inline()), parse(document("late_v1"))
    with pytest.raises(Unavailable) as late:
        await writer.write(wanted, "ci-bot")
    assert late.value.reason == "STORE_AHEAD"
    with pytest.raises(Unavailable):
        await writer.write(wanted, "ci-bot")
    await feed.load(store, current)
    entry, created = await writer.write(wanted, "ci-bot")
    assert (entry.revision, created) == (1, False)
