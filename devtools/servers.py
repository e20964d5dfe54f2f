"""Start servers in processes of their own, in production or dev mode, and connect clients to them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.api.httpbody_pb2 import HttpBody

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from schemaregistry_server.security import pki

ROOT = Path(__file__).resolve().parents[1]
LISTENING = re.compile(r"Listening: gRPC (\S+) \(mTLS\)(?:, REST (\S+)(?: \(mTLS\))?)?(?:, health (\S+);.*)?\n")
START_SECONDS = 60
PROGRAM = ("schemaregistry",)
PUBLISHER = pki.IDENTITIES["ci-bot"]


@dataclass
class Server:
    """A server's process (with several workers, their supervisor), its output in `log`, its certificates in `tls`.

    `target` (gRPC), `rest` and `health` are set by `wait`, once the server listens.
    """

    process: "subprocess.Popen[bytes]"
    log: Path
    tls: Path
    target: str = ""
    rest: str = ""
    health: str = ""
    _channels: list[grpc.Channel] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """The directory that holds `tls`: in dev mode, all that the server keeps."""
        return self.tls.parent

    def channel(self, identity: str | None = "reader", *options: tuple[str, object]) -> grpc.Channel:
        """Open a channel with a connection of its own and gRPC's `options`, as `identity` (None: no certificate)."""
        own = ("grpc.use_local_subchannel_pool", 1)
        self._channels.append(grpc.secure_channel(self.target, credentials(self.tls, identity), (own, *options)))
        return self._channels[-1]

    def stub(self, identity: str | None = "reader") -> SchemaRegistryStub:
        return SchemaRegistryStub(self.channel(identity))

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ready(self) -> tuple[int, str]:
        """The status and the text of /readyz."""
        return answer(f"{self.health}/readyz")

    def workers(self) -> list[int]:
        """The process ids of its workers (Linux, proc(5))."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split() if b"spawn_main" in command(int(pid))]

    def wait(self, *, seconds: float = START_SECONDS) -> "Server":
        """Wait until the server listens; raises AssertionError with its output, and kills it, where it doesn't."""
        try:
            until(lambda: LISTENING.search(self.output()) or self.process.poll() is not None, seconds)
            found = LISTENING.search(self.output())
            assert found, f"the server did not start:\n{self.output()}"
        except AssertionError:
            self.stop(signal.SIGKILL)
            raise
        self.target, self.rest, self.health = found[1], found[2] or "", found[3] or ""
        return self

    def stop(self, signum: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal and return the exit code."""
        for channel in self._channels:
            channel.close()
        self._channels.clear()
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(seconds)


def launch(directory: Path, settings: Mapping[str, object], *options: str) -> Server:
    """Start a server with a file of `settings`, and TLS files in `directory`/tls; call `wait` next."""
    tls = directory / "tls"
    pki.ensure(tls)
    usual = {
        "grpc": "localhost:0",
        "health": "127.0.0.1:0",
        "tls-cert": str(tls / "server.pem"),
        "tls-key": str(tls / "server-key.pem"),
        "client-ca": str(tls / "ca.pem"),
        "publisher": [PUBLISHER],
        "operator": [PUBLISHER],
        "data": str(directory / "data"),
        # Tests and benchmarks call as fast as they can, with one certificate.
        "read-rate": 0,
        "write-rate": 0,
        "connection-rate": 0,
    }
    config = directory / f"server.{time.monotonic_ns()}.toml"
    # JSON's strings, numbers, booleans and lists are TOML's too.
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in (usual | dict(settings)).items())
    config.write_text("".join(lines), encoding="utf-8")
    return serve(tls, config.with_suffix(".log"), "--config", str(config), *options)


def launch_dev(data: Path, *options: str, program: Sequence[str] = PROGRAM) -> Server:
    """Start a server in dev mode with the data directory `data`; its output goes to a new file beside it."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"{data.name}.{time.monotonic_ns()}.log"
    return serve(data / "tls", log, "--dev", "--data", str(data), *options, program=program)


def serve(tls: Path, log: Path, *options: str, program: Sequence[str] = PROGRAM) -> Server:
    """Start `serve` with these options; `program` are the words after `python -m` that run it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *program, "serve", *options],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    return Server(process, log, tls)


def credentials(tls: Path, identity: str | None) -> grpc.ChannelCredentials:
    pair = [(tls / f"{identity}{end}.pem").read_bytes() if identity else None for end in ("-key", "")]
    return grpc.ssl_channel_credentials((tls / "ca.pem").read_bytes(), *pair)


def answer(url: str) -> tuple[int, str]:
    """The status and the text of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def register(stub: SchemaRegistryStub, name: str, data: bytes) -> int:
    """Register a document and return its revision."""
    return stub.RegisterSchema(pb.RegisterSchemaRequest(id=name, document=HttpBody(data=data)), timeout=30).revision


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until `condition` holds; raises AssertionError after `seconds`."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.02)


def command(pid: int) -> bytes:
    """The command line of a process, empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie (a zombie has an empty command line)."""
    return bool(command(pid))
