"""Real servers for every test that needs one: `running` for a session, `start_server` for those that end or restart."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub
from schemaregistry_server.etcd.cluster import Cluster
from schemaregistry_server.etcd.cluster import running as etcd_running

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "schemas"
LISTENING = re.compile(r"gRPC (?P<grpc>\S+) .*REST (?P<rest>http://\S+)\n")
START_SECONDS = 60


@dataclass
class Server:
    """A `schemaregistry serve --dev` in its own process, listening."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    target: str
    rest: str
    _channels: list[grpc.Channel] = field(default_factory=list)

    @property
    def tls(self) -> Path:
        return self.data / "tls"

    def channel(self, identity: str | None = "reader", *options: tuple[str, object]) -> grpc.Channel:
        """A channel as `reader` or `ci-bot`, with gRPC's `options`; None: without a certificate of its own."""
        pair = [(self.tls / f"{identity}{end}.pem").read_bytes() if identity else None for end in ("-key", "")]
        credentials = grpc.ssl_channel_credentials((self.tls / "ca.pem").read_bytes(), *pair)
        channel = grpc.secure_channel(self.target, credentials, options)
        self._channels.append(channel)
        return channel

    def stub(self, identity: str | None = "reader") -> SchemaRegistryStub:
        return SchemaRegistryStub(self.channel(identity))

    def stop(self, signum: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal and return the exit code."""
        for channel in self._channels:
            channel.close()
        self._channels.clear()
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(seconds)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")


def launch(data: Path, *options: str) -> tuple["subprocess.Popen[bytes]", Path]:
    """Start the command; its output goes to a file beside the data, a new one each time."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"{data.name}.{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "schemaregistry", "serve", "--dev", "--data", str(data), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    return process, log


def start(data: Path, *options: str) -> Server:
    """Start a server on free ports and return it once it listens."""
    process, log = launch(data, "--grpc", "localhost:0", "--rest", "127.0.0.1:0", *options)
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if found := LISTENING.search(log.read_text(encoding="utf-8")):
            return Server(process, data, log, found["grpc"], found["rest"])
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole session, with `schemas/` published. Tests write under ids of their own."""
    server = start(tmp_path_factory.mktemp("running") / "data", "--publish", str(SCHEMAS))
    yield server
    server.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A factory: `start_server(*options, data=DIR)`; every server that it started is gone after the test."""
    started: list[Server] = []

    def begin(*options: str, data: Path | None = None) -> Server:
        started.append(start(data or tmp_path / "data", *options))
        return started[-1]

    yield begin
    for server in started:
        server.stop(signal.SIGKILL)


@pytest.fixture(scope="session")
def etcd_built() -> None:
    """Build etcd where it is missing."""
    command = [sys.executable, "-m", "scripts.build_tools", "third_party/etcd", "build/etcd/bin"]
    subprocess.run(command, cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def etcd_cluster(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three etcd members, shared by tests that each use keys of their own and compact nothing."""
    with asyncio.Runner() as runner:
        context = etcd_running(tmp_path_factory.mktemp("etcd"))
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))
