"""Fuzz a registry over gRPC and REST: `make fuzz`.

It starts a server of its own in dev mode. Every input must be answered or refused within SECONDS, without an answer
that blames the server (5xx over HTTP; UNKNOWN, INTERNAL and DATA_LOSS over gRPC); the server must not end, and its
memory must not grow with the number of inputs.
"""

import argparse
import asyncio
import contextlib
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import grpc
from grpc import aio

from bench.request_inputs import SCHEMAS, SERVICE, GrpcInput, Http2Input, HttpInput, inputs
from devtools.http2_frames import PREFACE
from devtools.servers import Server, credentials, launch_dev

SECONDS: Final = 1.0
"""How long an input may take."""
GIVEN_UP: Final = 20.0
"""How long an input is waited for, so that a hang is told from a slow answer."""
AT_ONCE: Final = 8
WAITS: Final = 5.0
"""How much longer a read may take that waits for its `min_revision`."""
SETTLING: Final = 20_000
"""Inputs after which the server's workers and caches are there, and the first measure of its memory is taken."""
GROWTH: Final = 64 << 20
"""Bytes that the server's processes may grow after that."""
BLAMES: Final = frozenset({grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS})

Input = GrpcInput | HttpInput | Http2Input


@dataclass
class Findings:
    """What was seen: how often each answer came, the slowest input, and each input that broke a rule."""

    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def add(self, each: Input, answer: str, seconds: float, limit: float, *, at_fault: bool) -> None:
        self.answers[answer] += 1
        self.slowest = max(self.slowest, seconds)
        if at_fault or seconds > limit + (WAITS if answer == grpc.StatusCode.DEADLINE_EXCEEDED.name else 0):
            self.faults.append(f"{answer} after {seconds:.1f} s: {each!r}"[:3000])


class Target:
    """A server, and the ways to send it an input."""

    def __init__(self, server: Server) -> None:
        self._channel = aio.secure_channel(server.target, credentials(server.tls, "ci-bot"))
        self._rest = _address(server.rest)
        self._grpc = _address(server.target)
        self._tls = ssl.create_default_context(cafile=server.tls / "ca.pem")
        self._tls.load_cert_chain(server.tls / "ci-bot.pem", server.tls / "ci-bot-key.pem")
        self._tls.set_alpn_protocols(["h2"])
        self._streams = {rpc.name for rpc in SERVICE.methods if rpc.server_streaming}

    async def send(self, each: Input) -> tuple[str, bool]:
        """Send an input; return the answer in a word, and whether it blames the server."""
        match each:
            case GrpcInput():
                code = await self._call(each)
                return code.name, code in BLAMES
            case HttpInput():
                answer = await _exchange(*self._rest, each.data)
                status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else "closed"
                return status, status.startswith("5") and status not in {"501", "503", "505"}
            case Http2Input():
                await _exchange(*self._grpc, PREFACE + each.data, self._tls)
                return "HTTP/2", False

    async def _call(self, each: GrpcInput) -> grpc.StatusCode:
        path = f"/{SERVICE.full_name}/{each.rpc}"
        try:
            if each.rpc in self._streams:
                streaming: aio.UnaryStreamMultiCallable[bytes, bytes] = self._channel.unary_stream(path)
                stream = streaming(each.data, timeout=GIVEN_UP)
                await stream.read()
                stream.cancel()
            else:
                calling: aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(path)
                await calling(each.data, timeout=GIVEN_UP)
        except aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    async def close(self) -> None:
        await self._channel.close()


async def _exchange(host: str, port: int, data: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Send all of `data`, end our side, and return the beginning of what comes back until the server ends its own."""
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname="localhost" if tls else None)
    answer = b""
    # The server may close as soon as it has read enough to refuse the rest.
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        writer.write(data)
        if tls is None:
            writer.write_eof()
        if tls:
            # The server may rightly wait for more frames: it is given a moment to show that it doesn't end.
            with contextlib.suppress(TimeoutError):
                answer = await asyncio.wait_for(reader.read(1 << 16), 0.2)
        else:
            answer = await reader.read(1 << 16)
            while b"text/event-stream" not in answer and await reader.read(1 << 16):
                pass
    writer.transport.abort()  # without waiting for the server's end of TLS
    return answer


async def fuzz(server: Server, chosen: Iterable[Input], count: int, limit: float) -> Findings:
    """Send `count` of the inputs, AT_ONCE at a time; one may take `limit` seconds."""
    target, findings, started = Target(server), Findings(), iter(islice(chosen, count))
    settled: list[int] = []

    async def work() -> None:
        for each in started:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(GIVEN_UP):
                    answer, at_fault = await target.send(each)
            except (TimeoutError, OSError) as failed:
                answer, at_fault = type(failed).__name__, True
            findings.add(each, answer, time.monotonic() - begun, limit, at_fault=at_fault)
            if sum(findings.answers.values()) == SETTLING:
                settled.append(memory(server.process.pid))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    await target.close()
    if server.process.poll() is not None:
        findings.faults.append(f"the server ended with {server.process.returncode}")
    elif settled and (grown := memory(server.process.pid) - settled[0]) > GROWTH:
        findings.faults.append(f"the server grew by {grown >> 20} MiB after its first {SETTLING:,} inputs")
    return findings


def memory(pid: int) -> int:
    """The bytes of a process and those it started, each counted once where they share (Linux, proc(5))."""
    own = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            own = int(line.split()[1]) << 10
    with contextlib.suppress(OSError):  # a worker may end meanwhile
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return own + sum(memory(int(child)) for child in children)
    return own


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition("//")[2].rpartition(":")
    return host, int(port)


@contextlib.contextmanager
def started() -> Iterator[Server]:
    """A server of its own in dev mode."""
    with tempfile.TemporaryDirectory() as directory:
        server = launch_dev(
            Path(directory) / "data", "--grpc", "localhost:0", "--rest", "127.0.0.1:0", "--publish", str(SCHEMAS)
        ).wait()
        try:
            yield server
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="of the inputs; the same gives the same ones")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that an input may take")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with started() as server:
        begun = time.monotonic()
        findings = asyncio.run(fuzz(server, inputs(options.seed), options.count, options.seconds))
        log = server.log.read_bytes().decode(errors="backslashreplace")
    if "Traceback" in log:
        findings.faults.append(log[log.index("Traceback") :][:3000])
    done = sum(findings.answers.values())
    print(f"{done:,} inputs in {time.monotonic() - begun:.0f} s, the slowest {findings.slowest:.2f} s")
    print(*(f"  {answer:20} {times:,}" for answer, times in findings.answers.most_common()), sep="\n")
    print(*findings.faults[:20], sep="\n")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
