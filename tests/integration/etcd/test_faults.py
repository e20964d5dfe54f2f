"""Reads and writes while members are killed, stopped, partitioned, and come back."""

import asyncio
import signal

import pytest

from devtools.etcd_cluster import EtcdCluster, EtcdMember
from schemaregistry.errors import Unavailable
from tests.integration.etcd.harness import assert_one_history, entry, serving, writing


async def leader(cluster: EtcdCluster) -> EtcdMember:
    found = await cluster.leader()
    assert found
    return found


async def follower(cluster: EtcdCluster) -> EtcdMember:
    leading = await leader(cluster)
    return next(member for member in cluster.members.values() if member is not leading)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_three_seconds_after_the_leader_is_killed_every_server_writes_again(breakable: EtcdCluster, root: str):
    async with serving(breakable, root) as one, serving(breakable, root) as two, serving(breakable, root) as three:
        async with writing(one, two, three) as writers:
            killed = now()
            await (await leader(breakable)).kill()
            await asyncio.sleep(4)
        last = max(revision for revision, _ in writers.written.values())
        for server in (one, two, three):
            await server.current.reached(last, seconds=5)
        assert_one_history(writers, one.current.catalog, two.current.catalog, three.current.catalog)
        assert writers.longest_gap(killed) <= 3


async def test_a_killed_follower_stops_nobody_for_long(breakable: EtcdCluster, root: str):
    async with serving(breakable, root) as one, serving(breakable, root) as two:
        async with writing(one, two) as writers:
            killed = now()
            await (await follower(breakable)).kill()
            await asyncio.sleep(1.5)
        last = max(revision for revision, _ in writers.written.values())
        for server in (one, two):
            await server.current.reached(last, seconds=5)
        assert_one_history(writers, one.current.catalog, two.current.catalog)
        assert writers.longest_gap(killed) <= 1


async def test_a_leader_that_is_stopped_and_goes_on_later_loses_and_doubles_nothing(breakable: EtcdCluster, root: str):
    async with serving(breakable, root) as one, serving(breakable, root) as two, serving(breakable, root) as three:
        async with writing(one, two, three) as writers:
            stopped, stopping = now(), await leader(breakable)
            stopping.send(signal.SIGSTOP)
            await asyncio.sleep(6)
            stopping.send(signal.SIGCONT)
            await asyncio.sleep(1)
        last = max(revision for revision, _ in writers.written.values())
        for server in (one, two, three):
            await server.current.reached(last, seconds=5)
        assert_one_history(writers, one.current.catalog, two.current.catalog, three.current.catalog)
        assert writers.longest_gap(stopped) <= 5


async def test_without_a_quorum_reads_go_on_marked_stale_and_writes_say_when_to_try_again(
    breakable: EtcdCluster, root: str
):
    async with serving(breakable, root) as server:
        revision = await server.write(entry("before"))
        away = [await leader(breakable), await follower(breakable)]
        for member in away:
            await member.kill()
        assert await server.until(lambda current: current.stale) <= 6
        begun = now()
        with pytest.raises(Unavailable) as refused:
            await server.store.put(entry("during"), expected_latest=None)
        assert refused.value.retry_after > 0
        assert now() - begun <= 6
        assert [e.revision for e in server.entries] == [revision]
        for member in away:
            member.start()
        await server.until(lambda current: not current.stale, seconds=15)
        await server.write(entry("after"))
        assert {e.id for e in server.entries} >= {"before", "after"}
        assert (await server.store.load()).entries == tuple(server.entries)
