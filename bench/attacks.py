"""What other callers notice of an attack: `make attacks` (bench/attacker.py has the attacks).

A server as in production, on the first core; readers over gRPC and REST who take turns with the attack: some seconds
without it, some with it, some after it. The p99 of their calls should stay below twice what it is without the attack,
and the server's memory should come back.
"""

import argparse
import asyncio
import json
import math
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from grpc import aio

from bench.attacker import ATTACKS, WRITES
from bench.fuzz_requests import memory
from devtools.servers import ROOT, Server, credentials, launch, register
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

SCHEMAS: Final = ROOT / "schemas"
PAUSE: Final = 0.01
"""Seconds between two calls of a reader."""
SETTLES: Final = 30
"""Seconds of other calls after which memory must be back: what a call held in cycles is freed in Python's time."""
KEPT: Final = 160 << 20
"""Bytes by which the server may be larger after an attack: Python's own pools of small objects keep what 10,000 watches
once needed."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an attack was told, the others' p99 in seconds without and with it, and the server's memory in bytes."""

    name: str
    told: dict[str, int]
    quiet: float
    attacked: float
    failed: int
    before: int
    highest: int
    after: int

    def row(self) -> str:
        told = ", ".join(f"{answer} {times:,}" for answer, times in sorted(self.told.items()))
        return (
            f"| {self.name} | {self.quiet * 1e3:.1f} | {self.attacked * 1e3:.1f} | {self.attacked / self.quiet:.1f} "
            f"| {self.failed} | {self.before >> 20} | {self.highest >> 20} | {self.after >> 20} | {told} |"
        )


@contextmanager
def started() -> Iterator[Server]:
    """A server as in production, with documents and its usual limits."""
    with tempfile.TemporaryDirectory() as directory:
        limits = {"read-rate": 2000, "write-rate": 100, "connection-rate": 3000, "workers": 1}
        server = launch(Path(directory), {"store": "sqlite", "rest": "127.0.0.1:0", **limits}).wait()
        try:
            register(server.stub("ci-bot"), "ticks_v1", (SCHEMAS / "ticks_v1.json").read_bytes())
            yield server
        finally:
            server.stop()


async def effect(server: Server, name: str, seconds: float) -> Effect:
    """Let readers read for `seconds` without the attack and as long with it, and wait until memory is back."""
    reader = "reader" if name == WRITES else "ci-bot"  # not the attacker
    async with aio.secure_channel(server.target, credentials(server.tls, reader)) as channel:
        stub = SchemaRegistryStub(channel)
        context = ssl.create_default_context(cafile=server.tls / "ca.pem")
        context.load_cert_chain(server.tls / f"{reader}.pem", server.tls / f"{reader}-key.pem")
        async with httpx.AsyncClient(base_url=server.rest, verify=context, timeout=60, trust_env=False) as http:

            async def by_grpc() -> None:
                await stub.GetSchema(pb.GetSchemaRequest(id="ticks_v1"), timeout=60)

            async def by_rest() -> None:
                (await http.get("/schema/ticks_v1")).raise_for_status()

            calls = (by_grpc, by_rest)
            for call in calls:
                await call()
            before = memory(server.process.pid)
            quiet, _ = await _read(calls, seconds)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.attacker", name, str(seconds + 1)),
                *(server.target, server.rest, str(server.tls)),
                cwd=ROOT,
                stdout=subprocess.PIPE,
            )
            assert process.stdout
            await process.stdout.readline()
            await asyncio.sleep(1)
            sampling = asyncio.create_task(_sample(server.process.pid, seen := [before]))
            attacked, failed = await _read(calls, seconds)
            sampling.cancel()
            told, _ = await process.communicate()
            for _ in range(SETTLES):
                await _read(calls, 1)
                after = memory(server.process.pid)
                if after <= before + KEPT:
                    break
    return Effect(name, json.loads(told), quiet, attacked, failed, before, max(seen), after)


async def _sample(pid: int, seen: list[int]) -> None:
    """Add the bytes of a server's memory to `seen`, four times a second."""
    while True:
        seen.append(memory(pid))
        await asyncio.sleep(0.25)


async def _read(calls: tuple[Callable[[], Awaitable[None]], ...], seconds: float) -> tuple[float, int]:
    """Make the calls again and again, PAUSE apart, each in a task of its own; return their p99 and how many failed."""
    taken: list[float] = []
    failed = 0

    async def reader(call: Callable[[], Awaitable[None]]) -> None:
        nonlocal failed
        ends = time.perf_counter() + seconds
        while (began := time.perf_counter()) < ends:
            try:
                await call()
            except (aio.AioRpcError, httpx.HTTPError):
                failed += 1
            taken.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*(reader(call) for call in calls))
    taken.sort()
    return taken[math.ceil(len(taken) * 0.99) - 1], failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ATTACKS)}")
    parser.add_argument("--seconds", type=float, default=10, help="without an attack, and as long with it")
    asked = parser.parse_args()
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    harmful = 0
    print(
        "| attack | p99 ms, quiet | attacked | ratio | failed | MiB before | attacked | after | the attacker is told |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    with started() as server:
        os.sched_setaffinity(0, others or {first})
        for name in asked.names or ATTACKS:
            seen = asyncio.run(effect(server, name, asked.seconds))
            harmful += bool(seen.failed or seen.attacked > 2 * seen.quiet or seen.after > seen.before + KEPT)
            print(seen.row(), flush=True)
    return 1 if harmful else 0


if __name__ == "__main__":
    sys.exit(main())
