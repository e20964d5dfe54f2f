"""The embedded store's file: its lock, its layout, and what is said where it can't be used.

Holds no versions; `sqlite_store.py` keeps them in it.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from schemaregistry.errors import FailedPrecondition

APPLICATION_ID = 0x53524547
"""Marks the file as ours ("SREG", https://www.sqlite.org/fileformat.html#application_id)."""

LAYOUT = 2
"""The layout's number (`PRAGMA user_version`); a newer one than this is refused."""

HEADER = 100
"""Bytes that every database begins with (https://www.sqlite.org/fileformat2.html#the_database_header)."""

SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE version (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    raw BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    registered_by TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    UNIQUE (id, version)
) STRICT;
CREATE INDEX latest ON version (id, revision);
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL UNIQUE REFERENCES version (revision),
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    content TEXT NOT NULL,
    at INTEGER NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER version_kept BEFORE UPDATE ON version BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
CREATE TRIGGER version_stays BEFORE DELETE ON version BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is immutable'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is immutable'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {LAYOUT};
COMMIT;
"""


def lock(path: Path) -> TextIO:
    """Take the file's lock, held as long as the returned file is open (the kernel frees it after a kill -9)."""
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = beside.open("a+", encoding="ascii")
    except OSError as failed:
        raise FailedPrecondition(
            f"{path.parent}: the data can't be kept here ({failed.strerror}). Name a directory that can be written.",
            reason="STORE_UNWRITABLE",
        ) from failed
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failed:
        held.seek(0)
        owner = held.read().strip() or "unknown"
        held.close()
        raise FailedPrecondition(
            f"{path} is in use by another server (process {owner}). Stop it, or name another data directory.",
            reason="STORE_LOCKED",
        ) from failed
    held.truncate(0)
    held.write(str(os.getpid()))
    held.flush()
    return held


def connect(path: Path) -> sqlite3.Connection:
    """The writer's connection: WAL, synced at each commit, of our layout and whole; its files are the owner's alone."""
    _must_not_be_emptied(path)
    _make_private(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _lay_out(connection, path)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as failed:
        raise _unreadable(path, failed) from failed
    if verdict != "ok":
        raise _corrupt(path, verdict)
    return connection


def _make_private(path: Path) -> None:
    """Let nobody else read or change the file and its log, which SQLite makes with the file's own mode."""
    try:
        path.touch(mode=0o600)
        for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if each.exists() and each.stat().st_mode & 0o077:
                each.chmod(0o600)
    except OSError as failed:
        raise FailedPrecondition(
            f"{path} can't be made private ({failed.strerror}). Name a data directory that this user owns.",
            reason="STORE_UNWRITABLE",
        ) from failed


def _must_not_be_emptied(path: Path) -> None:
    """Refuse what SQLite would take for a new file, and drop the log beside it."""
    log = path.with_name(path.name + "-wal")
    if path.exists() and path.stat().st_size < HEADER:
        raise _corrupt(path, "it is cut off before its end")
    if not path.exists() and log.exists() and log.stat().st_size:
        raise _corrupt(path, f"it is gone, and {log.name} is there")


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        connection.executescript(SCHEMA)
    else:
        _must_be_ours(connection, path)


def must_be_there(path: Path) -> None:
    """Raise FailedPrecondition where `path` is no registry's file that can be read."""
    if not path.exists():
        raise FailedPrecondition(
            f"There is no registry in {path.parent} ({path.name} is missing): name its data directory.",
            reason="NO_STORE",
        )
    with reading(path) as connection:
        _must_be_ours(connection, path)


def _must_be_ours(connection: sqlite3.Connection, path: Path) -> None:
    (mark,), (layout,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    if mark != APPLICATION_ID:
        raise FailedPrecondition(f"{path} is not a registry's file: name another data directory.", reason="NOT_A_STORE")
    if layout != LAYOUT:
        newer = "start a newer server" if layout > LAYOUT else "start the server that wrote it, or move the file away"
        raise FailedPrecondition(
            f"{path} has layout {layout}, this server reads layout {LAYOUT}: {newer}.", reason="STORE_LAYOUT"
        )


def _unreadable(path: Path, failed: sqlite3.DatabaseError) -> FailedPrecondition:
    if isinstance(failed, sqlite3.OperationalError):
        return FailedPrecondition(
            f"{path} can't be opened ({failed}). Name a data directory that can be written.", reason="STORE_UNWRITABLE"
        )
    return _corrupt(path, str(failed))


def _corrupt(path: Path, why: str) -> FailedPrecondition:
    line = " ".join(why.split())
    return FailedPrecondition(f"{path} is damaged ({line}). Restore it from a snapshot.", reason="STORE_CORRUPT")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one read, so that readers never wait for the writer (WAL)."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    except sqlite3.DatabaseError as failed:
        raise _corrupt(path, str(failed)) from failed
    finally:
        connection.close()
