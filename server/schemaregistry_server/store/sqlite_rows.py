"""The rows of versions, changes of states and audit records in SQLite: read, counted and inserted.

`sqlite_file.py` has the tables, `sqlite_store.py` the transactions.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from heapq import merge
from pathlib import Path
from typing import Any, TypeVar

from schemaregistry.document.origin import Origin
from schemaregistry.document.version_state import ACTIVE, VersionState
from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import AuditRecord, Entry, StateChange, Write
from schemaregistry_server.store.store_history import pair, unwritten
from schemaregistry_server.store.verified_claims import VerifiedClaims

KindT = TypeVar("KindT", Origin, VerifiedClaims, VersionState)

ENTRIES = """
SELECT v.id, v.version, v.raw, v.fingerprint, v.registered_by, v.registered_at, v.revision, v.origin, v.claims,
       a.content
FROM version v LEFT JOIN audit a USING (revision) WHERE v.revision > ? ORDER BY v.revision
"""

STATES = """
SELECT s.id, s.version, s.state, s.fingerprint, s.changed_by, s.changed_at, s.revision, s.claims, a.content
FROM state s LEFT JOIN audit a USING (revision) WHERE s.revision > ? ORDER BY s.revision
"""

AUDIT = """
a.sequence, a.who, a.what, a.id, a.version, a.fingerprint, a.content, a.at, a.previous, a.revision, a.hash, '',
a.origin, a.claims
"""
"""The members of an audit record, in their order."""

UNWRITTEN = """
SELECT id, version, what FROM audit
WHERE revision NOT IN (SELECT revision FROM version UNION ALL SELECT revision FROM state) ORDER BY sequence LIMIT 1
"""
"""The first audit record whose write is not there."""

COUNTS = """
SELECT (SELECT count(*) FROM version), (SELECT count(*) FROM state), (SELECT coalesce(max(revision), 0) FROM audit)
"""

WRITES = """
SELECT (SELECT count(*) FROM version WHERE id = :id) + (SELECT count(*) FROM state WHERE id = :id),
       max((SELECT coalesce(max(revision), 0) FROM version WHERE id = :id),
           (SELECT coalesce(max(revision), 0) FROM state WHERE id = :id))
"""
"""How many writes an id has, and the revision of the last one."""

NEWEST = "SELECT max((SELECT coalesce(max(revision), 0) FROM version), (SELECT coalesce(max(revision), 0) FROM state))"

LATEST = "SELECT version FROM version WHERE id = ? ORDER BY revision DESC LIMIT 1"


def read(connection: sqlite3.Connection, after: int, path: Path) -> tuple[tuple[Entry, ...], tuple[StateChange, ...]]:
    """Read the entries and changes after a revision, each in the order of revisions; `path` is for messages.

    Raises FailedPrecondition where bytes were changed (STORE_CORRUPT) or have no audit record (AUDIT_BROKEN).
    """
    try:
        entries = tuple(_entry(row, path) for row in connection.execute(ENTRIES, (after,)))
        return entries, tuple(_change(row, path) for row in connection.execute(STATES, (after,)))
    except sqlite3.OperationalError:
        _must_be_text(connection, after, path)
        raise


def text(data: bytes) -> str:
    """Decode a text of SQLite; bytes that are no UTF-8 become surrogates, as no text that was written has."""
    return data.decode(errors="surrogateescape")


def stream(connection: sqlite3.Connection, path: Path) -> Iterator[Write]:
    """Yield each write with its audit record, in the order of revisions, and verify both; `path` is for messages.

    Raises as `read` and `audit_chain.verify` do, once it comes to the place.
    """
    gone = connection.execute(UNWRITTEN).fetchone()
    if gone:
        id, version, what = gone  # noqa: A001 (the field's term)
        raise unwritten(id, version, "is" if what == "register" else "has a change of its state that is")
    entries = ((_entry(row[:10], path), row[10:]) for row in connection.execute(_with_audit(ENTRIES), (0,)))
    states = ((_change(row[:9], path), row[9:]) for row in connection.execute(_with_audit(STATES), (0,)))
    check = audit_chain.ChainCheck()
    both: list[Iterable[tuple[Entry | StateChange, tuple[Any, ...]]]] = [entries, states]
    for write, members in merge(*both, key=lambda each: each[0].revision):
        record = AuditRecord(*members)
        check.add(record)
        yield pair(write, record)


def _with_audit(select: str) -> str:
    return select.replace("\nFROM", f", {AUDIT}\nFROM")


def count(connection: sqlite3.Connection, id: str) -> tuple[int, int]:  # noqa: A002 (the field's term)
    """Return how many writes an id has, and the revision of the last one."""
    writes, revision = connection.execute(WRITES, {"id": id}).fetchone()
    return writes, revision


def latest(connection: sqlite3.Connection, id: str) -> str | None:  # noqa: A002
    """Return the version of an id that was registered last; None where there is none."""
    (found,) = connection.execute(LATEST, (id,)).fetchone() or (None,)
    return found


def newest(connection: sqlite3.Connection) -> int:
    """Return the revision of the last write of all."""
    revision: int = connection.execute(NEWEST).fetchone()[0]
    return revision


def exists(connection: sqlite3.Connection, write: Entry | StateChange) -> bool:
    """Whether the version of a write is registered."""
    key = (write.id, write.version)
    return connection.execute("SELECT 1 FROM version WHERE id = ? AND version = ?", key).fetchone() is not None


def insert(connection: sqlite3.Connection, write: Entry | StateChange) -> Entry | StateChange:
    """Write an entry or change and its audit record at its own revision, or at the next one where that is 0."""
    put = _insert_state(connection, write) if isinstance(write, StateChange) else _insert_entry(connection, write)
    last = connection.execute("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = last or (0, audit_chain.GENESIS)
    done = audit_chain.record(put, sequence=sequence + 1, previous=previous)
    connection.execute(
        "INSERT INTO audit VALUES "
        "(:sequence, :revision, :who, :what, :id, :version, :fingerprint, :content, :at, :previous, :hash, :origin, "
        ":claims)",
        asdict(done),
    )
    return put


def must_have_end(connection: sqlite3.Connection, audited: int, path: Path) -> None:
    """Raise FailedPrecondition (AUDIT_BROKEN) where a revision after the last `audited` one was given to a write.

    SQLite itself counts the revisions that it gave (AUTOINCREMENT).
    """
    (given,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'version'").fetchone() or (0,)
    if type(given) is not int or given > audited:
        raise FailedPrecondition(
            f"{path}: the audit ends with revision {audited}, and the last write had {given}: the end is missing. "
            "Compare with a snapshot.",
            reason="AUDIT_BROKEN",
            metadata={"file": str(path), "revision": str(given)},
        )


def _must_be_text(connection: sqlite3.Connection, after: int, path: Path) -> None:
    """Raise FailedPrecondition (STORE_CORRUPT) at the first write with a text that is no UTF-8.

    SQLite's own error would name the column alone.
    """
    connection.text_factory = text
    for select in (ENTRIES, STATES):
        for row in connection.execute(select, (after,)):
            if any(isinstance(value, str) and not _is_utf8(value) for value in row):
                raise FailedPrecondition(
                    f"{path}: {row[0]} {row[1]} (revision {row[6]}) is not as it was written: a text of it, or of its "
                    "audit record, is no UTF-8. Restore the file from a snapshot.",
                    reason="STORE_CORRUPT",
                    metadata={"id": row[0], "version": row[1], "revision": str(row[6])},
                )


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _insert_state(connection: sqlite3.Connection, change: StateChange) -> StateChange:
    """Write a change at the next revision of the table of versions, and let that table count on from there."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'version'").fetchone()
    change = replace(change, revision=change.revision or found[0] + 1)
    connection.execute(
        "INSERT INTO state VALUES (:revision, :id, :version, :state, :fingerprint, :changed_by, :changed_at, :claims)",
        asdict(change) | {"state": change.state.text, "claims": change.claims.text},
    )
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'version'", (change.revision,))
    return change


