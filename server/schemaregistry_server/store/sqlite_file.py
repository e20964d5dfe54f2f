"""The embedded store's SQLite file: its lock, its tables, its integrity checks, and errors that say what to do.

`sqlite_store.py` reads and writes the versions in it.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TextIO

from schemaregistry.errors import DataLoss, FailedPrecondition, RegistryError

APPLICATION_ID = 0x53524547
"""Marks the file as a registry's ("SREG", https://www.sqlite.org/fileformat.html#application_id)."""

LAYOUT = 5
"""The number of the tables' layout (`PRAGMA user_version`); a file with a number that UPGRADES lacks is refused."""

HEADER = 100
"""Bytes of the header of every database (https://www.sqlite.org/fileformat2.html#the_database_header)."""

PROBE = 128 << 10
"""Bytes that are written to hear why the disk takes no more: as many as SQLite's first steps need."""

# AUTOINCREMENT: SQLite would otherwise give the number of a last row that is gone to another one, and a revision is
# never used twice. The triggers hold against every program that writes to the file, not only this one.
STATES = """
CREATE TABLE state (
    revision INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX state_of ON state (id, revision);
CREATE TRIGGER state_kept BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'a change is immutable'); END;
CREATE TRIGGER state_stays BEFORE DELETE ON state BEGIN SELECT RAISE(ABORT, 'a change is immutable'); END;
"""

AUDIT = """
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL UNIQUE,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    content TEXT NOT NULL,
    at INTEGER NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is immutable'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is immutable'); END;
"""

CLAIMS = """
ALTER TABLE version ADD COLUMN claims TEXT NOT NULL DEFAULT '';
ALTER TABLE state ADD COLUMN claims TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN claims TEXT NOT NULL DEFAULT '';
"""
"""The step from layout 4 to 5, which new files take, too, so that both have their columns in one order."""

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
    origin TEXT NOT NULL DEFAULT '',
    UNIQUE (id, version)
) STRICT;
CREATE INDEX latest ON version (id, revision);
CREATE TRIGGER version_kept BEFORE UPDATE ON version BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
CREATE TRIGGER version_stays BEFORE DELETE ON version BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
{STATES}
{AUDIT}
{CLAIMS}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {LAYOUT};
COMMIT;
"""

UPGRADES = {
    2: """
ALTER TABLE version ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN origin TEXT NOT NULL DEFAULT '';
""",
    # The audit is made anew: up to layout 3 its `revision` refers to the table of versions alone.
    3: f"""
{STATES}
ALTER TABLE audit RENAME TO former_audit;
DROP TRIGGER audit_kept;
DROP TRIGGER audit_stays;
{AUDIT}
INSERT INTO audit SELECT * FROM former_audit;
DROP TABLE former_audit;
""",  # noqa: S608 (constant text)
    4: CLAIMS,
}
"""The number of an older layout → what makes it the next one. A server that opens the file runs them."""


def lock(path: Path) -> TextIO:
    """Take the exclusive lock of the file at `path`, for as long as the returned file is open.

    It is a flock(2), which the kernel frees with the process, even after a kill -9. Raises FailedPrecondition
    (STORE_LOCKED) where another server has it, naming that server's process, or STORE_UNWRITABLE.
    """
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # "a+" leaves the content alone: it is the process id of a server that may still have the lock.
        lock_file = beside.open("a+", encoding="ascii")
    except OSError as failed:
        raise _unkept(path, failed) from failed
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failed:
        lock_file.seek(0)
        owner = lock_file.read().strip() or "unknown"
        lock_file.close()
        raise FailedPrecondition(
            f"{path} is in use by another server (process {owner}). Stop it, or name another data directory.",
            reason="STORE_LOCKED",
        ) from failed
    try:
        lock_file.truncate(0)
        lock_file.write(str(os.getpid()))
        lock_file.flush()
    except OSError as failed:
        with suppress(OSError):
            lock_file.close()  # tries once more to write
        raise _unkept(path, failed) from failed
    return lock_file


def _unkept(path: Path, failed: OSError) -> FailedPrecondition:
    return FailedPrecondition(
        f"{path.parent}: the data can't be kept here ({failed.strerror}). {_to_do(failed.errno)}",
        reason="STORE_UNWRITABLE",
    )


def connect(path: Path) -> sqlite3.Connection:
    """Open the writer's connection: WAL, synced at each commit. Makes the file and its tables where they are missing.

    The file is readable by its owner alone. Raises DataLoss (STORE_CORRUPT) where it is damaged (`PRAGMA quick_check`),
    FailedPrecondition where it is no registry's, of another layout, or can't be written.
    """
    _must_not_be_emptied(path)
    is_new = not path.exists()
    if is_new:
        _make(path)
    _make_private(path)
    try:
        # No implicit transactions: the store begins its own. It opens here, and writes from its writer thread.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.DatabaseError as failed:
        raise _unreadable(path, failed) from failed
    try:
        _set_up(connection, path)
    except BaseException:
        connection.close()
        if is_new:
            discard(path)
        raise
    return connection


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode NORMAL would lose the last commits with a power failure, after they were acknowledged.
        connection.execute("PRAGMA synchronous = FULL")
        _lay_out(connection, path)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as failed:
        raise _unreadable(path, failed) from failed
    if verdict != "ok":
        raise _corrupt(path, verdict)


def _make(path: Path) -> None:
    """Make the file under another name, and rename it into place once it is whole: a full disk, or a kill, leaves none.

    Otherwise an empty file would stay, which the next start would take for a damaged one.
    """
    new = path.with_name(f".{path.name}.new")
    try:
        discard(new)
        new.touch(mode=0o600)
        connection = sqlite3.connect(new, isolation_level=None)
        with closing(connection):
            connection.executescript(SCHEMA)
        new.replace(path)
    except sqlite3.DatabaseError as failed:
        raise _unreadable(path, failed) from failed
    except OSError as failed:
        raise _unkept(path, failed) from failed
    finally:
        with suppress(OSError):
            discard(new)


def discard(path: Path) -> None:
    """Remove a file that no connection has open, with its log, its index of the log and its journal."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _make_private(path: Path) -> None:
    """Let only the owner read or change the file and its log; SQLite gives the log the file's own mode."""
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
    """Refuse a missing or cut-off file whose log is there: SQLite would start an empty one and drop the log."""
    log = path.with_name(path.name + "-wal")
    if path.exists() and path.stat().st_size < HEADER:
        raise _corrupt(path, "it is cut off before its end")
    if not path.exists() and log.exists() and log.stat().st_size:
        raise _corrupt(path, f"it is gone, and {log.name} is there")


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        connection.executescript(SCHEMA)  # one transaction: a crash leaves an empty file or a complete one
    else:
        _upgrade(connection)
        _must_be_ours(connection, path)


