"""A cluster that tests may break, and a client of it; the cluster is whole again for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from devtools.etcd_cluster import EtcdCluster, running
from devtools.etcd_tls import kept
from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_client import EtcdClient


@pytest.fixture
async def client(etcd_cluster: EtcdCluster) -> AsyncIterator[EtcdClient]:
    client = EtcdClient(EtcdConnection(etcd_cluster.endpoints))
    yield client
    await client.close()


@pytest.fixture
def root(tmp_path: Path) -> str:
    """The prefix of the test's own keys."""
    return f"/{tmp_path.name}"


@pytest.fixture
def prefix(root: str) -> bytes:
    return f"{root}/".encode()


@pytest.fixture(scope="session")
def etcd_cluster(etcd_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EtcdCluster]:
    """A cluster of this folder's own: its history is compacted, its members are killed."""
    with kept(running(tmp_path_factory.mktemp("etcd"))) as cluster:
        yield cluster
