"""Three servers on a cluster of three etcd members, and what can happen to any of them and between them.

Holds the faults; that they come and what comes of them is `outages.py`'s.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.etcd_cluster import EtcdCluster, EtcdMember, running
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import EtcdClient
from schemaregistry_server.store import store_history
from schemaregistry_server.store.etcd_store import EtcdStore
from schemaregistry_server.store.store_history import History
from tests.support.cables import cable, networked
from tests.system.faults.outages import Fault
from tests.system.faults.servers import Server


@dataclass
class Clustered:
    """The world of the store on etcd. `cables`: the members are on a network of ours that can be cut."""

    servers: list[Server]
    cluster: EtcdCluster
    chance: random.Random
    cables: bool

    @property
    def faults(self) -> Mapping[str, Fault]:
        faults = {
            "kill -9 of a server": self.kill_server,
            "SIGSTOP of a server": self.stop_server,
            "kill -9 of the leader": self.kill_leader,
            "kill -9 of a follower": self.kill_follower,
            "SIGSTOP of the leader": self.stop_leader,
            "quorum lost and back": self.lose_quorum,
            "compaction and restarts of etcd while a server sleeps": self.compact,
        }
        between = {
            "leader cut off from the members": self.cut_leader,
            "a member cut off from the servers": self.cut_member,
        }
        return faults | between if self.cables else faults

    @property
    def notes(self) -> list[str]:
        return [] if self.cables else ["no cable was cut: network namespaces are not permitted here"]

    async def history(self) -> History:
        """What etcd itself holds, its audit proved."""
        store = await EtcdStore.open(self.cluster.endpoints)
        try:
            return await store_history.read(store)
        finally:
            await store.close()

    async def kill_server(self) -> float:
        server = self.chance.choice(self.servers)
        await server.kill()
        since = time.monotonic()
        await server.start()
        return since

    async def stop_server(self) -> float:
        server = self.chance.choice(self.servers)
        server.send(signal.SIGSTOP)
        await asyncio.sleep(self.chance.uniform(0.5, 4))
        server.send(signal.SIGCONT)
        return time.monotonic()

    async def kill_leader(self) -> float:
        return await self._kill(await self._leader())

    async def kill_follower(self) -> float:
        return await self._kill(self.chance.choice(await self._followers()))

    async def _kill(self, member: EtcdMember) -> float:
        await member.kill()
        since = time.monotonic()
        await asyncio.sleep(self.chance.uniform(3, 5))
        member.start()
        await self.cluster.ready()
        return since

    async def stop_leader(self) -> float:
        """It goes on later, and believes for a moment that it leads still."""
        leader = await self._leader()
        leader.send(signal.SIGSTOP)
        since = time.monotonic()
        await asyncio.sleep(self.chance.uniform(3, 7))
        leader.send(signal.SIGCONT)
        return since

    async def lose_quorum(self) -> float:
        away = self.chance.sample(list(self.cluster.members.values()), 2)
        for member in away:
            await member.kill()
        await asyncio.sleep(self.chance.uniform(2, 5))
        for member in away:
            member.start()
        await self.cluster.ready()
        return time.monotonic()

    async def compact(self) -> float:
        """What the server has not seen is forgotten, and no member that it watches goes on: it must load anew."""
        server = self.chance.choice(self.servers)
        server.send(signal.SIGSTOP)
        await asyncio.sleep(self.chance.uniform(0.5, 2))
        client = EtcdClient(EtcdConnection(self.cluster.endpoints))
        revision, _ = await client.get(b"/")
        await client.compact(revision)
        await client.close()
        for member in self.cluster.members.values():
            await member.kill()
            member.start()
        await self.cluster.ready()
        server.send(signal.SIGCONT)
        return time.monotonic()

    async def cut_leader(self) -> float:
        return await self._cut(await self._leader(), "p")

    async def cut_member(self) -> float:
        return await self._cut(self.chance.choice(list(self.cluster.members.values())), "c")

    async def _cut(self, member: EtcdMember, network: str) -> float:
        cable(member.name, network, "down")
        since = time.monotonic()
        await asyncio.sleep(self.chance.uniform(3, 7))
        cable(member.name, network, "up")
        return since

    async def _leader(self) -> EtcdMember:
        while True:
            if leader := await self.cluster.leader():
                return leader
            await asyncio.sleep(0.1)

    async def _followers(self) -> list[EtcdMember]:
        leader = await self._leader()
        return [member for member in self.cluster.members.values() if member is not leader]


@asynccontextmanager
async def clustered(directory: Path, chance: random.Random, *, cables: bool) -> AsyncIterator[Clustered]:
    begun = networked(directory / "etcd") if cables else running(directory / "etcd")
    async with begun as cluster:
        name = "etcd://" + ",".join(cluster.endpoints)
        servers = [Server(f"server {n}", directory / f"data{n}", "--store", name) for n in (1, 2, 3)]
        try:
            await asyncio.gather(*(server.start() for server in servers))
            yield Clustered(servers, cluster, chance, cables)
        finally:
            await asyncio.gather(*(server.close() for server in servers))
