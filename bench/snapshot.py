"""Measure snapshot, restore and audit on both stores, files and S3: `python -m bench.snapshot [--versions 100000]`.

Times are from start to end of each command's process, with documents of 2 KB and ten versions of each schema.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from devtools.etcd_cluster import running
from devtools.s3_server import S3Server, running_s3
from schemaregistry_server.ops import snapshot_file
from schemaregistry_server.ops.snapshot_file import Header
from schemaregistry_server.store import audit_chain
from schemaregistry_server.store.base import Entry, Write

OF_EACH = 10
FILLER = "x" * 1_950


def writes(versions: int) -> Iterator[Write]:
    """Yield the writes of an embedded store's history, one id after the other in turn."""
    previous, ids = audit_chain.GENESIS, max(1, versions // OF_EACH)
    for number in range(versions):
        raw = b'{"number": %d, "filler": "%b"}' % (number, FILLER.encode())
        version = f"1.{number // ids}.0"
        of = Entry(f"s{number % ids}", version, raw, f"sha256:{number:064x}", "spiffe://dev/ci-bot", 1, number + 1)
        record = audit_chain.record(of, sequence=number + 1, previous=previous)
        previous = record.hash
        yield Write(of, record)


def timed(what: str, *words: object) -> str:
    """Run one command and return its row of the table."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "schemaregistry", *map(str, words)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - begun
    if status:
        raise SystemExit(f"{what} failed")
    return f"| {what} | {took:.1f} | {used.ru_maxrss / 1024:,.0f} |"


def s3_rows(directory: Path, etcd: Sequence[str], server: S3Server) -> Iterator[str]:
    """Rows about a bucket of versitygw, which shares the machine; the stores are those that `rows` filled."""
    (server.directory / "bench").mkdir()
    os.environ.update({name: value for name, value in server.environment.items() if name.startswith("AWS_")})
    into = ["--data", directory / "from-s3"]
    yield timed("snapshot of SQLite to S3", "snapshot", "s3://bench/sqlite/", "--data", directory / "data")
    yield timed("restore from S3 into SQLite", "restore", "s3://bench/sqlite/", *into)
    yield timed("snapshot of etcd to S3", "snapshot", "s3://bench/etcd/", *etcd)


def rows(directory: Path, file: Path, endpoints: Sequence[str]) -> Iterator[str]:
    data, etcd = ["--data", str(directory / "data")], ["--store", "etcd://" + ",".join(endpoints)]
    yield timed("restore into SQLite", "restore", file, *data)
    yield timed("snapshot of SQLite", "snapshot", directory / "sqlite.snap", *data)
    yield timed("audit verify of SQLite", "audit", "verify", *data)
    yield timed("restore into etcd", "restore", file, *etcd)
    yield timed("snapshot of etcd", "snapshot", directory / "etcd.snap", *etcd)
    yield timed("audit verify of etcd", "audit", "verify", *etcd)
    with running_s3(directory / "s3") as server:
        yield from s3_rows(directory, etcd, server)


async def measure(versions: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory, file = Path(name), Path(name) / "made.snap"
        snapshot_file.save(file, Header("sqlite", versions, versions, ""), writes(versions))
        async with running(directory / "etcd") as cluster:
            print(f"{versions:,} versions, {snapshot_file.check(file).size >> 20} MiB\n")
            print("| what | seconds | MiB at most |\n| --- | --- | --- |")
            made = rows(directory, file, cluster.endpoints)
            while row := await asyncio.to_thread(next, made, None):
                print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=100_000)
    asyncio.run(measure(parser.parse_args().versions))


if __name__ == "__main__":
    main()
