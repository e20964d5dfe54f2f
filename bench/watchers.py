"""Measure how long a write takes to reach the last of many watchers, on a store in etcd.

`python -m bench.watchers [--watchers 500 5000]`. The time runs from the writing call until the last watcher has the
change. All watchers run in this process, whose CPU time is printed too.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
import uvloop

from bench.pinned import PinnedServer, pinned_production
from bench.serve import SERVICE, channels, document, register
from devtools.etcd_tls import secured, settings
from schemaregistry.v1 import registry_pb2 as pb

EACH = 1_000
"""Watches on one connection; the server allows 1,024 streams."""

CHANGES = 7


@dataclass
class Crowd:
    """`size` watchers: how many have the current change, and when the last one got it."""

    size: int
    count: int = 0
    last: float = 0.0

    def __post_init__(self) -> None:
        self.all = asyncio.Event()

    def begin(self) -> None:
        self.count = 0
        self.all.clear()

    def arrive(self) -> None:
        self.count += 1
        if self.count == self.size:
            self.last = time.perf_counter()
            self.all.set()

    async def watch(self, channel: grpc.aio.Channel, request: bytes) -> None:
        """Watch on `channel`, without parsing the messages, to cost the client as little as possible."""
        stream: Callable[[Any], Any] = channel.unary_stream(SERVICE + "WatchSchemas")
        call = stream(request)
        try:
            while await call.read():
                self.arrive()
        finally:
            call.cancel()


async def crowd(server: PinnedServer, size: int) -> str:
    """Start `size` watchers, write CHANGES changes, and return the figures as a row of the table."""
    crowd, opened = Crowd(size), channels(server, "reader", -(-size // EACH))
    request = pb.WatchSchemasRequest(after_revision=1, ids=["watched"]).SerializeToString()
    began = time.perf_counter()
    watching = [asyncio.create_task(crowd.watch(opened[n // EACH], request)) for n in range(size)]
    await crowd.all.wait()
    settled = time.perf_counter() - began
    (channel,) = channels(server, "ci-bot", 1)
    write = register(channel)
    answered, last, server_cpu, own_cpu = [], [], [], []
    for minor in range(CHANGES):
        crowd.begin()
        data = document("watched", minor + size)
        cpu, own, began = server.cpu_seconds(), time.process_time(), time.perf_counter()
        await write("watched", data)
        answered.append(time.perf_counter() - began)
        await crowd.all.wait()
        last.append(crowd.last - began)
        server_cpu.append(server.cpu_seconds() - cpu)
        own_cpu.append(time.process_time() - own)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    for each in (*opened, channel):
        await each.close()
    ms = [statistics.median(times) * 1e3 for times in (last, answered, server_cpu, own_cpu)]
    return (
        f"| {size:,} | {settled:.1f} | {ms[0]:.0f} ({min(last) * 1e3:.0f}–{max(last) * 1e3:.0f}) | {ms[1]:.0f} "
        f"| {ms[2]:.0f} | {ms[3]:.0f} | {server.memory() >> 20} |"
    )


async def measure(server: PinnedServer, sizes: Sequence[int]) -> None:
    print("| watchers | s until all watch | ms to the last | ms to the writer | server's CPU ms | client's | MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in sizes:
        print(await crowd(server, size))


async def main(sizes: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-watchers-") as name:
        directory = Path(name)
        async with secured(directory) as cluster:
            with pinned_production(directory, settings(cluster, directory)) as server:
                await measure(server, sizes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, nargs="+", default=[500, 5_000])
    uvloop.run(main(parser.parse_args().watchers))
