"""Registry servers as processes that can be killed, stopped and started again where they were.

Holds no store and no client beyond each server's stub.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

if TYPE_CHECKING:
    from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryAsyncStub

ROOT = Path(__file__).resolve().parents[3]
LISTENING = re.compile(r"gRPC (\S+) ")
START_SECONDS = 60.0

OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.use_local_subchannel_pool", 1),
)


class NotStarted(Exception):
    """The server ended instead of listening; the argument is what it said."""

    def says(self, *words: str) -> bool:
        """Whether it said any of `words`, in one sentence rather than a traceback."""
        said = str(self)
        return any(each in said for each in words) and "Traceback" not in said


class Server:
    """One `schemaregistry serve --dev`. `stub` reaches it wherever it listens, as its publisher."""

    def __init__(self, name: str, data: Path, *options: str) -> None:
        self.name = name
        self.data = data
        self._options: Sequence[str] = options
        self._address = "localhost:0"
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: aio.Channel | None = None
        self._stub: SchemaRegistryAsyncStub | None = None

    @property
    def stub(self) -> "SchemaRegistryAsyncStub":
        assert self._stub
        return self._stub

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    async def start(self) -> None:
        """Start the process and return once it listens; raises NotStarted."""
        log = self._launch()
        self._address = await self._listening(log)
        if not self._channel:
            self._channel = self._connect()
            self._stub = SchemaRegistryStub(self._channel)

    def _launch(self) -> Path:
        """Start the process; the file that it writes its output to, a new one each time."""
        log = self.data.with_suffix(f".{time.monotonic_ns()}.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            *with_parent("KILL"),
            sys.executable,
            "-m",
            "schemaregistry",
            "serve",
            "--dev",
            "--data",
            str(self.data),
        ]
        command += ["--grpc", self._address, "--rest", "127.0.0.1:0", "--progress-seconds", "0.5", *self._options]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        return log

    async def _listening(self, log: Path) -> str:
        async with asyncio.timeout(START_SECONDS):
            while True:
                running = self._process is not None and self._process.poll() is None
                said = await asyncio.to_thread(log.read_text, encoding="utf-8")
                if found := LISTENING.search(said):
                    return found[1]
                if not running:
                    raise NotStarted(said.strip())
                await asyncio.sleep(0.02)

    def _connect(self) -> aio.Channel:
        ca, key, cert = ((self.data / f"tls/{name}.pem").read_bytes() for name in ("ca", "ci-bot-key", "ci-bot"))
        return aio.secure_channel(self._address, grpc.ssl_channel_credentials(ca, key, cert), OPTIONS)

    def send(self, signum: signal.Signals) -> None:
        """Send the process a signal, where it runs."""
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, signum)

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        if self._process:
            await asyncio.to_thread(self._process.wait)

    async def close(self) -> None:
        await self.kill()
        if self._channel:
            await self._channel.close()


def with_parent(signal_name: str) -> list[str]:
    """What a command begins with that is to get a signal once the process that started it is gone (Linux)."""
    return ["setpriv", "--pdeathsig", signal_name] if shutil.which("setpriv") else []
