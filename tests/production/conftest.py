"""A cluster with TLS that tests may break, servers as in production, and documents to write."""

import asyncio
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemaregistry_server import pki
from schemaregistry_server.etcd.cluster import Cluster, running
from schemaregistry_server.etcd.connection import Tls
from tests.production.servers import Server, launch

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
def etcd_tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of etcd's certificates: `server` is the members' own, `ci-bot` a client's."""
    directory = tmp_path_factory.mktemp("etcd-tls")
    pki.ensure(directory)
    return directory


@pytest.fixture(scope="session")
def etcd_cluster(etcd_built: None, etcd_tls: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of this folder's own: its history is compacted, its members are killed. Each test has its own ids."""
    with asyncio.Runner() as runner:
        served, ours = (tls(etcd_tls, name) for name in ("server", "ci-bot"))
        context = running(tmp_path_factory.mktemp("etcd"), served=served, tls=ours)
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


def tls(directory: Path, name: str) -> Tls:
    return Tls(directory / "ca.pem", directory / f"{name}.pem", directory / f"{name}-key.pem")


@pytest.fixture
async def breakable(etcd_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster for a test that may leave members dead or stopped."""
    yield etcd_cluster
    for member in etcd_cluster.members.values():
        member.send(signal.SIGCONT)
        member.start()
    await etcd_cluster.ready()


@pytest.fixture
def etcd_store(etcd_cluster: Cluster, etcd_tls: Path) -> dict[str, object]:
    """The settings of a server on the cluster."""
    return {
        "store": f"etcd://{','.join(etcd_cluster.endpoints)}",
        "etcd-ca": str(etcd_tls / "ca.pem"),
        "etcd-cert": str(etcd_tls / "ci-bot.pem"),
        "etcd-key": str(etcd_tls / "ci-bot-key.pem"),
    }


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
