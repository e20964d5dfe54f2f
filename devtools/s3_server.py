"""Run versitygw, an S3 server, on loopback, for tests and benchmarks, with its buckets in one directory."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).parents[1] / "build/versitygw/bin/versitygw"
ACCESS: Final = "snapshots"
SECRET: Final = "on-loopback-only"
START_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running server: its address, and the directory whose folders are its buckets."""

    endpoint: str
    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a client finds and is let in: those that boto3 reads, and no others."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCHEMAREGISTRY_"))}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def running_s3(directory: Path, *, buckets: Path | None = None) -> Iterator[S3Server]:
    """Run a server with its files under `directory`, and its buckets there or in `buckets`, until the context ends."""
    root, versions = buckets or directory / "buckets", directory / "versions"
    for each in (root, versions):
        each.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [str(BUILT), "--access", ACCESS, "--secret", SECRET, "--port", f"127.0.0.1:{port}", "--quiet"]
    with (directory / "versitygw.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "posix", "--versioning-dir", versions, root], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait(port, process)
        yield S3Server(f"http://127.0.0.1:{port}", root)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("versitygw did not start: see its log, versitygw.log") from None
            time.sleep(0.02)
        else:
            return
