"""The options by which an operator's command (audit, snapshot, restore) finds its store, and opening that store."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from schemaregistry.cli.say import say
from schemaregistry_server.config.options import DEFAULT_DATA
from schemaregistry_server.etcd.endpoints import EtcdTls
from schemaregistry_server.store import selection, sqlite_file, store_history
from schemaregistry_server.store.base import Store
from schemaregistry_server.store.sqlite_store import SQLiteReader
from schemaregistry_server.store.store_history import History, Readable

AsJsonLine = Annotated[bool, typer.Option("--json", help="Answer as one line of JSON.")]


@dataclass(frozen=True, slots=True)
class StoreLocator:
    """The options that locate a store: its name (see `selection.opened`), the data directory, and etcd's TLS files."""

    store: Annotated[
        str,
        typer.Option(
            metavar="NAME", envvar="SCHEMAREGISTRY_STORE", help="sqlite, whose file is in DIR, or etcd://HOST:PORT,…"
        ),
    ] = "sqlite"
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="SCHEMAREGISTRY_DATA", help="The registry's data directory.")
    ] = DEFAULT_DATA
    etcd_ca: Annotated[
        Path | None,
        typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_ETCD_CA", help="The CA of etcd's certificates."),
    ] = None
    etcd_cert: Annotated[
        Path | None,
        typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_ETCD_CERT", help="The certificate to show to etcd."),
    ] = None
    etcd_key: Annotated[Path | None, typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_ETCD_KEY", help="Its key.")] = (
        None
    )

    @property
    def kind(self) -> str:
        """`sqlite` or `etcd`."""
        return "sqlite" if self.store == "sqlite" else "etcd"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Readable]:
        """Open the store for reading; a server may have it open meanwhile. Raises as `selection.opened` does."""
        if self.kind == "sqlite":
            path = self.data / "registry.db"
            sqlite_file.must_be_there(path)
            yield SQLiteReader(path)
        else:
            async with self.writing() as store:
                yield store

    async def history(self) -> History:
        """Read and verify every write of the store; raises as `selection.opened` and `store_history.read` do."""
        async with self.reading() as store:
            return await store_history.read(store)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Store]:
        """Open the store for writing; no other process may have the embedded one open. Raises as `selection.opened`."""
        tls = EtcdTls(self.etcd_ca, self.etcd_cert, self.etcd_key) if self.etcd_ca else None
        async with selection.opened(self.store, self.data, tls=tls) as store:
            yield store


def tell(words: str, answer: Mapping[str, object], *, as_json: bool) -> None:
    """Print a command's answer: a sentence for a person, or one line of JSON."""
    say(json.dumps(answer) if as_json else words)
