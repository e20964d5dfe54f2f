"""A cluster with TLS that tests may break, servers as in production, and documents to write."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devtools.etcd_cluster import EtcdCluster
from devtools.etcd_tls import kept, secured, settings
from devtools.servers import Server, launch

Start = Callable[..., Server]


@pytest.fixture
def document() -> Callable[..., bytes]:
    """A factory: `document(id, version, **members)` gives the bytes of a small valid document."""

    def make(name: str, version: str = "1.0.0", **members: object) -> bytes:
        value = {
            "$id": name,
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"size": {"type": "integer"}},
            "version": version,
        }
        return json.dumps(value | members).encode()

    return make


@pytest.fixture(scope="session")
def etcd_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the cluster is; its certificates are under tls."""
    return tmp_path_factory.mktemp("etcd")


@pytest.fixture(scope="session")
def etcd_cluster(etcd_built: None, etcd_directory: Path) -> Iterator[EtcdCluster]:
    """A cluster of this folder's own: its history is compacted, its members are killed. Each test has its own ids."""
    with kept(secured(etcd_directory)) as cluster:
        yield cluster


@pytest.fixture
def etcd_store(etcd_cluster: EtcdCluster, etcd_directory: Path) -> dict[str, object]:
    """The settings of a server on the cluster."""
    return settings(etcd_cluster, etcd_directory)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """A factory: `begin(settings, …)` starts a server without waiting for it; all are gone after the test."""
    started: list[Server] = []

    def start(settings: dict[str, object], *options: str) -> Server:
        started.append(launch(tmp_path, settings, *options))
        return started[-1]

    yield start
    for server in started:
        server.stop(signal.SIGKILL)


@pytest.fixture
def start(begin: Start) -> Start:
    """As `begin`, once it listens."""
    return lambda settings, *options: begin(settings, *options).wait()
