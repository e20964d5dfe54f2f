"""Start a registry on a core of its own and measure its CPU time and memory, for the other benchmarks."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devtools.servers import Server, launch, launch_dev

TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class PinnedServer:
    """A server's process id, the HOST:PORT of gRPC and REST, and the directory of its certificates."""

    pid: int
    grpc: str
    rest: str
    tls: Path

    def cpu_seconds(self) -> float:
        """Seconds of CPU time of the server's own process so far (proc(5): utime and stime of /proc/PID/stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> int:
        """Bytes of the server's own process in memory (proc(5): VmRSS of /proc/PID/status)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) << 10


@contextmanager
def pinned_server() -> Iterator[PinnedServer]:
    """Start a dev server on the first core, leave this process the others, and remove everything afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as directory:
        data = Path(directory) / "data"
        with _pinned(lambda: launch_dev(data, "--grpc", "localhost:0", "--rest", "127.0.0.1:0")) as server:
            yield server


@contextmanager
def pinned_production(directory: Path, settings: Mapping[str, object]) -> Iterator[PinnedServer]:
    """Start a production server of one process with `settings`, on a core as `pinned_server` does."""
    with _pinned(lambda: launch(directory, dict(settings) | {"workers": 1})) as server:
        yield server


@contextmanager
def _pinned(start: Callable[[], Server]) -> Iterator[PinnedServer]:
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    server = start()
    os.sched_setaffinity(0, others or {first})
    try:
        server.wait(seconds=120)
        rest = server.rest.removeprefix("http://")
        yield PinnedServer(server.process.pid, server.target, rest, server.tls)
    finally:
        server.stop()
        os.sched_setaffinity(0, {first, *others})