def _upgrade(connection: sqlite3.Connection) -> None:
    """Bring a registry's file of an older layout to this one, each step in a transaction of its own."""
    while (found := _marks(connection))[0] == APPLICATION_ID and found[1] in UPGRADES:
        steps = f"BEGIN IMMEDIATE; {UPGRADES[found[1]]} PRAGMA user_version = {found[1] + 1}; COMMIT;"
        connection.executescript(steps)


def _marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the file's application id and the number of its layout."""
    (mark,), (layout,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    return mark, layout


def must_be_there(path: Path) -> None:
    """Raise FailedPrecondition where `path` is missing (NO_STORE) or not a registry's file of this layout.

    Raises DataLoss (STORE_CORRUPT) where it is damaged.
    """
    if not path.exists():
        raise FailedPrecondition(
            f"There is no registry in {path.parent} ({path.name} is missing): name its data directory by --data, or "
            "--store etcd://HOST:PORT,… for one on etcd.",
            reason="NO_STORE",
        )
    with reading(path) as connection:
        _must_be_ours(connection, path)


def _must_be_ours(connection: sqlite3.Connection, path: Path) -> None:
    mark, layout = _marks(connection)
    if mark != APPLICATION_ID:
        raise FailedPrecondition(f"{path} is not a registry's file: name another data directory.", reason="NOT_A_STORE")
    if layout != LAYOUT:
        newer = "start the server that wrote it, or move the file away"
        if layout > LAYOUT:
            newer = "start a newer server"
        elif layout in UPGRADES:
            newer = "start this server with it once, which brings it up to date"
        raise FailedPrecondition(
            f"{path} has layout {layout}, this server reads layout {LAYOUT}: {newer}.", reason="STORE_LAYOUT"
        )


def _unreadable(path: Path, failed: sqlite3.DatabaseError) -> RegistryError:
    if not isinstance(failed, sqlite3.OperationalError):
        return _corrupt(path, str(failed))
    number, why = cause(path, failed)
    return FailedPrecondition(f"{path} can't be opened ({why}). {_to_do(number)}", reason="STORE_UNWRITABLE")


def cause(path: Path, failed: sqlite3.Error) -> tuple[int, str]:
    """Return the number of the system's error (errno(3), 0 where it isn't known) behind one of SQLite, and its text.

    SQLite says "disk I/O error" for a full disk, too: for a quota, or while it makes the index of its log. So some
    bytes are written beside the file to hear what the system says.
    """
    code = getattr(failed, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the others say where
    if code == sqlite3.SQLITE_FULL:
        return errno.ENOSPC, os.strerror(errno.ENOSPC)
    if code == sqlite3.SQLITE_IOERR:
        try:
            with NamedTemporaryFile(prefix=f".{path.name}-", dir=path.parent) as file:
                file.write(bytes(PROBE))
                file.flush()
                os.fsync(file.fileno())
        except OSError as heard:
            return heard.errno or 0, heard.strerror or str(heard)
    return 0, str(failed)


def _to_do(number: int | None) -> str:
    """Return the sentence that says what to do about an error of the system."""
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Make room there, or name another data directory."
    return "Name a data directory that can be written."


def _corrupt(path: Path, why: str) -> DataLoss:
    line = " ".join(why.split())
    return DataLoss(f"{path} is damaged ({line}). Restore it from a snapshot.", reason="STORE_CORRUPT")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a read-only connection for one read. In WAL mode readers never wait for the writer.

    Raises DataLoss (STORE_CORRUPT) where SQLite finds the file damaged while it is read, FailedPrecondition
    (STORE_UNWRITABLE) where the disk fails: a reader, too, may have to make the index of the log.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    except sqlite3.DatabaseError as failed:
        raise _unreadable(path, failed) from failed
    finally:
        connection.close()
