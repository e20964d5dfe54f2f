"""The catalog's feed, with a store that fails in every way a store may fail."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from schemaregistry.errors import Unavailable
from schemaregistry_server.catalog import feed
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.store.base import Compacted, Entry, EntryBatch
from tests.support.patience import PATIENCE


class Failing:
    """A store that plays a script: batches, and exceptions raised by watches and loads."""

    def __init__(self, watches: list[EntryBatch | Exception], loads: list[EntryBatch | Exception]) -> None:
        self._watches = iter(watches)
        self._loads = iter(loads)

    async def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        for step in self._watches:
            if isinstance(step, Exception):
                raise step
            yield step

    async def load(self) -> EntryBatch:
        step = next(self._loads)
        if isinstance(step, Exception):
            raise step
        return step


def entry(revision: int) -> Entry:
    return Entry(f"s{revision}", "1.0.0", b"{}", "sha256:0", "ci-bot", 1, revision)


def away() -> Unavailable:
    return Unavailable("etcd is away", reason="STORE_AWAY")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAUSE", 0)


async def followed(
    watches: list[EntryBatch | Exception], loads: list[EntryBatch | Exception] | None = None
) -> CurrentCatalog:
    current = CurrentCatalog()
    await asyncio.wait_for(feed.follow(Failing(watches, loads or []), current), PATIENCE)  # type: ignore[arg-type]  # enough
    return current


async def test_an_outage_is_said_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        current = await followed(
            [EntryBatch(1, (entry(1),)), *(away() for _ in range(50)), EntryBatch(2), away(), EntryBatch(3)]
        )
    assert [line.split(",")[0] for line in caplog.messages] == ["the store is away", "the store is back"] * 2
    assert not current.stale


async def test_an_outage_keeps_its_beginning_and_says_its_latest_reason() -> None:
    current = CurrentCatalog()
    current.mark_stale("one")
    began = current.outage
    current.mark_stale("two")
    assert began
    assert current.outage
    assert (current.outage.since, current.outage.why) == (began.since, "two")


async def test_a_compacted_watch_loads_anew_even_where_the_load_fails_at_first() -> None:
    everything = EntryBatch(5, tuple(entry(revision) for revision in (1, 4, 5)))
    current = await followed([EntryBatch(1, (entry(1),)), Compacted("3"), Compacted("3")], [away(), everything])
    assert [registered.entry.revision for registered in current.catalog.after(0)] == [1, 4, 5]
    assert not current.stale
