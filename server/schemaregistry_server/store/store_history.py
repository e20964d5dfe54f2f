"""A store's whole history: every version with the audit record of its writing, each proved to fit the other.

Holds the proof; where histories are read from and written to is the stores' and `snapshot_file.py`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry, EntryBatch


@dataclass(frozen=True, slots=True)
class Write:
    """One write: what was registered, and what the audit says of it."""

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
    """What is read of a store; see `base.Store`."""

    async def load(self) -> EntryBatch: ...

    async def audit(self) -> tuple[AuditRecord, ...]: ...


async def read(store: Readable) -> History:
    """The history of a store that may be written to meanwhile.

    Raises FailedPrecondition (AUDIT_BROKEN) where a record was changed, or a version and its record don't fit.
    """
    held = await store.load()
    records = await store.audit()
    audit_chain.verify(records)
    unpaired = {(record.id, record.version): record for record in records}
    writes = tuple(pair(entry, unpaired.pop((entry.id, entry.version), None)) for entry in held.entries)
    if unpaired:
        _must_be_there(unpaired.values(), await store.load())
    return History(held.revision, writes)


def pair(entry: Entry, record: AuditRecord | None) -> Write:
    """The write of `entry`; raises FailedPrecondition (AUDIT_BROKEN) where `record` isn't the record of it."""
    if record is None:
        raise _broken(entry.id, entry.version, "has no audit record")
    if record != audit_chain.record(entry, sequence=record.sequence, previous=record.previous, chain=record.chain):
        raise _broken(entry.id, entry.version, "is not what its audit record says")
    return Write(entry, record)


def require(held: History, writes: Iterable[Write], *, same_chain: bool = True, same_revisions: bool = False) -> None:
    """Raise FailedPrecondition (HISTORY_DIFFERS) where one of `writes` isn't in `held` as it is.

    `same_chain`: their audit records too; they differ between stores of two kinds, which chain them otherwise.
    """
    there = {write.key: write for write in held.writes}
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
    """What is audited and was not loaded came after that: it is loaded now, or it was removed."""
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
