"""Measure reads and writes a second of a server on one core, with mTLS and authorisation: `python -m bench.serve`.

The client runs on the other cores; where the client's core is the limit, the figure says so.
"""

import argparse
import asyncio
import itertools
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import grpc
import grpc.aio
import uvloop
from google.api.httpbody_pb2 import HttpBody

from bench.pinned import PinnedServer, pinned_server
from schemaregistry.v1 import registry_pb2 as pb

SERVICE = "/schemaregistry.v1.SchemaRegistry/"

MeasuredCall = Callable[[], Awaitable[object]]
Remote = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Figures:
    """The result of a load, and the shares of their cores that server and client used.

    A client's share near 1 means that the client was the limit; a server's share well under 1, that other work ran on
    its core.
    """

    what: str
    calls: int
    seconds: float
    p50_ms: float
    p99_ms: float
    server_us: float
    server_share: float
    client_share: float

    def row(self) -> str:
        return (
            f"| {self.what} | {self.calls / self.seconds:,.0f} | {self.p50_ms:.1f} | {self.p99_ms:.1f} "
            f"| {self.server_us:.0f} | {self.server_share:.0%} | {self.client_share:.0%} |"
        )


async def measure(what: str, server: PinnedServer, calls: Sequence[MeasuredCall], seconds: float) -> Figures:
    """Run every call again and again, each after its own answer, and count for `seconds` after a second's warm-up."""
    taken: list[float] = []
    ends = time.perf_counter() + 1 + seconds

    async def repeat(call: MeasuredCall) -> None:
        while (began := time.perf_counter()) < ends:
            await call()
            taken.append(time.perf_counter() - began)

    running = [asyncio.create_task(repeat(call)) for call in calls]
    await asyncio.sleep(1)
    taken.clear()
    began, server_began, client_began = time.perf_counter(), server.cpu_seconds(), time.process_time()
    await asyncio.gather(*running)
    wall, count = time.perf_counter() - began, len(taken)
    server_seconds = server.cpu_seconds() - server_began
    taken.sort()
    return Figures(
        what=what,
        calls=count,
        seconds=wall,
        p50_ms=taken[count // 2] * 1e3,
        p99_ms=taken[count * 99 // 100] * 1e3,
        server_us=server_seconds / count * 1e6,
        server_share=server_seconds / wall,
        client_share=(time.process_time() - client_began) / wall,
    )


def document(name: str, minor: int = 0) -> bytes:
    """A document of about 1.5 KB."""
    properties = {f"field_{n}": {"type": "number", "minimum": 0, "description": "A price."} for n in range(16)}
    return json.dumps(
        {
            "$id": name,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "description": f"Measured, {minor}.",
            "type": "object",
            "properties": properties,
            "required": ["field_0"],
            "version": f"1.0.{minor}",
        },
        indent=1,
    ).encode()


def channels(server: PinnedServer, identity: str, count: int) -> list[grpc.aio.Channel]:
    """Open `count` connections, each with its own handshake."""
    files = (server.tls / f"{name}.pem" for name in ("ca", f"{identity}-key", identity))
    credentials = grpc.ssl_channel_credentials(*(file.read_bytes() for file in files))
    own = [("grpc.use_local_subchannel_pool", 1)]
    return [grpc.aio.secure_channel(server.grpc, credentials, options=own) for _ in range(count)]


def register(channel: grpc.aio.Channel) -> Callable[[str, bytes], Awaitable[object]]:
    """Make a function that registers a document's bytes under an id."""
    serialize = pb.RegisterSchemaRequest.SerializeToString
    call: Remote = channel.unary_unary(SERVICE + "RegisterSchema", request_serializer=serialize)
    return lambda name, data: call(pb.RegisterSchemaRequest(id=name, document=HttpBody(data=data)))


async def grpc_reads(server: PinnedServer, clients: int, seconds: float) -> Figures:
    """Measure GetSchema over mTLS; the client keeps requests and answers as bytes, to cost as little as it can."""
    opened = channels(server, "reader", clients)
    request = pb.GetSchemaRequest(id="bench_0").SerializeToString()
    calls: list[Remote] = [channel.unary_unary(SERVICE + "GetSchema") for channel in opened]
    figures = await measure("GetSchema, gRPC + mTLS", server, [partial(call, request) for call in calls], seconds)
    for channel in opened:
        await channel.close()
    return figures


class _Connection(asyncio.Protocol):
    """A kept-alive HTTP/1.1 connection that asks for one path, whose answers all have the same length."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._length = 0
        self._received = b""
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._count += len(data)
        if not self._length:
            self._learn(data)
        if self._length and self._count >= self._length:
            self._count -= self._length
            self._answered.set_result(None)

    def _learn(self, data: bytes) -> None:
        self._received += data
        head, end, _ = self._received.partition(b"\r\n\r\n")
        if end:
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            sizes = (line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            self._length = len(head) + len(end) + int(next(sizes))

    async def call(self) -> None:
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        await self._answered


async def rest_reads(server: PinnedServer, clients: int, seconds: float) -> Figures:
    """Measure GET /schema/{id} over kept-alive connections."""
    host, port = server.rest.rsplit(":", 1)
    request = f"GET /schema/bench_0 HTTP/1.1\r\nHost: {server.rest}\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(lambda: _Connection(request), host, int(port)))[1] for _ in range(clients)]
    return await measure("GET /schema/{id}, REST", server, [connection.call for connection in opened], seconds)


async def writes(server: PinnedServer, clients: int, seconds: float) -> Figures:
    """Measure RegisterSchema of new ids, whose documents are parsed, and synced to the disk before the answer."""
    (channel,) = channels(server, "ci-bot", 1)
    write, names = register(channel), (f"new_{n}" for n in itertools.count())

    async def call() -> None:
        name = next(names)
        await write(name, document(name))

    return await measure("RegisterSchema, new ids", server, [call] * clients, seconds)


async def judged_writes(server: PinnedServer, clients: int, seconds: float) -> Figures:
    """Measure RegisterSchema of the next version of many ids, each judged against the version before it."""
    (channel,) = channels(server, "ci-bot", 1)
    write = register(channel)

    async def grow(name: str, minors: "itertools.count[int]") -> None:
        await write(name, document(name, next(minors)))

    calls = [partial(grow, f"grown_{n}", itertools.count()) for n in range(clients)]
    return await measure("RegisterSchema, next versions", server, calls, seconds)


async def run(seconds: float, clients: int) -> list[Figures]:
    with pinned_server() as server:
        (channel,) = channels(server, "ci-bot", 1)
        for n in range(10):
            await register(channel)(f"bench_{n}", document(f"bench_{n}"))
        return [
            await grpc_reads(server, clients, seconds),
            await rest_reads(server, clients, seconds),
            await writes(server, clients, seconds),
            await judged_writes(server, clients, seconds),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--clients", type=int, default=100, help="calls at a time, reads with a connection each")
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        print("One core alone: the client takes a part of the server's.")
    figures = uvloop.run(run(options.seconds, options.clients))
    print(f"{options.clients} clients, {len(document('bench_0')):,} bytes a document, the server on one core\n")
    print("| load | a second | p50 ms | p99 ms | server µs a call | server's core | client's core |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(each.row() for each in figures))


if __name__ == "__main__":
    main()
