"""What a server is told at start, made whole by its mode: which settings may not be missing, and what the rest are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.config.cores import usable
from schemaregistry_server.config.options import (
    DEFAULT_GRPC,
    DEFAULT_REST,
    PRODUCTION_GRPC,
    PRODUCTION_HEALTH,
    ServeOptions,
)
from schemaregistry_server.etcd.endpoints import EtcdTls
from schemaregistry_server.security import pki
from schemaregistry_server.security.certificates import TlsFiles
from schemaregistry_server.store import selection

OWN: Final = ("tls_cert", "tls_key", "client_ca", "publisher")
"""What dev mode makes itself."""


@dataclass(frozen=True, slots=True)
class Settings(ServeOptions):
    """What was said, and what follows from it. Of complete settings `rest` and `health` may be None: not served."""

    @property
    def tls(self) -> Path:
        """The directory of dev mode's certificates."""
        return self.data / "tls"

    @property
    def shared(self) -> bool:
        """Whether several processes share the ports."""
        return self.workers > 1

    @property
    def files(self) -> TlsFiles:
        """The server's own TLS files, of settings that are complete."""
        assert self.client_ca
        assert self.tls_cert
        assert self.tls_key
        return TlsFiles(self.client_ca, self.tls_cert, self.tls_key)

    @property
    def etcd_tls(self) -> EtcdTls | None:
        """The TLS files for etcd; None: plain text."""
        return EtcdTls(self.etcd_ca, self.etcd_cert, self.etcd_key) if self.etcd_ca else None

    def complete(self) -> "Settings":
        """These settings with what was not said; raise InvalidArgument where something is missing or out of place."""
        return _dev(self) if self.dev else _production(self)


def _dev(said: Settings) -> Settings:
    if extra := [name for name in OWN if getattr(said, name)]:
        raise InvalidArgument(
            f"--dev makes certificates and publishers of its own: leave out {_options(extra)}, or --dev.",
            reason="SETTINGS_CLASH",
        )
    if said.workers > 1:
        raise InvalidArgument("--dev runs in one process: leave out --workers.", reason="SETTINGS_CLASH")
    return replace(
        said,
        store="sqlite" if said.store is None else said.store,
        grpc=DEFAULT_GRPC if said.grpc is None else said.grpc,
        rest=DEFAULT_REST if said.rest is None else said.rest,
        tls_cert=said.tls / "server.pem",
        tls_key=said.tls / "server-key.pem",
        client_ca=said.tls / "ca.pem",
        publisher=tuple(pki.PUBLISHERS),
        workers=1,
    )


def _production(said: Settings) -> Settings:
    if missing := list(_missing(said)):
        raise InvalidArgument(
            f"Not started, for want of {'; '.join(missing)}. Name them as options, in the environment or in "
            "--config FILE (see --help); or say --dev, to try the registry on this machine alone.",
            reason="SETTINGS_MISSING",
        )
    _must_fit(said)
    workers = 1 if said.store == "sqlite" else said.workers or usable()
    return replace(
        said,
        grpc=PRODUCTION_GRPC if said.grpc is None else said.grpc,
        health=PRODUCTION_HEALTH if said.health is None else said.health,
        workers=workers,
    )


def _missing(said: Settings) -> Iterator[str]:
    if not said.tls_cert:
        yield "--tls-cert (the server's certificate)"
    if not said.tls_key:
        yield "--tls-key (its key)"
    if not said.client_ca:
        yield "--client-ca (the CA of its clients' certificates)"
    if not said.publisher:
        yield "--publisher (who may publish: SPIFFE ids or certificate names)"
    if said.store is None:
        yield "--store (etcd://HOST:PORT,… or sqlite)"
    elif said.store.startswith("etcd://") and not said.etcd_ca and not _on_loopback(said.store):
        yield "--etcd-ca (the CA of etcd's certificates; without TLS etcd must be on this machine)"
    if bool(said.etcd_cert) != bool(said.etcd_key):
        yield "--etcd-key (the key of --etcd-cert)" if said.etcd_cert else "--etcd-cert (whose key is --etcd-key)"


def _must_fit(said: Settings) -> None:
    if said.store == "etcd":
        raise InvalidArgument(
            "--store etcd is a cluster for --dev: name the members of a real one, etcd://HOST:PORT,HOST:PORT,…",
            reason="SETTINGS_CLASH",
        )
    if said.store and said.store != "sqlite":
        selection.endpoints(said.store)
    if said.store == "sqlite" and said.workers > 1:
        raise InvalidArgument(
            "The embedded store is one process's own: leave out --workers, or take --store etcd://HOST:PORT,…",
            reason="SETTINGS_CLASH",
        )
    if said.publish:
        raise InvalidArgument(
            "--publish is for --dev: in production a publisher calls the registry (`schemaregistry publish`).",
            reason="SETTINGS_CLASH",
        )


def _on_loopback(store: str) -> bool:
    hosts = (endpoint.rpartition(":")[0].strip("[]") for endpoint in selection.endpoints(store))
    return all(host == "localhost" or _is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _options(names: list[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)
