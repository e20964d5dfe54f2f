"""The interface of a store: the values that it keeps and the promises that every store makes.

`tests/integration/server/test_store_conformance.py` runs every store against these promises.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from schemaregistry.document.origin import UNSTATED, Origin
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store.verified_claims import NO_TOKEN, VerifiedClaims


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered version, never changed once written.

    `version` is semver text without a leading `v`; `raw` the document's bytes as first registered; `registered_at`
    microseconds since the epoch, UTC, for people to read and never to order by. `revision` is the store's number of
    the write, 0 before it. `origin` is what the writer states, `claims` what its token proves.
    """

    id: str
    version: str
    raw: bytes
    fingerprint: str
    registered_by: str
    registered_at: int
    revision: int = 0
    origin: Origin = UNSTATED
    claims: VerifiedClaims = NO_TOKEN


@dataclass(frozen=True, slots=True)
class StateChange:
    """One change of a version's state, never changed once written. A version is in the state of its last change.

    `fingerprint` is that of the version's content. `changed_at` is in microseconds since the epoch, UTC, `revision` as
    in `Entry`: both share one sequence of revisions.
    """

    id: str
    version: str
    state: VersionState
    fingerprint: str
    changed_by: str
    changed_at: int
    revision: int = 0
    claims: VerifiedClaims = NO_TOKEN


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """The entries and changes of states of one or more writes, and the revision reached with them.

    Each of the two is in the order of its revisions. Without either it is a mark of progress: nothing up to `revision`
    is left to send.
    """

    revision: int
    entries: tuple[Entry, ...] = ()
    states: tuple[StateChange, ...] = ()

    @property
    def writes(self) -> "list[Entry | StateChange]":
        """Both in the order of their revisions."""
        return sorted((*self.entries, *self.states), key=lambda write: write.revision)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One write in an audit chain, in the words who, what, when (`at`, microseconds since the epoch, UTC).

    `what` is `register`, or for the change of a state `deprecate`, `retract` or `reinstate`. `content` is the SHA-256
    of the document's bytes, or of the state's text, `hash` the SHA-256 of the record's other members, `previous` the
    hash of the record before it, `origin` and `claims` the texts of the write's. `sequence` counts from 1 within
    `chain`: SQLite has one chain of all its writes (named ""), etcd one for each id, named by the id. `revision` is
    that of the entry.
    """

    sequence: int
    who: str
    what: str
    id: str
    version: str
    fingerprint: str
    content: str
    at: int
    previous: str
    revision: int
    hash: str = ""
    chain: str = ""
    origin: str = ""
    claims: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """One write: the entry that was registered, or the change of a version's state, and its audit record."""

    entry: Entry | StateChange
    record: AuditRecord

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def version(self) -> str:
        return self.entry.version


@dataclass(frozen=True, slots=True)
class StreamedHistory:
    """A history whose writes are read, and verified, while they are used: what is in memory doesn't grow with them.

    All are as they were at `revision`. `writes` raises FailedPrecondition where one was changed, once it
    comes to the place.
    """

    revision: int
    versions: int
    state_changes: int
    writes: AsyncIterator[Write]


@dataclass(frozen=True, slots=True)
class ReadCount:
    """How often one identity read one version on one day (YYYY-MM-DD, UTC), as one writer counted it.

    A writer is a server process, by a random name: processes that share a store add no counts to one another's.
    `identity` and `version` are "" for readers that are not told apart, `id` too for those of schemas that aren't.
    """

    day: str
    writer: str
    id: str
    identity: str
    version: str
    reads: int


class Conflict(Exception):
    """A put was refused: the id's last write isn't the one the writer expected, or the version exists already.

    `revision` is that of the id's last write: read up to there, then judge and put again.
    """

    def __init__(self, write: Entry | StateChange, revision: int) -> None:
        super().__init__(f"{write.id} moved to revision {revision} while {write.version} was judged.")
        self.revision = revision


class Compacted(Exception):
    """A watch can't begin at its revision, since the store has dropped the history before it: load again."""


def not_empty(where: str) -> FailedPrecondition:
    """The error that `restore` raises for a store that has versions already; `where` names the store."""
    return FailedPrecondition(
        f"{where} is not empty, and a snapshot is restored into an empty store alone: name another one, or clear it.",
        reason="STORE_NOT_EMPTY",
    )


class Store(Protocol):
    """Durable storage of versions. Revisions are the only clock: strictly growing, one a write, never used twice.

    Every method raises Unavailable while the store can't be reached.
    """

    async def load(self) -> EntryBatch:
        """Read every entry, and the revision at which they were read."""

    async def revision(self) -> int:
        """Ask for the newest revision. The catalog that follows `watch` soon has at least this one."""

    async def members(self) -> Mapping[str, bool]:
        """Ask each member of a cluster whether it is well, by its address; empty for a store that is no cluster.

        Raises nothing: a member that doesn't answer isn't well.
        """

    async def put(
        self, entry: Entry, *, expected_latest: str | None, expected_writes: int | None = None, token: str = ""
    ) -> int:
        """Write `entry` and its audit record in one transaction; return its revision once it is durable.

        A store that asks who writes is given the caller's `token`; "" stands for the server itself.

        Raises Conflict where the id's latest version is not `expected_latest` (None: the id is new), the id has
        another number of writes (versions and changes of states) than `expected_writes` (None: any), or the version
        is there already; Unauthenticated (TOKEN_OUTDATED) or PermissionDenied (TOKEN_REFUSED) where the store refuses
        the token. Unavailable leaves open whether the write took place.
        """

    async def put_state(self, change: StateChange, *, expected_writes: int, token: str = "") -> int:
        """Write `change`, of a version that is there, and its audit record in one transaction; return its revision.

        Raises Conflict where the id has another number of writes than `expected_writes`, and as `put`.
        """

    def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        """Yield every write after `after_revision`, each once and in order, for as long as the store is open.

        The first batch, with entries or without, comes as soon as the store answers, and so shows that it is reachable.
        Raises Compacted where the store no longer has every single write after `after_revision`.
        """

    async def audit(self, found: list[AuditRecord] | None = None) -> tuple[AuditRecord, ...]:
        """Read every audit record in order, for `audit_chain.verify`.

        Raises FailedPrecondition (AUDIT_BROKEN) where one is of another place, or the end is missing; `found` has then
        those that are there.
        """

    def stream(self) -> AbstractAsyncContextManager[StreamedHistory]:
        """Read every write with its audit record, verified on the way, in the order of revisions."""

    async def restore(self, entries: Iterable[Entry | StateChange]) -> None:
        """Write the history of another store, with new audit records, into this one, which must be empty.

        Each id's versions and changes of states are written in the order of `entries`. SQLite keeps their revisions,
        etcd assigns new ones.
        Raises FailedPrecondition (STORE_NOT_EMPTY) where this store has versions already.
        """

    async def save_reads(self, counts: Sequence[ReadCount]) -> None:
        """Write counts of reads, each in place of what its writer saved before for the same day, id, identity, version.

        So it may be done again. Counts of one day, id and writer are all given at once, new ones last. They have no
        revision of a version, no audit record and no part in a watch or a snapshot.
        """

    async def load_reads(self, id: str, since: str) -> Sequence[ReadCount]:  # noqa: A002 (the field's term)
        """Read the counts of `id`, and those of no id, of the days from `since` on."""

    async def drop_reads(self, before: str) -> None:
        """Delete the counts of the days before `before`."""

    async def close(self) -> None:
        """Release files and connections; watches end."""
