"""What a store is: the values that it keeps and the promises that every store makes.

Holds no store; `tests/integration/server/test_store_conformance.py` holds each one to these promises.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Protocol

from schemaregistry.errors import FailedPrecondition


@dataclass(frozen=True, slots=True)
class Entry:
    """One registered version, never changed once written.

    `version` is semver text without a leading `v`; `raw` the document's bytes as first registered; `registered_at`
    microseconds since the epoch, UTC, for people to read and never to order by. `revision` is the store's number of
    the write, 0 before it.
    """

    id: str
    version: str
    raw: bytes
    fingerprint: str
    registered_by: str
    registered_at: int
    revision: int = 0


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """The entries of one or more writes in the order of their revisions, and the revision reached with them.

    Without entries it is a mark of progress: nothing up to `revision` is left to send.
    """

    revision: int
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One write in an audit chain; `content` is the SHA-256 of the document's bytes, `hash` that of all else.

    `sequence` counts within `chain`: a store has one chain of all its writes, or one for each id, named by the id.
    `revision` is that of the entry.
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


class Conflict(Exception):
    """A put lost: the id's latest version is another than the writer expected, or the version is there.

    `revision` is that of the id's latest version: read up to there, then judge and put again.
    """

    def __init__(self, entry: Entry, revision: int) -> None:
        super().__init__(f"{entry.id} moved to revision {revision} while {entry.version} was judged.")
        self.revision = revision


class Compacted(Exception):
    """A watch can't begin at its revision any more: load again."""


def not_empty(where: str) -> FailedPrecondition:
    """What `restore` raises for a store that has something."""
    return FailedPrecondition(
        f"{where} is not empty, and a snapshot is restored into an empty store alone: name another one, or clear it.",
        reason="STORE_NOT_EMPTY",
    )


class Store(Protocol):
    """Where versions are kept. Revisions are the only clock: strictly growing, one a write, never used twice.

    Every method raises Unavailable while the store is away.
    """

    async def load(self) -> EntryBatch:
        """Everything there is, and the revision at which it was so."""

    async def put(self, entry: Entry, *, expected_latest: str | None) -> int:
        """Write `entry` and its audit record in one transaction; return its revision once it is durable.

        Raises Conflict where the id's latest version is not `expected_latest` (None: the id is new) or the version
        is there already. Unavailable leaves open whether the write took place.
        """

    def watch(self, after_revision: int) -> AsyncIterator[EntryBatch]:
        """Every write after `after_revision`, each once and in order, for as long as the store is open.

        The first batch, with entries or without, comes as soon as the store answers: it says that the store is there.
        Raises Compacted where writes after `after_revision` are no longer known one by one.
        """

    async def audit(self) -> tuple[AuditRecord, ...]:
        """Every audit record in order, for `audit.verify`."""

    async def restore(self, entries: Iterable[Entry]) -> None:
        """Write the history of another store, audit records too, into this one, which must have none.

        Each id's versions come in the order of `entries`. Their revisions stay or are new ones: each store says which.
        Raises FailedPrecondition (STORE_NOT_EMPTY) where something is here already.
        """

    async def close(self) -> None:
        """Let go of everything; watches end."""
