"""Read a store's whole history and verify it: every version beside the audit record of its write.

Stores and `snapshot_file.py` read and write histories; this module compares and proves them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry, EntryBatch


@dataclass(frozen=True, slots=True)
class Write:
    """One write: the entry that was registered, and its audit record."""

    entry: Entry
    record: AuditRecord

    @property
    def key(self) -> tuple[str, str]:
        return self.entry.id, self.entry.version


@dataclass(frozen=True, slots=True)
class History:
    """Every write up to `revision`, in the order of their revisions."""

    revision: int
    writes: tuple[Write, ...]


class Readable(Protocol):
    """The part of `base.Store` that reads the whole history."""

    async def load(self) -> EntryBatch: ...

    async def audit(self) -> tuple[AuditRecord, ...]: ...


async def read(store: Readable) -> History:
    """Read and verify the history of a store, which may be written to meanwhile.

    Raises FailedPrecondition (AUDIT_BROKEN) where a record was changed, or a version differs from its record.
    """
    # In this order, so that every version has its record: a write between the two adds a record without a version.
    loaded = await store.load()
    records = await store.audit()
    audit_chain.verify(records)
    unpaired = {(record.id, record.version): record for record in records}
    writes = tuple(pair(entry, unpaired.pop((entry.id, entry.version), None)) for entry in loaded.entries)
    if unpaired:
        _must_be_there(unpaired.values(), await store.load())
    return History(loaded.revision, writes)


def pair(entry: Entry, record: AuditRecord | None) -> Write:
    """Join `entry` and its audit record; raises FailedPrecondition (AUDIT_BROKEN) where `record` isn't of `entry`."""
    if record is None:
        raise _broken(entry.id, entry.version, "has no audit record")
    if record != audit_chain.record(entry, sequence=record.sequence, previous=record.previous, chain=record.chain):
        raise _broken(entry.id, entry.version, "is not what its audit record says")
    return Write(entry, record)


def require(stored: History, writes: Iterable[Write], *, same_chain: bool = True, same_revisions: bool = False) -> None:
    """Check that `stored` has every one of `writes`, unchanged and in each id's order.

    `same_chain` compares audit hashes too (SQLite and etcd build their chains differently, so theirs never match);
    `same_revisions` compares revisions too. Raises FailedPrecondition (HISTORY_DIFFERS) at the first that differs.
    """
    there = {write.key: write for write in stored.writes}
    reached: dict[str, int] = {}
    for write in writes:
        found = there.get(write.key)
        if found is None:
            raise _differs(write, "is missing")
        same = replace(found.entry, revision=write.entry.revision) == write.entry
        if not same or (same_chain and found.record.hash != write.record.hash):
            raise _differs(write, "is another one")
        revision = found.entry.revision
        if revision <= reached.get(write.entry.id, 0) or (same_revisions and revision != write.entry.revision):
            raise _differs(write, "is not in its place")
        reached[write.entry.id] = revision


def _must_be_there(records: Iterable[AuditRecord], later: EntryBatch) -> None:
    """Raise FailedPrecondition (AUDIT_BROKEN) where a version of `records` isn't in `later`.

    The records are those without a version in the first load. Their versions were written after the first load, and so
    are in the `later` one, unless they were removed from the store.
    """
    there = {(entry.id, entry.version) for entry in later.entries}
    for record in records:
        if (record.id, record.version) not in there:
            raise _broken(record.id, record.version, "is audited, and not there any more")


def _differs(write: Write, how: str) -> FailedPrecondition:
    id, version = write.key  # noqa: A001 (the field's term)
    return FailedPrecondition(
        f"{id} {version} of the snapshot {how} in the store: something else has written there.",
        reason="HISTORY_DIFFERS",
        metadata={"id": id, "version": version},
    )


def _broken(id: str, version: str, what: str) -> FailedPrecondition:  # noqa: A002 (the field's term)
    return FailedPrecondition(
        f"{id} {version} {what}: compare with a snapshot.",
        reason="AUDIT_BROKEN",
        metadata={"id": id, "version": version},
    )