def _insert_entry(connection: sqlite3.Connection, entry: Entry) -> Entry:
    written = connection.execute(
        "INSERT INTO version (id, version, raw, fingerprint, registered_by, registered_at, revision, origin, claims) "
        "VALUES (:id, :version, :raw, :fingerprint, :registered_by, :registered_at, nullif(:revision, 0), :origin, "
        ":claims)",
        asdict(entry) | {"origin": entry.origin.text, "claims": entry.claims.text},
    )
    assert written.lastrowid is not None
    return replace(entry, revision=written.lastrowid)


def _entry(row: tuple[str, str, bytes, str, str, int, int, str, str, str | None], path: Path) -> Entry:
    """The entry of a row of ENTRIES, after its bytes were compared with the SHA-256 in its audit record.

    SQLite has no checksum of its own over rows: this finds a byte that the disk changed.
    """
    *members, origin, claims, content = row
    about = {"origin": _of(Origin, origin, path), "claims": _of(VerifiedClaims, claims, path)}
    entry = Entry(*members, **about)  # type: ignore[arg-type]
    _compare(f"{path}: ", f"the bytes of {entry.id} {entry.version}", entry, entry.raw, content)
    return entry


def _change(row: tuple[str, str, str, str, str, int, int, str, str | None], path: Path) -> StateChange:
    """The change of a row of STATES, compared as `_entry` compares."""
    id, version, state, *members, claims, content = row  # noqa: A001 (the field's term)
    change = StateChange(id, version, ACTIVE, *members, claims=_of(VerifiedClaims, claims, path))  # type: ignore[arg-type,misc]
    _compare(f"{path}: ", f"the state of {id} {version}", change, state.encode(errors="surrogateescape"), content)
    return replace(change, state=_of(VersionState, state, path))


def _compare(where: str, what: str, write: Entry | StateChange, written: bytes, content: str | None) -> None:
    """Raise FailedPrecondition where a write has no audit record, or other bytes than its `content` says."""
    if content is None:
        raise FailedPrecondition(
            f"{where}{write.id} {write.version} has no audit record. Restore the file from a snapshot.",
            reason="AUDIT_BROKEN",
        )
    if hashlib.sha256(written).hexdigest() != content:
        verb = "are not those that were" if isinstance(write, Entry) else "is not the one that was"
        raise FailedPrecondition(
            f"{where}{what} {verb} written. Restore the file from a snapshot.", reason="STORE_CORRUPT"
        )


def _of(kind: type[KindT], text: str, path: Path) -> KindT:
    """Read an origin, claims or a state from its text."""
    try:
        return kind.read(text)
    except (ValueError, TypeError, RecursionError) as wrong:
        raise FailedPrecondition(
            f"{path}: the origin, the token or the state of a write is not as it was written ({wrong}). Restore the "
            "file from a snapshot.",
            reason="STORE_CORRUPT",
        ) from wrong
