"""Save the counts of reads to the store, in batches: every few seconds, and when the server stops."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from schemaregistry.errors import RegistryError
from schemaregistry_server.rpc.read_counts import ReadCounts
from schemaregistry_server.store.base import Store

LAST_SECONDS: Final = 5.0
"""How long the last save, of a server that stops, may take."""

log = logging.getLogger(__name__)


class ReadSaver:
    """Saves the counts of one process. While the store fails they wait in memory, and the log says so once."""

    def __init__(self, store: Store, counts: ReadCounts) -> None:
        self._store = store
        self._counts = counts
        self._failing = False
        self._dropped = ""

    async def save(self) -> None:
        """Save what was counted since the last time, and delete the days that are too old."""
        marks, counts = self._counts.take_unsaved()
        try:
            if counts:
                await self._store.save_reads(counts)
            marks = {}
            oldest = self._counts.first_day()
            if self._dropped != oldest:
                await self._store.drop_reads(oldest)
                self._dropped = oldest
        except RegistryError as failed:
            self._report(failed.message)
        except Exception as failed:  # noqa: BLE001 (whatever it is, counting goes on)
            self._report(str(failed), failed)
        else:
            self._recover()
        finally:
            self._counts.mark_unsaved(marks)
            self._counts.drop_saved()

    def _report(self, why: str, unforeseen: Exception | None = None) -> None:
        if not self._failing:  # once for each outage
            log.warning("counts of reads can't be saved, they wait in memory: %s", why, exc_info=unforeseen)
        self._failing = True

    def _recover(self) -> None:
        if self._failing:
            log.warning("counts of reads are saved again")
        self._failing = False


@asynccontextmanager
async def saved_reads(store: Store, seconds: float) -> AsyncIterator[ReadCounts]:
    """Counts of reads that are saved to `store` every `seconds`, and once more at the end of the context."""
    counts, stopping = ReadCounts(), asyncio.Event()
    saving = asyncio.create_task(_save(ReadSaver(store, counts), seconds, stopping))
    try:
        yield counts
    finally:
        stopping.set()
        await asyncio.wait({saving}, timeout=LAST_SECONDS)
        if saving.cancel():
            log.warning("the counts of reads since the last save are lost: the store took longer than the stop may")


async def _save(saver: ReadSaver, seconds: float, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()
        await saver.save()
    # A save that was under way when the stop came has missed the last reads.
    await saver.save()
