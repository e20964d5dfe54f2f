"""The embedded store: one SQLite file with one writer thread, and watches within the same process.

`sqlite_file.py` opens and checks the file, `sqlite_rows.py` reads and writes its rows; `base.py` states what a store
promises.
"""

import asyncio
import errno
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from schemaregistry.errors import Unavailable
from schemaregistry_server.store import sqlite_file, sqlite_reads, sqlite_rows
from schemaregistry_server.store.base import (
    AuditRecord,
    Conflict,
    Entry,
    EntryBatch,
    ReadCount,
    StateChange,
    StreamedHistory,
    Write,
    not_empty,
)
from schemaregistry_server.writer_groups import groups

Given = TypeVar("Given")

GROUP = 256
"""Writes that one transaction may carry, each with its own comparison: they share one sync of the disk."""


@dataclass(frozen=True, slots=True)
class _Write:
    """A put that waits for the writer thread; `done` gets its revision or its error.

    `expected_latest` counts for an entry alone; `expected_writes` is None where any number will do.
    """

    what: Entry | StateChange
    expected_latest: str | None
    expected_writes: int | None
    done: asyncio.Future[int]


class SQLiteReader:
    """Reads the file without its lock, so also while a server has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self) -> EntryBatch:
        """Read every entry.

        Raises FailedPrecondition where a document's bytes were changed (STORE_CORRUPT) or it has no audit record
        (AUDIT_BROKEN).
        """
        return await asyncio.to_thread(self._read, 0)

    async def revision(self) -> int:
        """Read the newest revision from the file."""
        return await asyncio.to_thread(self._revision)

    async def members(self) -> Mapping[str, bool]:
        """None: the store is a file."""
        return {}

    async def audit(self, found: list[AuditRecord] | None = None) -> tuple[AuditRecord, ...]:
        """Read every audit record in order, for `audit_chain.verify`; a text that is no UTF-8 has surrogates.

        Raises FailedPrecondition (AUDIT_BROKEN) where the last one is missing; `found` has those that are there.
        """
        return await asyncio.to_thread(self._read_audit, [] if found is None else found)

    def _revision(self) -> int:
        try:
            with sqlite_file.reading(self._path) as connection:
                return sqlite_rows.newest(connection)
        except sqlite3.Error as failed:
            raise _away(self._path, failed) from failed

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[StreamedHistory]:
        """Read every write with its audit record, verified on the way; the rows are read in this thread.

        The writes raise FailedPrecondition (STORE_CORRUPT, AUDIT_BROKEN) where something was changed.
        """
        with sqlite_file.reading(self._path) as connection:
            connection.text_factory = sqlite_rows.text
            connection.execute("BEGIN")  # all reads see the same writes
            versions, changes, revision = connection.execute(sqlite_rows.COUNTS).fetchone()
            sqlite_rows.must_have_end(connection, revision, self._path)
            writes = sqlite_rows.stream(connection, self._path)
            yield StreamedHistory(revision, versions, changes, _each(writes))

    def _read(self, after: int) -> EntryBatch:
        with sqlite_file.reading(self._path) as connection:
            connection.execute("BEGIN")  # both reads see the same writes
            entries, states = sqlite_rows.read(connection, after, self._path)
        return EntryBatch(max((after, *(each[-1].revision for each in (entries, states) if each))), entries, states)

    def _read_audit(self, found: list[AuditRecord]) -> tuple[AuditRecord, ...]:
        columns = (
            "sequence, who, what, id, version, fingerprint, content, at, previous, revision, hash, '', origin, claims"
        )
        with sqlite_file.reading(self._path) as connection:
            connection.text_factory = sqlite_rows.text
            connection.execute("BEGIN")  # both reads see the same writes
            rows = connection.execute(f"SELECT {columns} FROM audit ORDER BY sequence")  # noqa: S608 (constant text)
            found.extend(AuditRecord(*row) for row in rows)
            sqlite_rows.must_have_end(connection, found[-1].revision if found else 0, self._path)
        return tuple(found)


async def _each(writes: Iterable[Write]) -> AsyncIterator[Write]:
    for write in writes:
        yield write


class SQLiteStore(SQLiteReader):
    """The store interface over one file. Opened and used within one event loop."""

    def __init__(self, path: Path) -> None:
        """Open `path`, making it where it is missing; raises FailedPrecondition where it is locked or unusable."""
        super().__init__(path)
        self._loop = asyncio.get_running_loop()
        self._lock = sqlite_file.lock(path)
        self._is_new = not path.exists()
        self._to_discard = False
        """Whether the file was made for a restore that failed."""
        try:
            self._connection = sqlite_file.connect(path)
        except BaseException:
            self._lock.close()
            raise
        self._waiting: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._watchers: set[asyncio.Queue[EntryBatch | None]] = set()
        self._closed = False
        # A daemon, so that a process that ends without `close` isn't held up; what was acknowledged is on the disk.
        self._writer = threading.Thread(target=self._write_all, name="sqlite-writer", daemon=True)
        self._writer.start()

    async def put(
        self,
        entry: Entry,
        *,
        expected_latest: str | None,
        expected_writes: int | None = None,
        token: str = "",  # noqa: ARG002
    ) -> int:
        """Queue the write for the writer thread and return its revision once it is on the disk.

        The `token` isn't needed: the server has verified it, and is the only one that writes the file.

        Raises Conflict, and Unavailable where the store is closed or the disk takes no more.
        """
        return await self._queued(entry, expected_latest, expected_writes)

    async def put_state(self, change: StateChange, *, expected_writes: int, token: str = "") -> int:  # noqa: ARG002
        """Queue the write as `put` does; raises as `put`."""
        return await self._queued(change, None, expected_writes)

    async def _queued(
        self, write: Entry | StateChange, expected_latest: str | None, expected_writes: int | None
    ) -> int:
        if self._closed:
            raise Unavailable("The store is closed.", reason="STORE_CLOSED")
        done: asyncio.Future[int] = self._loop.create_future()
        self._waiting.put(_Write(write, expected_latest, expected_writes, done))
        return await done

    async def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        """Yield the writes after `after_revision`, then each new group of writes.

        It subscribes first and reads the file second, so that no write falls between the two; a batch that comes both
        ways is dropped by its revision.
        """
        batches: asyncio.Queue[EntryBatch | None] = asyncio.Queue()
        self._watchers.add(batches)
        try:
            yield (known := await asyncio.to_thread(self._read, after_revision))
            reached = known.revision
            while not self._closed and (batch := await batches.get()):
                if batch.revision > reached:
                    reached = batch.revision
                    yield batch
        finally:
            self._watchers.discard(batches)

    async def restore(self, entries: Iterable[Entry | StateChange]) -> None:
        """Write all of `entries` at the revisions they have, in one transaction.

        Raises FailedPrecondition (STORE_NOT_EMPTY), or Unavailable where the disk takes no more; nothing is then
        written, and a file that wasn't there before goes with `close`.
        """
        await asyncio.to_thread(self._restore, entries)

    async def save_reads(self, counts: Sequence[ReadCount]) -> None:
        """Write counts of reads; raises Unavailable where the disk takes no more."""
        await self._of_reads(sqlite_reads.save, counts)

    async def load_reads(self, id: str, since: str) -> Sequence[ReadCount]:  # noqa: A002 (the field's term)
        """Read the counts of `id`, and those of no id, of the days from `since` on."""
        return await asyncio.to_thread(sqlite_reads.load, self._path, id, since)

    async def drop_reads(self, before: str) -> None:
        """Delete the counts of the days before `before`; raises Unavailable as `save_reads` does."""
        await self._of_reads(sqlite_reads.drop, before)

    async def _of_reads(self, write: Callable[[Path, Given], None], given: Given) -> None:
        try:
            await asyncio.to_thread(write, self._path, given)
        except sqlite3.Error as failed:
            raise _away(self._path, failed) from failed

    async def close(self) -> None:
        """Finish the queued writes, end the watches, release the lock."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            await asyncio.to_thread(self._writer.join)
            for batches in self._watchers:
                batches.put_nowait(None)
            self._connection.close()
            if self._to_discard:
                sqlite_file.discard(self._path)
            self._lock.close()

    def _restore(self, entries: Iterable[Entry | StateChange]) -> None:
        if self._connection.execute("SELECT 1 FROM version LIMIT 1").fetchone():
            raise not_empty(str(self._path))
        self._to_discard = self._is_new
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for entry in entries:
                sqlite_rows.insert(self._connection, entry)
            self._connection.execute("COMMIT")
            self._to_discard = False
        except sqlite3.Error as failed:
            raise _away(self._path, failed) from failed
        finally:
            self._rollback()

    def _write_all(self) -> None:
        """Run the writer thread: take the queued writes, commit them as one transaction, answer each."""
        for group in groups(self._waiting, GROUP):
            try:
                answers = self._commit(group)
            except sqlite3.Error as failed:
                self._rollback()
                answers = [partial(_fail, write.done, _away(self._path, failed)) for write in group]
            # Futures and watchers' queues belong to the event loop, so they are set there.
            self._loop.call_soon_threadsafe(_call_all, answers)

    def _commit(self, group: list[_Write]) -> list[Callable[[], None]]:
        """Write a group in one transaction and return what to run on the event loop once it is committed.

        Watches get the writes before any writer gets its answer: a writer that reads next finds its own version.
        """
        written: list[Entry | StateChange] = []
        answers: list[Callable[[], None]] = []
        self._connection.execute("BEGIN IMMEDIATE")
        for write in group:
            # Read within the transaction, so a write earlier in this group counts too.
            writes, revision = sqlite_rows.count(self._connection, write.what.id)
            if write.expected_writes not in (None, writes) or not self._may_follow(write):
                answers.append(partial(_fail, write.done, Conflict(write.what, revision)))
            else:
                written.append(sqlite_rows.insert(self._connection, write.what))
                answers.append(partial(_succeed, write.done, written[-1].revision))
        self._connection.execute("COMMIT")
        return [partial(self._publish, tuple(written)), *answers]

    def _may_follow(self, write: _Write) -> bool:
        """Whether a version follows the expected one and is new, or a change of a state is of a version that exists."""
        exists = sqlite_rows.exists(self._connection, write.what)
        if isinstance(write.what, StateChange):
            return exists
        return not exists and sqlite_rows.latest(self._connection, write.what.id) == write.expected_latest

    def _publish(self, written: tuple[Entry | StateChange, ...]) -> None:
        if written:
            entries = tuple(each for each in written if isinstance(each, Entry))
            states = tuple(each for each in written if isinstance(each, StateChange))
            for batches in self._watchers:
                batches.put_nowait(EntryBatch(written[-1].revision, entries, states))

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.rollback()


def _away(path: Path, failed: sqlite3.Error) -> Unavailable:
    number, why = sqlite_file.cause(path, failed)
    full = number in (errno.ENOSPC, errno.EDQUOT)
    to_do = f"free space for {path}" if full else f"see to the disk of {path}"
    return Unavailable(f"The store could not take the write ({why}); {to_do} and try again.", reason="STORE_FAILED")


def _succeed(done: asyncio.Future[int], revision: int) -> None:
    if not done.done():  # cancelled: the caller has left
        done.set_result(revision)


def _fail(done: asyncio.Future[int], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


def _call_all(answers: list[Callable[[], None]]) -> None:
    for answer in answers:
        answer()
