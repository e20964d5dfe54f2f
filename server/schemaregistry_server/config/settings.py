"""Check a server's settings and fill in those that were not set, for dev mode or for production."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.config.cores import usable
from schemaregistry_server.config.options import (
    DEFAULT_GRPC,
    DEFAULT_REST,
    PRODUCTION_CONNECTION_RATE,
    PRODUCTION_GRPC,
    PRODUCTION_HEALTH,
    PRODUCTION_READ_RATE,
    PRODUCTION_WRITE_RATE,
    EtcdAuth,
    Readers,
    ServeOptions,
)
from schemaregistry_server.config.web_origins import check_origin
from schemaregistry_server.etcd.endpoints import EtcdTls
from schemaregistry_server.security import pki
from schemaregistry_server.security.certificate_name import check_name
from schemaregistry_server.security.certificates import TlsFiles
from schemaregistry_server.security.loopback import is_loopback_host
from schemaregistry_server.security.rights import RightsByName, patterns_by_name
from schemaregistry_server.store import selection

OWN: Final = ("tls_cert", "tls_key", "client_ca", "publisher", "operator", "reader")
"""The settings that dev mode makes itself."""


@dataclass(frozen=True, slots=True)
class Settings(ServeOptions):
    """The options as they were set; `complete` returns the effective settings.

    In these only `rest` and `health` may be None: that port is not opened.
    """

    @property
    def tls(self) -> Path:
        """The directory of dev mode's certificates and keys."""
        return self.data / "tls"

    @property
    def shared(self) -> bool:
        """Whether several processes share the ports."""
        return self.workers > 1

    @property
    def files(self) -> TlsFiles:
        """The server's own TLS files; for effective settings only."""
        assert self.client_ca
        assert self.tls_cert
        assert self.tls_key
        return TlsFiles(self.client_ca, self.tls_cert, self.tls_key)

    @property
    def etcd_tls(self) -> EtcdTls | None:
        """The TLS files for etcd, or None for a connection without TLS."""
        return EtcdTls(self.etcd_ca, self.etcd_cert, self.etcd_key) if self.etcd_ca else None

    @property
    def rights(self) -> RightsByName:
        """The rights that certificates' names have; raises InvalidArgument (BAD_RULE) for a rule that can't be read."""
        return RightsByName(
            patterns_by_name(self.publisher, "--publisher"),
            patterns_by_name(self.operator, "--operator"),
            frozenset(self.reader) if self.readers is Readers.LISTED else None,
        )

    def complete(self) -> "Settings":
        """Fill in the settings that were not set.

        Raises InvalidArgument, naming the options, where a required one is missing (SETTINGS_MISSING) or some don't go
        together (SETTINGS_CLASH).
        """
        return _dev(self) if self.dev else _production(self)


def _dev(options: Settings) -> Settings:
    if extra := [name for name in OWN if getattr(options, name)]:
        raise InvalidArgument(
            f"--dev makes certificates and publishers of its own: leave out {_options(extra)}, or --dev.",
            reason="SETTINGS_CLASH",
        )
    if options.workers > 1:
        raise InvalidArgument("--dev runs in one process: leave out --workers.", reason="SETTINGS_CLASH")
    if options.etcd_auth is EtcdAuth.ON:
        raise InvalidArgument("--dev's own publisher has no token: leave out --etcd-auth.", reason="SETTINGS_CLASH")
    _must_go_together(options)
    return replace(
        options,
        store="sqlite" if options.store is None else options.store,
        grpc=DEFAULT_GRPC if options.grpc is None else options.grpc,
        rest=DEFAULT_REST if options.rest is None else options.rest,
        tls_cert=options.tls / "server.pem",
        tls_key=options.tls / "server-key.pem",
        client_ca=options.tls / "ca.pem",
        publisher=tuple(pki.PUBLISHERS),
        operator=tuple(pki.PUBLISHERS),
        etcd_auth=EtcdAuth.OFF,
        workers=1,
    )


def _production(options: Settings) -> Settings:
    if missing := list(_missing(options)):
        raise InvalidArgument(
            f"Not started, for want of {'; '.join(missing)}. Name them as options, in the environment or in "
            "--config FILE (see --help); or say --dev, to try the registry on this machine alone.",
            reason="SETTINGS_MISSING",
        )
    _must_fit(options)
    _must_go_together(options)
    # The embedded store has one writer, hence one process; else one process for each core.
    workers = 1 if options.store == "sqlite" else options.workers or usable()
    return replace(
        options,
        grpc=PRODUCTION_GRPC if options.grpc is None else options.grpc,
        health=PRODUCTION_HEALTH if options.health is None else options.health,
        etcd_auth=EtcdAuth.OFF if options.store == "sqlite" else options.etcd_auth or EtcdAuth.ON,
        read_rate=PRODUCTION_READ_RATE if options.read_rate is None else options.read_rate,
        write_rate=PRODUCTION_WRITE_RATE if options.write_rate is None else options.write_rate,
        connection_rate=PRODUCTION_CONNECTION_RATE if options.connection_rate is None else options.connection_rate,
        workers=workers,
    )


