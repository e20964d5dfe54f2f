"""The state of an exchanger beside a registry on SQLite: a file of used tokens, and no etcd."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from schemaregistry.errors import FailedPrecondition, Unavailable


class SqliteState:
    """Used tokens in a file; exchangers on one machine may share it.

    Raises FailedPrecondition (STATE_UNUSABLE) where the file can't be opened or is no database.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA synchronous = FULL")  # a token stays used when the power fails
            self._database.execute("CREATE TABLE IF NOT EXISTS used (token TEXT PRIMARY KEY, until REAL NOT NULL)")
        except sqlite3.Error as failed:
            raise FailedPrecondition(
                f"{path} can't keep the used tokens: {failed}. Name a file in a directory that can be written.",
                reason="STATE_UNUSABLE",
            ) from failed

    async def revision(self) -> int:
        return 0

    async def use(self, token: str, until: float, by: str) -> bool:  # noqa: ARG002 (no answer is lost here)
        async with self._lock:
            return await asyncio.to_thread(self._use, token, until)

    def _use(self, token: str, until: float) -> bool:
        try:
            self._database.execute("DELETE FROM used WHERE until <= ?", (self._clock(),))
            added = self._database.execute("INSERT OR IGNORE INTO used VALUES (?, ?)", (token, until))
        except sqlite3.Error as failed:
            raise Unavailable(f"The used tokens can't be written: {failed}.", reason="STATE_UNAVAILABLE") from failed
        return added.rowcount == 1

    async def close(self) -> None:
        self._database.close()
