"""Which store a name stands for, and its opening: `sqlite`, `etcd`, or `etcd://HOST:PORT,…`. Holds no store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from schemaregistry.errors import FailedPrecondition, InvalidArgument
from schemaregistry_server.etcd.endpoints import EtcdTls
from schemaregistry_server.security.certificates import TlsFiles, TlsPem, authorities
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.store.base import Store
from schemaregistry_server.store.etcd_store import EtcdStore
from schemaregistry_server.store.sqlite_store import SQLiteStore

ETCD_PORT: Final = 2379

RENEW_SECONDS: Final = 2.0
"""How often it is looked whether etcd's TLS files have changed."""


@asynccontextmanager
async def opened(name: str, data: Path, *, tls: EtcdTls | None = None) -> AsyncIterator[Store]:
    """The store that `name` stands for, closed with the context.

    `sqlite`: the file `data`/registry.db. `etcd`: a cluster of our own on loopback, for development, which lives as
    long as the context, its data under `data`/etcd and its certificates those of `data`/tls. `etcd://HOST:PORT,…`: a
    cluster that is there, over `tls`, whose files may be replaced meanwhile. Raises InvalidArgument for another name,
    FailedPrecondition or Unavailable where the store can't be opened.
    """
    async with AsyncExitStack() as stack:
        store: Store
        if name == "sqlite":
            store = SQLiteStore(data / "registry.db")
        elif name == "etcd":
            served, ours = (_identity(data / "tls", who) for who in ("server", "ci-bot"))
            cluster = await stack.enter_async_context(_cluster_of_our_own(data / "etcd", served, ours))
            store = await EtcdStore.open(cluster.endpoints, tls=ours)
        else:
            files = _files(tls) if tls else None
            store = await EtcdStore.open(endpoints(name), tls=tls)
            if files:
                renewing = asyncio.create_task(_renew(store, files))
                stack.callback(renewing.cancel)
        stack.push_async_callback(store.close)
        yield store


def endpoints(name: str) -> list[str]:
    """`etcd://one,two:2380` as HOST:PORT each, port 2379 where none is given; raises InvalidArgument (BAD_STORE)."""
    scheme, separator, rest = name.partition("://")
    hosts = [host for host in rest.split(",") if host]
    if scheme != "etcd" or not separator or not hosts or "/" in rest:
        raise InvalidArgument(
            f"--store {name!a} is not 'sqlite', 'etcd' or etcd://HOST:PORT,HOST:PORT,…", reason="BAD_STORE"
        )
    return [host if host.rpartition(":")[2].isdecimal() else f"{host}:{ETCD_PORT}" for host in hosts]


def _files(tls: EtcdTls) -> Reloaded[TlsPem | bytes]:
    """What is in the files; raises FailedPrecondition (TLS_FILES) where they don't fit one another."""
    if tls.cert and tls.key:
        files = TlsFiles(tls.ca, tls.cert, tls.key)
        return Reloaded(files.paths, files.pem)
    return Reloaded([tls.ca], lambda: authorities(tls.ca))


async def _renew(store: EtcdStore, files: Reloaded[TlsPem | bytes]) -> None:
    """Have the store connect anew each time that the files were replaced by others that fit."""
    known = files.value
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        if (newest := files.value) != known:
            known = newest
            await store.renew()


def _cluster_of_our_own(directory: Path, served: EtcdTls, ours: EtcdTls) -> AbstractAsyncContextManager[Any]:
    """An etcd cluster on loopback, as `devtools` starts it; raises FailedPrecondition (NO_ETCD) outside a checkout.

    The import is by name, since what is installed doesn't have that package.
    """
    try:
        starter = import_module("devtools.etcd_cluster")
    except ModuleNotFoundError:
        raise FailedPrecondition(
            "--store etcd starts a cluster for development, from a checkout of the project: "
            "name a cluster that is there, as in --store etcd://HOST:PORT, or take --store sqlite.",
            reason="NO_ETCD",
        ) from None
    cluster: AbstractAsyncContextManager[Any] = starter.running(directory, served=served, tls=ours)
    return cluster


def _identity(directory: Path, name: str) -> EtcdTls:
    return EtcdTls(directory / "ca.pem", directory / f"{name}.pem", directory / f"{name}-key.pem")