def _missing(options: Settings) -> Iterator[str]:
    if not options.tls_cert:
        yield "--tls-cert (the server's certificate)"
    if not options.tls_key:
        yield "--tls-key (its key)"
    if not options.client_ca:
        yield "--client-ca (the CA of its clients' certificates)"
    if not options.publisher and not options.token_key and not _asks_for_tokens(options):
        yield "--publisher (who may publish: SPIFFE ids or certificate names)"
    if options.store is None:
        yield "--store (etcd://HOST:PORT,… or sqlite)"
    elif options.store.startswith("etcd://") and not options.etcd_ca and not _on_loopback(options.store):
        yield "--etcd-ca (the CA of etcd's certificates; without TLS etcd must be on this machine)"
    if _asks_for_tokens(options) and not options.token_key:
        yield (
            "--token-key (the public key of the exchanger, whose tokens publish; or say --etcd-auth off, and "
            "publishers' certificates do)"
        )
    if bool(options.etcd_cert) != bool(options.etcd_key):
        yield "--etcd-key (the key of --etcd-cert)" if options.etcd_cert else "--etcd-cert (whose key is --etcd-key)"


def _must_fit(options: Settings) -> None:
    if options.store == "etcd":
        raise InvalidArgument(
            "--store etcd is a cluster for --dev: name the members of a real one, etcd://HOST:PORT,HOST:PORT,…",
            reason="SETTINGS_CLASH",
        )
    if options.store and options.store != "sqlite":
        selection.endpoints(options.store)
    if options.store == "sqlite" and options.workers > 1:
        raise InvalidArgument(
            "The embedded store is one process's own: leave out --workers, or take --store etcd://HOST:PORT,…",
            reason="SETTINGS_CLASH",
        )
    if options.publish:
        raise InvalidArgument(
            "--publish is for --dev: in production a publisher calls the registry (`schemaregistry publish`).",
            reason="SETTINGS_CLASH",
        )


def _asks_for_tokens(options: Settings) -> bool:
    """Whether etcd's authentication is on, unless it is said to be off."""
    return bool(options.store) and options.store != "sqlite" and options.etcd_auth is not EtcdAuth.OFF


def _must_go_together(options: Settings) -> None:
    """Raise InvalidArgument where a setting has no effect without another one, or can't be read."""
    _ = options.rights
    if _asks_for_tokens(options) and not options.dev and (options.publisher or options.operator):
        named = _options([name for name in ("publisher", "operator") if getattr(options, name)])
        raise InvalidArgument(
            f"With etcd's authentication on, only tokens write, and {named} would have no effect: leave it out, and "
            "name who may write in the exchanger's policy; or say --etcd-auth off.",
            reason="SETTINGS_CLASH",
        )
    if options.store == "sqlite" and options.etcd_auth is EtcdAuth.ON:
        raise InvalidArgument("--etcd-auth on is about etcd, and the store is sqlite.", reason="SETTINGS_CLASH")
    if options.reader and options.readers is Readers.ANYONE:
        raise InvalidArgument(
            "--reader has no effect while anyone may read: say --readers listed, too.", reason="SETTINGS_CLASH"
        )
    for origin in options.cors_origin:
        check_origin(origin)
    if options.cors_origin and options.dev:
        raise InvalidArgument("--dev answers no web pages: leave out --cors-origin.", reason="SETTINGS_CLASH")
    if options.cors_origin and options.rest is None:
        raise InvalidArgument(
            "--cors-origin is about REST, which listens nowhere: say --rest HOST:PORT, too.", reason="SETTINGS_CLASH"
        )
    for name in options.trusted_proxies:
        check_name(name, "--trusted-proxies")
    if bool(options.token_key) != bool(options.token_issuer):
        lacking = "--token-issuer (the exchanger's name)" if options.token_key else "--token-key (its public key)"
        raise InvalidArgument(f"Tokens need {lacking}, too.", reason="SETTINGS_MISSING")


def _on_loopback(store: str) -> bool:
    hosts = (endpoint.rpartition(":")[0].strip("[]") for endpoint in selection.endpoints(store))
    return all(map(is_loopback_host, hosts))


def _options(names: list[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)
