"""A store whose calls are timed, for `schemaregistry_store_seconds`; everything else is the store's within."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from time import perf_counter

from schemaregistry.errors import RegistryError
from schemaregistry_server.metrics.server_metrics import metrics
from schemaregistry_server.store.base import (
    AuditRecord,
    Conflict,
    Entry,
    EntryBatch,
    ReadCount,
    StateChange,
    Store,
    StreamedHistory,
)


class MeasuredStore:
    """The interface `Store`, of a store that it is given."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def load(self) -> EntryBatch:
        with _timed("load"):
            return await self._store.load()

    async def revision(self) -> int:
        with _timed("revision"):
            return await self._store.revision()

    async def members(self) -> Mapping[str, bool]:
        return await self._store.members()

    async def put(
        self, entry: Entry, *, expected_latest: str | None, expected_writes: int | None = None, token: str = ""
    ) -> int:
        with _timed("put"):
            return await self._store.put(
                entry, expected_latest=expected_latest, expected_writes=expected_writes, token=token
            )

    async def put_state(self, change: StateChange, *, expected_writes: int, token: str = "") -> int:
        with _timed("put_state"):
            return await self._store.put_state(change, expected_writes=expected_writes, token=token)

    def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        return self._store.watch(after_revision)

    async def audit(self, found: list[AuditRecord] | None = None) -> tuple[AuditRecord, ...]:
        return await self._store.audit(found)

    def stream(self) -> AbstractAsyncContextManager[StreamedHistory]:
        return self._store.stream()

    async def restore(self, entries: Iterable[Entry | StateChange]) -> None:
        await self._store.restore(entries)

    async def save_reads(self, counts: Sequence[ReadCount]) -> None:
        with _timed("save_reads"):
            await self._store.save_reads(counts)

    async def load_reads(self, id: str, since: str) -> Sequence[ReadCount]:  # noqa: A002 (the field's term)
        with _timed("load_reads"):
            return await self._store.load_reads(id, since)

    async def drop_reads(self, before: str) -> None:
        await self._store.drop_reads(before)

    async def close(self) -> None:
        await self._store.close()


@contextmanager
def _timed(operation: str) -> Iterator[None]:
    began, result = perf_counter(), "failed"
    try:
        yield
        result = "ok"
    except Conflict:
        result = "conflict"
        raise
    except RegistryError as error:
        result = error.code.lower()
        raise
    finally:
        metrics().store_seconds.labels(operation, result).observe(perf_counter() - began)
