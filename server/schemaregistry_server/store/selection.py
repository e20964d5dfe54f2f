"""Open the store that `--store` names: `sqlite`, `etcd` (a development cluster) or `etcd://HOST:PORT,…`."""

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
"""How often etcd's TLS files are checked for changes."""


@asynccontextmanager
async def opened(
    name: str, data: Path, *, tls: EtcdTls | None = None, authenticated: bool | None = None
) -> AsyncIterator[Store]:
    """Open the store named `name`; it is closed with the context.

    `sqlite`: the file `data`/registry.db. `etcd`: a cluster on loopback for development, started here and stopped with
    the context, with its data under `data`/etcd and the certificates of `data`/tls. `etcd://HOST:PORT,…`: a running
    cluster, over `tls`, whose files may be replaced meanwhile, with `authenticated` as `EtcdStore.open` takes it.
    Raises InvalidArgument for another name, FailedPrecondition or Unavailable where the store can't be opened.
    """
    async with AsyncExitStack() as stack:
        store: Store
        if name == "sqlite":
            store = SQLiteStore(data / "registry.db")
        elif name == "etcd":
            served, ours = (_identity(data / "tls", who) for who in ("server", "ci-bot"))
            cluster = await stack.enter_async_context(_development_cluster(data / "etcd", served, ours))
            store = await EtcdStore.open(cluster.endpoints, tls=ours)
        else:
            files = _files(tls) if tls else None
            store = await EtcdStore.open(endpoints(name), tls=tls, authenticated=authenticated)
            if files:
                renewing = asyncio.create_task(_renew(store, files))
                stack.callback(renewing.cancel)
        stack.push_async_callback(store.close)
        yield store


def endpoints(name: str) -> list[str]:
    """Split `etcd://one,two:2380` into HOST:PORT each, with port 2379 where a host has none.

    Raises InvalidArgument (BAD_STORE) where `name` is no such address.
    """
    scheme, separator, rest = name.partition("://")
    hosts = [host for host in rest.split(",") if host]
    if scheme != "etcd" or not separator or not hosts or "/" in rest:
        raise InvalidArgument(
            f"--store {name!a} is not 'sqlite', 'etcd' or etcd://HOST:PORT,HOST:PORT,…", reason="BAD_STORE"
        )
    return [host if host.rpartition(":")[2].isdecimal() else f"{host}:{ETCD_PORT}" for host in hosts]


def _files(tls: EtcdTls) -> Reloaded[TlsPem | bytes]:
    """The contents of etcd's TLS files, read again when they change.

    Raises FailedPrecondition (TLS_FILES) where the certificate and the key don't belong together.
    """
    if tls.cert and tls.key:
        files = TlsFiles(tls.ca, tls.cert, tls.key)
        return Reloaded(files.paths, files.pem)
    return Reloaded([tls.ca], lambda: authorities(tls.ca))


async def _renew(store: EtcdStore, files: Reloaded[TlsPem | bytes]) -> None:
    """Make the store connect anew each time the TLS files were replaced by a pair that belongs together."""
    known = files.value
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        if (newest := files.value) != known:
            known = newest
            await store.renew()


def _development_cluster(directory: Path, served: EtcdTls, ours: EtcdTls) -> AbstractAsyncContextManager[Any]:
    """An etcd cluster on loopback, started by `devtools.etcd_cluster`.

    Raises FailedPrecondition (NO_ETCD) outside a checkout: the wheel leaves `devtools` out, hence the import by name.
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
