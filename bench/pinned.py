"""A registry in its own process on a core of its own, for measuring: how it is started, and the CPU that it takes.

Holds no load and no figures.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.servers import launch

LISTENING: Final = re.compile(r"gRPC (?P<grpc>\S+) .*REST http://(?P<rest>\S+)\n")
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class PinnedServer:
    """Where it listens, as HOST:PORT, and the directory of its dev certificates."""

    pid: int
    grpc: str
    rest: str
    tls: Path

    def cpu_seconds(self) -> float:
        """CPU time of the server's own process so far (proc(5): utime and stime of /proc/PID/stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Bytes of the server's own process in memory (proc(5): VmRSS of /proc/PID/status)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) << 10


@contextmanager
def pinned_server() -> Iterator[PinnedServer]:
    """Start a dev server on the first core and leave this process the others; everything is gone afterwards."""
    first, *others = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as directory:
        data, log = Path(directory) / "data", Path(directory) / "log"
        command = [sys.executable, "-m", "schemaregistry", "serve", "--dev", "--data", str(data)]
        os.sched_setaffinity(0, {first})
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--grpc", "localhost:0", "--rest", "127.0.0.1:0"], stdout=output, stderr=subprocess.STDOUT
            )
        os.sched_setaffinity(0, others or {first})
        try:
            found = _listening(process, log)
            yield PinnedServer(process.pid, found["grpc"], found["rest"], data / "tls")
        finally:
            process.terminate()
            process.wait()
            os.sched_setaffinity(0, {first, *others})


@contextmanager
def pinned_production(directory: Path, settings: Mapping[str, object]) -> Iterator[PinnedServer]:
    """As `pinned_server`, by `settings` as in production, in one process."""
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    server = launch(directory, dict(settings) | {"workers": 1})
    os.sched_setaffinity(0, others or {first})
    try:
        server.wait(seconds=120)
        yield PinnedServer(server.process.pid, server.target, server.rest, server.tls)
    finally:
        server.stop()
        os.sched_setaffinity(0, {first, *others})


def _listening(process: "subprocess.Popen[bytes]", log: Path) -> re.Match[str]:
    for _ in range(1200):
        if found := LISTENING.search(log.read_text(encoding="utf-8")):
            return found
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"The server did not start:\n{log.read_text(encoding='utf-8')}")
