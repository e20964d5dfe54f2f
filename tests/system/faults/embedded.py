"""One server on its embedded store, and what can happen to the two: kills, stops, a full disk, a torn or damaged file.

Holds the faults; that they come and what comes of them is `outages.py`'s.
"""

import asyncio
import os
import random
import resource
import shutil
import signal
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from schemaregistry_server.store import store_history
from schemaregistry_server.store.sqlite_store import SQLiteReader
from schemaregistry_server.store.store_history import History
from tests.system.faults.outages import Fault
from tests.system.faults.servers import NotStarted, Server


@dataclass
class Embedded:
    """The world of the embedded store. `refused`: starts that were refused for a damaged file, as they should."""

    servers: list[Server]
    chance: random.Random
    refused: int = 0

    @property
    def server(self) -> Server:
        return self.servers[0]

    @property
    def faults(self) -> dict[str, Fault]:
        return {
            "kill -9 of the server": self.kill,
            "SIGSTOP of the server": self.stop,
            "disk full": self.fill_disk,
            "kill -9, log torn at its end": self.tear_log,
            "kill -9, database cut off": self.cut_database,
            "kill -9, a page of the database overwritten": self.overwrite_page,
        }

    @property
    def notes(self) -> list[str]:
        return [f"starts refused for a damaged file, and its copy put back: {self.refused}"]

    async def history(self) -> History:
        """What the store itself holds, its audit proved."""
        return await store_history.read(SQLiteReader(self._file))

    async def kill(self) -> float:
        await self.server.kill()
        since = time.monotonic()
        await self.server.start()
        return since

    async def stop(self) -> float:
        self.server.send(signal.SIGSTOP)
        await asyncio.sleep(self.chance.uniform(0.5, 4))
        self.server.send(signal.SIGCONT)
        return time.monotonic()

    async def fill_disk(self) -> float:
        """No file of the server may grow or be written past its first page."""
        limits = resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
        await asyncio.sleep(self.chance.uniform(0.5, 2))
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, limits)
        return time.monotonic()

    async def tear_log(self) -> float:
        """A commit that was on its way to the disk and is there in part: it was never acknowledged."""
        await self.server.kill()
        tear(self._file.with_name("registry.db-wal"), self.chance)
        since = time.monotonic()
        await self.server.start()
        return since

    async def cut_database(self) -> float:
        return await self._damage(
            lambda file, size: os.truncate(file, self.chance.choice([0, self.chance.randrange(size)]))
        )

    async def overwrite_page(self) -> float:
        def overwrite(file: Path, size: int) -> None:
            with file.open("r+b") as database:
                database.seek(self.chance.randrange(max(1, size // PAGE)) * PAGE)
                database.write(self.chance.randbytes(PAGE))

        return await self._damage(overwrite)

    async def _damage(self, change: Callable[[Path, int], None]) -> float:
        """What was acknowledged is gone from the disk, so the server must not start; its operator has a copy."""
        await self.server.kill()
        copy = self._file.with_name("copy")
        copy.mkdir()
        for file in self._file.parent.glob("registry.db*"):
            shutil.copy2(file, copy)
        change(self._file, self._file.stat().st_size)
        try:
            await self.server.start()
            since = time.monotonic()  # the log has it all still
        except NotStarted as refused:
            if not refused.says("is damaged", "are not those that were written"):
                raise
            self.refused += 1
            for file in copy.iterdir():
                shutil.copy2(file, self._file.parent)
            since = time.monotonic()
            await self.server.start()
        shutil.rmtree(copy)
        return since

    @property
    def _file(self) -> Path:
        return self.server.data / "registry.db"


PAGE = 4096
LOG_HEADER = 32
FRAME_HEADER = 24


def tear(log: Path, chance: random.Random) -> None:
    """Write the beginning of a frame after the last one (https://www.sqlite.org/fileformat2.html#walformat)."""
    content = log.read_bytes()
    salts, end = content[16:24], LOG_HEADER
    while content[end + 8 : end + 16] == salts and len(content) >= end + FRAME_HEADER + PAGE:
        end += FRAME_HEADER + PAGE
    frame = struct.pack(">II", 2, 2) + salts + chance.randbytes(8 + PAGE)
    with log.open("r+b") as opened:
        opened.seek(end)
        opened.write(frame[: chance.randrange(1, len(frame))])


@asynccontextmanager
async def embedded(directory: Path, chance: random.Random) -> AsyncIterator[Embedded]:
    server = Server("server", directory / "data")
    try:
        await server.start()
        yield Embedded([server], chance)
    finally:
        await server.close()
