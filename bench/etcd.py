"""Compare the etcd store's writes a second with etcd's own transactions of the same keys and bytes, and time its load.

`python -m bench.etcd [--writers 64] [--writes 2000] [--rounds 7] [--versions 100000]` runs a cluster of three on
loopback. Rounds of both kinds take turns, so that other work on the machine slows both.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import uvloop

from devtools.etcd_cluster import running
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import EtcdClient, puts, unchanged
from schemaregistry_server.etcd.v3.rpc_pb2 import TxnRequest
from schemaregistry_server.store import etcd_layout
from schemaregistry_server.store.base import Entry
from schemaregistry_server.store.etcd_store import EtcdStore

DOCUMENT = b'{"x":"' + b"x" * 1_492 + b'"}'


def entry(number: int) -> Entry:
    return Entry(f"s{number}", "1.0.0", DOCUMENT, f"sha256:{0:064x}", "spiffe://dev/ci-bot", time.time_ns() // 1000)


async def rate(write: Callable[[int], Awaitable[object]], writes: int, writers: int) -> float:
    """Call `write` with the numbers 0 to `writes` - 1 from `writers` tasks; return the writes a second."""
    numbers = iter(range(writes))

    async def run() -> None:
        for number in numbers:
            await write(number)

    begun = time.perf_counter()
    await asyncio.gather(*(run() for _ in range(writers)))
    return writes / (time.perf_counter() - begun)


def bare(client: EtcdClient, root: str) -> Callable[[int], Awaitable[object]]:
    """Make a function that runs the bare transaction of a new id, its values made beforehand."""
    layout = etcd_layout.KeyLayout(root)
    sample = entry(0)
    record = etcd_layout.next_record(sample, None)
    values = (
        etcd_layout.version_value(sample, "0" * 16),
        etcd_layout.latest_value(record.version, record),
        etcd_layout.audit_value(record),
    )

    async def write(number: int) -> None:
        of = entry(number)
        version, latest = layout.version(of), layout.latest(of.id)
        keys = version, latest, layout.audit(replace(record, id=of.id))
        steps = [puts(key, value) for key, value in zip(keys, values, strict=True)]
        answer = await client.transact(TxnRequest(compare=[unchanged(version, 0), unchanged(latest, 0)], success=steps))
        assert answer.succeeded

    return write


async def writes(endpoints: Sequence[str], asked: argparse.Namespace) -> None:
    """Run rounds of both kinds in turn, and print their medians."""
    client = EtcdClient(EtcdConnection(endpoints))
    own, ours = [], []
    for number in range(asked.rounds):
        own.append(await rate(bare(client, f"/own{number}"), asked.writes, asked.writers))
        ours.append(await filled(endpoints, f"/ours{number}", asked.writes, asked.writers))
    await client.close()
    ratio = statistics.median(b / a for a, b in zip(own, ours, strict=True))
    print(f"etcd's own: {statistics.median(own):,.0f} transactions/s, {asked.writers} writers")
    print(f"the store:  {statistics.median(ours):,.0f} writes/s, {ratio:.2f} of it; medians of {asked.rounds} rounds")


async def filled(endpoints: Sequence[str], root: str, versions: int, writers: int) -> float:
    """Put `versions` new ids through a store of their own; return the writes a second."""
    store = await EtcdStore.open(endpoints, root=root)
    got = await rate(lambda number: store.put(entry(number), expected_latest=None), versions, writers)
    await store.close()
    return got


async def load(endpoints: Sequence[str], versions: int) -> None:
    """Time how a newly opened store loads `versions` versions, as a server does at its start."""
    await filled(endpoints, "/many", versions, 256)
    store = await EtcdStore.open(endpoints, root="/many")
    begun = time.perf_counter()
    loaded = await store.load()
    print(f"load:       {len(loaded.entries):,} versions in {time.perf_counter() - begun:.1f} s")
    await store.close()


async def main(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with running(Path(directory)) as cluster:
            await writes(cluster.endpoints, asked)
            await load(cluster.endpoints, asked.versions)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("writers", 64), ("writes", 2_000), ("rounds", 7), ("versions", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    uvloop.run(main(parser.parse_args()))
