"""Read a store's whole history and verify it: every version beside the audit record of its write.

Stores and `snapshot_file.py` read and write histories; this module compares and proves them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, TypeVar

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry, EntryBatch, StateChange, StreamedHistory, Write


@dataclass(frozen=True, slots=True)
class History:
    """Every write up to `revision`, in the order of their revisions."""

    revision: int
    writes: tuple[Write, ...]


class _Named(Protocol):
    """Anything about one version of one id, as the chain has it."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> str: ...


NamedT = TypeVar("NamedT", bound=_Named)
WriteKey: TypeAlias = tuple[str, str, int]


class Readable(Protocol):
    """The part of `base.Store` that reads the whole history."""

    async def load(self) -> EntryBatch: ...

    async def audit(self, found: list[AuditRecord] | None = None) -> tuple[AuditRecord, ...]: ...

    def stream(self) -> AbstractAsyncContextManager[StreamedHistory]: ...


async def read(store: Readable) -> History:
    """Read and verify the history of a store, which may be written to meanwhile.

    Raises FailedPrecondition (AUDIT_BROKEN) where a record was changed, or a version differs from its record.
    """
    # In this order, so that every version has its record: a write between the two adds a record without a version.
    loaded = await store.load()
    records = await store.audit()
    audit_chain.verify(records)
    unpaired = dict(_numbered(records))
    writes = tuple(pair(write, unpaired.pop(key, None)) for key, write in _numbered(loaded.writes))
    if unpaired:
        _must_be_there(unpaired, await store.load())
    return History(loaded.revision, writes)


def _numbered(items: Iterable[NamedT]) -> Iterator[tuple[WriteKey, NamedT]]:
    """Yield each write with its id, its version and its place among that version's writes: 0 is its registration.

    Such a key is the same in every store that has the write, as its revision isn't.
    """
    places: Counter[tuple[str, str]] = Counter()
    for item in items:
        name = (item.id, item.version)
        yield (*name, places[name]), item
        places[name] += 1


def pair(entry: Entry | StateChange, record: AuditRecord | None) -> Write:
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
    there = dict(_numbered(stored.writes))
    reached: dict[str, int] = {}
    for key, write in _numbered(writes):
        found = there.get(key)
        if found is None:
            raise _differs(write, key, "is missing")
        same = replace(found.entry, revision=write.entry.revision) == write.entry
        if not same or (same_chain and found.record.hash != write.record.hash):
            raise _differs(write, key, "is another one")
        revision = found.entry.revision
        if revision <= reached.get(write.entry.id, 0) or (same_revisions and revision != write.entry.revision):
            raise _differs(write, key, "is not in its place")
        reached[write.entry.id] = revision


class WriteDigests:
    """A digest of each id's writes in their order: histories with equal ones have the same writes.

    `same_chain` and `same_revisions` are as in `require`.
    """

    def __init__(self, *, same_chain: bool, same_revisions: bool) -> None:
        self._same_chain = same_chain
        self._same_revisions = same_revisions
        self.of_ids: dict[str, str] = {}

    def add(self, write: Write) -> None:
        """Add the next write."""
        entry = write.entry if self._same_revisions else replace(write.entry, revision=0)
        previous = self.of_ids.get(entry.id, audit_chain.GENESIS)
        chain = write.record.hash if self._same_chain else ""
        # A record has a digest of everything in its write, and of what is before it.
        self.of_ids[entry.id] = audit_chain.record(entry, sequence=0, previous=previous, chain=chain).hash

    def passing(self, writes: Iterable[Write]) -> Iterator[Write]:
        """Yield the writes, each added."""
        for write in writes:
            self.add(write)
            yield write


def _must_be_there(keys: Iterable[WriteKey], later: EntryBatch) -> None:
    """Raise FailedPrecondition (AUDIT_BROKEN) where a write of `keys` isn't in `later`.

    The keys are of records without a write in the first load. Their writes came after the first load, and so are in the
    `later` one, unless they were removed from the store.
    """
    there = {key for key, _ in _numbered(later.writes)}
    for id, version, place in keys:  # noqa: A001 (the field's term)
        if (id, version, place) not in there:
            what = f"has a change of its state (its {place}.) that is" if place else "is"
            raise unwritten(id, version, what)


def unwritten(id: str, version: str, what: str = "is") -> FailedPrecondition:  # noqa: A002 (the field's term)
    """The error of an audit record whose write isn't in the store."""
    return _broken(id, version, f"{what} audited, and not there any more")


def _differs(write: Write, key: WriteKey, how: str) -> FailedPrecondition:
    what = f"{write.id} {write.version} of the snapshot"
    if isinstance(write.entry, StateChange):
        what = (
            f"The {key[2]}. change of state of {write.id} {write.version} in the snapshot, to {write.entry.state.name},"
        )
    return FailedPrecondition(
        f"{what} {how} in the store: something else has written there.",
        reason="HISTORY_DIFFERS",
        metadata={"id": write.id, "version": write.version},
    )


def _broken(id: str, version: str, what: str) -> FailedPrecondition:  # noqa: A002 (the field's term)
    return FailedPrecondition(
        f"{id} {version} {what}: compare with a snapshot.",
        reason="AUDIT_BROKEN",
        metadata={"id": id, "version": version},
    )
