"""Both stores, filled with versions that show any loss or change, and the operators' command line."""

# ruff: noqa: A002 (the field's term)

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from devtools.etcd_cluster import EtcdCluster
from devtools.s3_server import ACCESS, SECRET, S3Server, running_s3
from schemaregistry.cli import app
from schemaregistry_server.store.base import Entry, Store
from schemaregistry_server.store.etcd_store import EtcdStore
from schemaregistry_server.store.sqlite_store import SQLiteStore
from schemaregistry_server.store.verified_claims import VerifiedClaims

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parents[3]

AWKWARD = '{\r\n\t"é": "\\u0000" }\n\n64 bytes'.encode() + bytes(range(256))
"""Bytes that would break a format of lines."""


def entry(id: str = "ticks", version: str = "1.0.0", raw: bytes = b"{}", who: str = "ci-bot") -> Entry:
    return Entry(id, version, raw, "sha256:" + hashlib.sha256(raw).hexdigest(), who, 1_700_000_000_000_000)


async def fill(store: Store) -> None:
    """Three ids, one with versions between the others' and one with awkward bytes."""
    await store.put(entry("ticks", "1.0.0", AWKWARD), expected_latest=None)
    by_token = VerifiedClaims("jti-1", "acme/schemas", "c0ffee")
    await store.put(replace(entry("bars", "0.1.0", b"", who="Zoë"), claims=by_token), expected_latest=None)
    await store.put(entry("ticks", "1.1.0", b'{"a": 1}'), expected_latest="1.0.0")
    await store.put(entry("quotes", "2.0.0-rc.1", b"[" * 1000), expected_latest=None)
    await store.put(entry("ticks", "1.10.0", b"\n"), expected_latest="1.1.0")


@dataclass(frozen=True)
class Stores:
    """Opens stores by name, `sqlite/…` or `etcd/…`; a name opens the same store each time."""

    directory: Path
    endpoints: tuple[str, ...]

    def file(self, name: str) -> Path:
        return self.directory / name / "registry.db"

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[Store]:
        store: Store
        if name.startswith("sqlite/"):
            store = SQLiteStore(self.file(name))
        else:
            store = await EtcdStore.open(self.endpoints, root=f"/{self.directory.name}/{name}")
        try:
            yield store
        finally:
            await store.close()


@pytest.fixture
def stores(etcd_cluster: EtcdCluster, tmp_path: Path) -> Stores:
    return Stores(tmp_path, etcd_cluster.endpoints)


@pytest.fixture
async def filled(stores: Stores) -> Path:
    """A data directory of the embedded store, filled; no server has it open."""
    async with stores("sqlite/filled") as store:
        await fill(store)
    return stores.file("sqlite/filled").parent


def run(*words: object, code: int = 0) -> str:
    """Run `schemaregistry` with these words; return its output, of stderr where it is to fail."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCHEMAREGISTRY_")}
    ended = subprocess.run(
        [sys.executable, "-m", "schemaregistry", *map(str, words)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr if code else ended.stdout


@pytest.fixture
def command() -> Callable[..., str]:
    return run


@pytest.fixture
def edit() -> Callable[..., None]:
    """Change the embedded store's file as anyone with write access could."""

    def change(data: Path, *statements: str) -> None:
        connection = sqlite3.connect(data / "registry.db")
        for name in ("version_kept", "version_stays", "audit_kept", "audit_stays"):
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return change


@pytest.fixture
def fill_store() -> Callable[[Store], Awaitable[None]]:
    return fill


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server, shared by tests that each use a bucket of their own."""
    subprocess.run(
        [sys.executable, "-m", "scripts.build_tools", "third_party/versitygw", "build/versitygw/bin"],
        cwd=ROOT,
        check=True,
    )
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Main = Callable[..., Ended]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], s3: S3Server) -> Main:
    """Run `schemaregistry` in this process, with the credentials of the S3 server."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SCHEMAREGISTRY_"))]:
        monkeypatch.delenv(name)
    for name, value in s3.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)

    def run(*words: object, code: int = 0) -> Ended:
        monkeypatch.setattr(sys, "argv", ["schemaregistry", *map(str, words)])
        found = 0
        try:
            app.main()
        except SystemExit as ended:
            found = int(ended.code or 0)
        out, err = capfd.readouterr()
        assert found == code, out + err
        assert "Traceback" not in err
        return Ended(found, out, err)

    return run


@pytest.fixture
def client(s3: S3Server) -> "S3Client":
    """A client of the S3 server, to look at what is in its buckets and to change it."""
    return boto3.client("s3", endpoint_url=s3.endpoint, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET)


@pytest.fixture
def bucket(client: "S3Client", tmp_path: Path) -> str:
    """A bucket of the test's own."""
    name = "b" + hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]
    client.create_bucket(Bucket=name)
    return name
