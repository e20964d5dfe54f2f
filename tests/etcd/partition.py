"""Members on a network of their own, each with one cable to its clients and one to the other members.

Run as a program in a new network namespace (`unshare --net`), so that nothing outside it is touched; prints what was
seen as JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from schemaregistry_server.current import CurrentCatalog
from schemaregistry_server.etcd.cluster import NAMES, Cluster, Place, running
from tests.etcd.harness import Server, Writers, assert_one_history, serving, writing

NETWORKS = {"c": "10.213.1", "p": "10.213.2"}
"""The clients' network and the members'."""


def sh(line: str) -> None:
    subprocess.run(line.split(), check=True)


def cable(name: str, network: str, state: str) -> None:
    """Plug a member's cable in (`up`) or pull it (`down`)."""
    sh(f"ip link set {network}{NAMES.index(name)} {state}")


@asynccontextmanager
async def networked(directory: Path) -> AsyncIterator[Cluster]:
    spaces = {name: f"registry-{os.getpid()}-{name}" for name in NAMES}
    try:
        lay(spaces)
        places = {
            name: Place(f"{NETWORKS['c']}.{n}:2379", f"{NETWORKS['p']}.{n}:2380", ("ip", "netns", "exec", spaces[name]))
            for n, name in enumerate(NAMES, start=1)
        }
        async with running(directory, places=places) as cluster:
            yield cluster
    finally:
        take_up(spaces)


def lay(spaces: dict[str, str]) -> None:
    sh("ip link set lo up")
    for network, addresses in NETWORKS.items():
        sh(f"ip link add {network} type bridge")
        sh(f"ip link set {network} up")
        sh(f"ip addr add {addresses}.254/24 dev {network}")
    for n, space in enumerate(spaces.values()):
        sh(f"ip netns add {space}")
        sh(f"ip -n {space} link set lo up")
        for network, addresses in NETWORKS.items():
            sh(f"ip link add {network}{n} type veth peer name {network} netns {space}")
            sh(f"ip link set {network}{n} master {network} up")
            sh(f"ip -n {space} addr add {addresses}.{n + 1}/24 dev {network}")
            sh(f"ip -n {space} link set {network} up")


def take_up(spaces: dict[str, str]) -> None:
    for space in spaces.values():
        subprocess.run(["ip", "netns", "del", space], check=False)


async def leader_is_cut_off_from_the_others(cluster: Cluster) -> dict[str, float]:
    """Its clients still reach it. What a server sees that knows it alone, and servers that know every member."""
    leader = await cluster.leader()
    assert leader
    now = asyncio.get_running_loop().time
    alone = Cluster({leader.name: leader}, None)
    async with serving(cluster, "/a") as one, serving(cluster, "/a") as two, serving(alone, "/a") as cut_off:
        await asyncio.gather(*(server.until(is_fresh) for server in (one, two, cut_off)))
        async with writing(one, two) as writers:
            cut = now()
            cable(leader.name, "p", "down")
            stale = await cut_off.until(is_stale)
            await asyncio.sleep(max(0.0, 6 - (now() - cut)))
            missed = len(writers.written) - len(cut_off.entries)
            cable(leader.name, "p", "up")
            healed = await cut_off.until(is_fresh, seconds=20)
        await settle(writers, one, two, cut_off)
        return {"stale": stale, "missed": missed, "healed": healed, "gap": writers.longest_gap(cut)}


async def clients_are_cut_off_from_their_member(cluster: Cluster) -> dict[str, float]:
    """The other members still reach it, and the connection stays half open: nothing says that it is gone."""
    async with serving(cluster, "/b") as server:
        await server.until(is_fresh)
        asked = server.store._client.connection.current.address
        name = next(name for name, member in cluster.members.items() if member.address == asked)
        async with writing(server) as writers:
            cut = asyncio.get_running_loop().time()
            cable(name, "c", "down")
            await asyncio.sleep(6)
            cable(name, "c", "up")
        await settle(writers, server)
        return {"gap": writers.longest_gap(cut)}


def is_fresh(current: CurrentCatalog) -> bool:
    return not current.stale


def is_stale(current: CurrentCatalog) -> bool:
    return current.stale


async def settle(writers: Writers, *servers: Server) -> None:
    """Wait until every server has every acknowledged write, and compare."""
    last = max(revision for revision, _ in writers.written.values())
    for server in servers:
        await server.current.reached(last, seconds=20)
    assert_one_history(writers, *(server.current.catalog for server in servers))


async def main() -> None:
    async with networked(Path(sys.argv[1])) as cluster:
        print(json.dumps({scene.__name__: await scene(cluster) for scene in SCENES}))


SCENES = (leader_is_cut_off_from_the_others, clients_are_cut_off_from_their_member)

if __name__ == "__main__":
    asyncio.run(main())
