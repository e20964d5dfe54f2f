"""Scenarios of a partitioned network that heals.

The program runs in a network namespace of its own (`tests/support/cables.py`) and prints its observations as JSON.
"""

import asyncio
import json
import sys
from pathlib import Path

from devtools.etcd_cluster import EtcdCluster
from schemaregistry_server.catalog.current import CurrentCatalog
from tests.integration.etcd.harness import Server, Writers, assert_one_history, serving, writing
from tests.support.cables import cable, networked


async def leader_is_cut_off_from_the_others(cluster: EtcdCluster) -> dict[str, float]:
    """The leader's clients still reach it. Observe a server that knows it alone, and servers that know all members."""
    leader = await cluster.leader()
    assert leader
    now = asyncio.get_running_loop().time
    alone = EtcdCluster({leader.name: leader}, None)
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


async def clients_are_cut_off_from_their_member(cluster: EtcdCluster) -> dict[str, float]:
    """The other members still reach it, and the clients' connections stay half open, without an error."""
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
