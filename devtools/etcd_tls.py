"""Run an etcd cluster with TLS on loopback, and make the settings of a server that uses it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from devtools.etcd_cluster import EtcdCluster, running
from schemaregistry_server.etcd.endpoints import EtcdTls
from schemaregistry_server.security import pki


@asynccontextmanager
async def secured(directory: Path) -> AsyncIterator[EtcdCluster]:
    """Run three members that require client certificates; all certificates are in `directory`/tls."""
    pki.ensure(directory / "tls")
    served, ours = (_tls(directory / "tls", name) for name in ("server", "ci-bot"))
    async with running(directory / "etcd", served=served, tls=ours) as cluster:
        yield cluster


@contextmanager
def kept(cluster: AbstractAsyncContextManager[EtcdCluster]) -> Iterator[EtcdCluster]:
    """Run a cluster for code without an event loop, or with several: it has an event loop of its own."""
    with asyncio.Runner() as runner:
        yield runner.run(cluster.__aenter__())
        runner.run(cluster.__aexit__(None, None, None))


def settings(cluster: EtcdCluster, directory: Path) -> dict[str, object]:
    """The settings (keys of `--config`) by which a server uses the cluster as its store."""
    ours = _tls(directory / "tls", "ci-bot")
    return {
        "store": f"etcd://{','.join(cluster.endpoints)}",
        "etcd-ca": str(ours.ca),
        "etcd-cert": str(ours.cert),
        "etcd-key": str(ours.key),
        "etcd-auth": "off",
    }


def _tls(directory: Path, name: str) -> EtcdTls:
    return EtcdTls(directory / "ca.pem", directory / f"{name}.pem", directory / f"{name}-key.pem")
