"""The setting of the tests of faults: servers that follow a store, and clients that retry until they succeed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise

from devtools.etcd_cluster import EtcdCluster
from schemaregistry.errors import Unavailable
from schemaregistry_server.catalog import feed
from schemaregistry_server.catalog.catalog import Catalog
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.store.base import Conflict, Entry
from schemaregistry_server.store.etcd_store import EtcdStore
from tests.support.patience import PATIENCE


def entry(id: str = "ticks", version: str = "1.0.0", raw: bytes = b"{}", who: str = "ci-bot") -> Entry:  # noqa: A002
    return Entry(id, version, raw, "sha256:" + "0" * 64, who, 1_700_000_000_000_000)


@dataclass
class Server:
    """A store, and the catalog that follows it."""

    store: EtcdStore
    current: CurrentCatalog

    @property
    def entries(self) -> list[Entry]:
        return [registered.entry for registered in self.current.catalog.after(0)]

    async def until(self, condition: Callable[[CurrentCatalog], bool], seconds: float = 10) -> float:
        """Wait until the catalog is so; return how many seconds that took."""
        begun = asyncio.get_running_loop().time()
        async with asyncio.timeout(seconds):
            while not condition(self.current):
                await self.current.changed.wait()
        return asyncio.get_running_loop().time() - begun

    async def write(self, entry: Entry) -> int:
        """Write as a client that retries; return the revision once the write is acknowledged and in the catalog."""
        while True:
            try:
                revision = await self.store.put(entry, expected_latest=None)
            except Unavailable:
                await asyncio.sleep(0.05)
                continue
            except Conflict as lost:  # an earlier try was written: no one else writes this id
                revision = lost.revision
            await self.current.reached(revision, seconds=20)
            return revision


@asynccontextmanager
async def serving(cluster: EtcdCluster, root: str) -> AsyncIterator[Server]:
    """Start one more server on the cluster; servers with one root share their keys."""
    store = await EtcdStore.open(cluster.endpoints, root=root)
    current = CurrentCatalog()
    await feed.load(store, current)
    feeding = asyncio.create_task(feed.follow(store, current))
    try:
        yield Server(store, current)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        await store.close()


@dataclass
class Writers:
    """Clients that write new ids without end until `stop`; `written`: id → revision and when it was acknowledged."""

    written: dict[str, tuple[int, float]] = field(default_factory=dict)
    _running: bool = True
    _numbers: "count[int]" = field(default_factory=count)

    async def run(self, server: Server) -> None:
        while self._running:
            id = f"s{next(self._numbers)}"  # noqa: A001
            revision = await server.write(entry(id))
            self.written[id] = revision, asyncio.get_running_loop().time()

    def stop(self) -> None:
        self._running = False

    def longest_gap(self, after: float) -> float:
        """The most seconds between two acknowledgements, the later one of which is after the time `after`."""
        times = sorted(time for _, time in self.written.values())
        return max(later - earlier for earlier, later in pairwise(times) if later > after)


@asynccontextmanager
async def writing(*servers: Server, each: int = 3) -> AsyncIterator[Writers]:
    """Run writers on each server during the context; at its end each write they began is acknowledged."""
    writers = Writers()
    tasks = [asyncio.create_task(writers.run(server)) for server in servers for _ in range(each)]
    try:
        await asyncio.sleep(0.2)
        yield writers
        writers.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
    finally:
        for task in tasks:
            task.cancel()


def assert_one_history(writers: Writers, *catalogs: Catalog) -> None:
    """Each acknowledged write is in every catalog once, at its revision, in the order of revisions."""
    acknowledged = {name: revision for name, (revision, _) in writers.written.items()}
    for catalog in catalogs:
        entries = [registered.entry for registered in catalog.after(0)]
        revisions = [entry.revision for entry in entries]
        assert revisions == sorted(set(revisions))
        assert {entry.id: entry.revision for entry in entries} == acknowledged
        assert len(entries) == len(acknowledged)
