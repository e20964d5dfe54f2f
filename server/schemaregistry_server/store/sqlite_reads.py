"""The table of counts of reads in the embedded store's file.

It is made with the first save, over a connection of its own: a file of an older server has none, and a save that fails
leaves the writer of versions alone.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from schemaregistry_server.store import sqlite_file
from schemaregistry_server.store.base import ReadCount

TABLE = """
CREATE TABLE IF NOT EXISTS observed (
    day TEXT NOT NULL,
    writer TEXT NOT NULL,
    id TEXT NOT NULL,
    identity TEXT NOT NULL,
    version TEXT NOT NULL,
    reads INTEGER NOT NULL,
    PRIMARY KEY (id, day, writer, identity, version)
) STRICT, WITHOUT ROWID
"""

# A writer's counts only grow: of two saves that overlap, the later one stays.
SAVE = """
INSERT INTO observed (day, writer, id, identity, version, reads) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET reads = max(reads, excluded.reads)
"""


def save(path: Path, counts: Sequence[ReadCount]) -> None:
    """Write `counts` in one transaction; raises sqlite3.Error, and then nothing is written."""
    with _writing(path) as connection:
        connection.execute(TABLE)
        connection.executemany(SAVE, map(astuple, counts))


def load(path: Path, id: str, since: str) -> list[ReadCount]:  # noqa: A002 (the field's term)
    """Read the counts of `id`, and those of no id, from the day `since` on."""
    with sqlite_file.reading(path) as connection:
        if not _is_there(connection):
            return []
        rows = connection.execute(
            "SELECT day, writer, id, identity, version, reads FROM observed WHERE id IN (?, '') AND day >= ?",
            (id, since),
        )
        return [ReadCount(*row) for row in rows]


def drop(path: Path, before: str) -> None:
    """Delete the days before `before`; raises sqlite3.Error."""
    with _writing(path) as connection:
        if _is_there(connection):
            connection.execute("DELETE FROM observed WHERE day < ?", (before,))


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction, which waits up to 5 s for the writer of versions (Python's default for `timeout`)."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    try:
        # A power failure may take the last counts; the versions' connection syncs at each commit.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()  # rolls back what is not committed


def _is_there(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'observed'")
    return found.fetchone() is not None
