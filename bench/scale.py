"""Measure one server with very many versions, on a store in etcd: `python -m bench.scale [--versions 100000]`.

It measures start, memory and reads a second, compared with a server of ten versions; writes a second through the server
and through its store, compared with etcd's own transactions; and the time from a write to the last of many watchers.
"""

import argparse
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import uvloop

from bench import watchers
from bench.etcd import bare, rate
from bench.pinned import PinnedServer, pinned_production
from bench.serve import SERVICE, Remote, channels, document, measure, register
from devtools.etcd_tls import secured, settings
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.etcd.endpoints import EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_client import EtcdClient
from schemaregistry_server.store.base import Entry
from schemaregistry_server.store.etcd_store import EtcdStore

FEW = 10
WRITERS = 64


def entry(number: int) -> Entry:
    """The entry of a new id, with a document of about 1.5 KB."""
    raw = document(f"many_{number}")
    return Entry(f"many_{number}", "1.0.0", raw, f"sha256:{number:064x}", "spiffe://dev/ci-bot", time.time_ns() // 1000)


async def fill(store: EtcdStore, first: int, last: int) -> float:
    """Put the entries with the numbers `first` to `last` - 1; return the writes a second."""
    began = time.perf_counter()
    await rate(lambda number: store.put(entry(first + number), expected_latest=None), last - first, WRITERS)
    return (last - first) / (time.perf_counter() - began)


@contextmanager
def started(directory: Path, told: dict[str, object]) -> Iterator[tuple[PinnedServer, float]]:
    """Start a server; yield it and the seconds until it listened."""
    began = time.perf_counter()
    with pinned_production(directory, told) as server:
        yield server, time.perf_counter() - began


async def reads(server: PinnedServer, versions: int, clients: int, seconds: float) -> tuple[float, float, int]:
    """Read random versions; return reads a second, the server's CPU microseconds per read, and its memory in bytes."""
    opened = channels(server, "reader", clients)
    calls: list[Remote] = [channel.unary_unary(SERVICE + "GetSchema") for channel in opened]
    requests = [pb.GetSchemaRequest(id=f"many_{number}").SerializeToString() for number in range(versions)]

    async def read(call: Remote) -> None:
        await call(random.choice(requests))

    figures = await measure("reads", server, [partial(read, call) for call in calls], seconds)
    for channel in opened:
        await channel.close()
    return figures.calls / figures.seconds, figures.server_us, server.memory()


async def starts(directory: Path, told: dict[str, object], store: EtcdStore, asked: argparse.Namespace) -> None:
    """Print the table of both servers, each alone on its core."""
    print("| versions | s to listen | MiB at start | reads a second | server µs a read | MiB after |")
    print("| --- | --- | --- | --- | --- | --- |")
    there = 0
    for versions in (FEW, asked.versions):
        await fill(store, there, versions)
        there = versions
        with started(directory, told) as (server, seconds):
            memory = server.memory()
            a_second, micros, after = await reads(server, versions, asked.clients, asked.seconds)
            print(
                f"| {versions:,} | {seconds:.1f} | {memory >> 20} | {a_second:,.0f} | {micros:.0f} | {after >> 20} |",
                flush=True,
            )


async def writes(server: PinnedServer, store: EtcdStore, client: EtcdClient, asked: argparse.Namespace) -> None:
    """Run rounds of three kinds in turn: etcd's own transactions, the store's writes, and calls of RegisterSchema."""
    (channel,) = channels(server, "ci-bot", 1)
    write, number = register(channel), itertools.count()
    own, ours, called = [], [], []
    for round_ in range(asked.rounds):
        own.append(await rate(bare(client, f"/own{round_}"), asked.writes, WRITERS))
        ours.append(await fill(store, base := 10_000_000 + round_ * asked.writes, base + asked.writes))

        async def call(_: int) -> None:
            name = f"called_{next(number)}"
            await write(name, document(name))

        called.append(await rate(call, asked.writes, WRITERS))
    await channel.close()
    ratio = statistics.median(b / a for a, b in zip(own, ours, strict=True))
    print(f"\nwrites a second, {WRITERS} writers, medians of {asked.rounds} rounds of {asked.writes:,}:")
    print(f"etcd's own {statistics.median(own):,.0f}; the store {statistics.median(ours):,.0f} ({ratio:.2f} of it);")
    print(f"RegisterSchema at one server on one core {statistics.median(called):,.0f}\n")


async def main(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as name:
        directory = Path(name)
        async with secured(directory) as cluster:
            told = settings(cluster, directory)
            ours = EtcdTls(*(directory / "tls" / file for file in ("ca.pem", "ci-bot.pem", "ci-bot-key.pem")))
            store = await EtcdStore.open(cluster.endpoints, tls=ours)
            client = EtcdClient(EtcdConnection(cluster.endpoints, tls=ours))
            await starts(directory, told, store, asked)
            with started(directory, told) as (server, _):
                await watchers.measure(server, asked.watchers)
                await writes(server, store, client, asked)
            await client.close()
            await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = (("versions", 100_000), ("clients", 100), ("writes", 1_000), ("rounds", 5))
    for option, default in numbers:
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load of reads")
    parser.add_argument("--watchers", type=int, nargs="+", default=[500, 5_000])
    uvloop.run(main(parser.parse_args()))
