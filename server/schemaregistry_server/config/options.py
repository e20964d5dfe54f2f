"""The table of a server's settings: each is an option of `serve`, an environment variable, and a key of `--config`.

`settings.py` checks which settings are required and fills in the others.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from schemaregistry_server.config import config_file

DEFAULT_DATA: Final = Path(".data")
DEFAULT_GRPC: Final = "localhost:50051"
DEFAULT_REST: Final = "127.0.0.1:8000"

PRODUCTION_GRPC: Final = "0.0.0.0:50051"
PRODUCTION_HEALTH: Final = "0.0.0.0:8081"
PRODUCTION_READ_RATE: Final = 2000
PRODUCTION_WRITE_RATE: Final = 100
PRODUCTION_CONNECTION_RATE: Final = 3000


def _setting(name: str, metavar: str | None, meaning: str, **more: Any) -> Any:
    return typer.Option(envvar=f"SCHEMAREGISTRY_{name}", metavar=metavar, help=meaning, **more)


class Readers(StrEnum):
    """Who may read."""

    ANYONE = "anyone"
    LISTED = "listed"


class EtcdAuth(StrEnum):
    """Whether etcd's authentication must be on, or off."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Each member is the option of its name. None, an empty tuple or 0 workers mean that the option was not set."""

    dev: Annotated[
        bool,
        typer.Option(
            "--dev", help="For this machine alone: an embedded store, certificates of its own, REST on loopback."
        ),
    ] = False
    config: Annotated[
        Path | None,
        _setting(
            "CONFIG",
            "TOML",
            'A file of these settings, such as tls-cert = "…" or publisher = ["…"]. What the command line says counts '
            "first, then the environment, then the file.",
            callback=config_file.read,
            is_eager=True,
        ),
    ] = None
    data: Annotated[Path, _setting("DATA", "DIR", "Where the embedded store is kept, and all that --dev makes.")] = (
        DEFAULT_DATA
    )
    store: Annotated[
        str | None,
        _setting(
            "STORE", "NAME", "etcd://HOST:PORT,…; sqlite, embedded; or etcd, with --dev: three members of its own."
        ),
    ] = None
    grpc: Annotated[
        str | None,
        _setting(
            "GRPC",
            "HOST:PORT",
            f"Where gRPC listens, port 0: a free one. [{PRODUCTION_GRPC}; dev: {DEFAULT_GRPC}]",
        ),
    ] = None
    rest: Annotated[
        str | None,
        _setting(
            "REST", "HOST:PORT", f"Where REST listens, with mutual TLS. [nowhere; dev: {DEFAULT_REST}, plain HTTP]"
        ),
    ] = None
    cors_origin: Annotated[
        tuple[str, ...],
        _setting(
            "CORS_ORIGIN",
            "ORIGIN",
            "Web pages that may use REST, by their origin, as in https://catalog.example. Repeatable. [none]",
        ),
    ] = ()
    health: Annotated[
        str | None,
        _setting(
            "HEALTH",
            "HOST:PORT",
            f"Where /healthz, /readyz and /metrics are, over plain HTTP. [{PRODUCTION_HEALTH}; dev: REST's, without "
            "metrics]",
        ),
    ] = None
    tls_cert: Annotated[
        Path | None, _setting("TLS_CERT", "PEM", "The server's certificate, and those up to its CA.")
    ] = None
    tls_key: Annotated[Path | None, _setting("TLS_KEY", "PEM", "Its key.")] = None
    client_ca: Annotated[Path | None, _setting("CLIENT_CA", "PEM", "The CA of clients' certificates.")] = None
    publisher: Annotated[
        tuple[str, ...],
        _setting(
            "PUBLISHER",
            "NAME[=IDS]",
            "Who may publish: a SPIFFE id or a certificate's common name, for every id or for those that match, as in "
            "spiffe://prod/ci-bot=ticks_*,bars_v1. Repeatable.",
        ),
    ] = ()
    operator: Annotated[
        tuple[str, ...],
        _setting("OPERATOR", "NAME[=IDS]", "Who may set the states of versions, written as --publisher. Repeatable."),
    ] = ()
    readers: Annotated[
        Readers, _setting("READERS", "anyone|listed", "Who may read: any certificate of the CA, or listed names.")
    ] = Readers.ANYONE
    reader: Annotated[
        tuple[str, ...],
        _setting("READER", "NAME", "Who may read, with --readers listed; who may write may read. Repeatable."),
    ] = ()
    token_key: Annotated[
        Path | None,
        _setting(
            "TOKEN_KEY", "PEM", "The exchanger's public keys, whose tokens may write. Read again when it changes."
        ),
    ] = None
    token_issuer: Annotated[str | None, _setting("TOKEN_ISSUER", "NAME", "The exchanger's name in its tokens.")] = None
    token_audience: Annotated[
        str, _setting("TOKEN_AUDIENCE", "NAME", "This registry's name in the exchanger's tokens.")
    ] = "schemaregistry"  # noqa: S105 (a name)
    revoked: Annotated[
        Path | None,
        _setting("REVOKED", "FILE", "Names that are refused everything, one a line. Read again when it changes."),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        _setting(
            "TRUSTED_PROXIES",
            "NAME",
            "Proxies whose x-forwarded-client-cert says who calls: a SPIFFE id or a certificate's common name. "
            "Repeatable.",
        ),
    ] = ()
    audit_log: Annotated[
        Path | None,
        _setting(
            "AUDIT_LOG",
            "FILE",
            "Where refusals and changes of rights are recorded, each line bound to the one before it. [the server's "
            "log]",
        ),
    ] = None
    etcd_ca: Annotated[Path | None, _setting("ETCD_CA", "PEM", "The CA of etcd's certificates.")] = None
    etcd_cert: Annotated[Path | None, _setting("ETCD_CERT", "PEM", "The certificate to show to etcd.")] = None
    etcd_key: Annotated[Path | None, _setting("ETCD_KEY", "PEM", "Its key.")] = None
    etcd_auth: Annotated[
        EtcdAuth | None,
        _setting(
            "ETCD_AUTH",
            "on|off",
            "Whether etcd asks who writes: then only a token writes, and this server can't by itself. [on; dev: off]",
            show_default=False,
        ),
    ] = None
    workers: Annotated[
        int,
        _setting(
            "WORKERS", "N", "Processes that share the ports. [one per core; sqlite: 1]", min=0, show_default=False
        ),
    ] = 0
    publish: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --dev: publish the documents of DIR, old versions first.")
    ] = None
    reflection: Annotated[bool, _setting("REFLECTION", None, "Let gRPC clients ask for the proto.")] = True
    progress_seconds: Annotated[
        float, _setting("PROGRESS_SECONDS", "SECONDS", "Between a watch's marks of progress.", min=0.01)
    ] = 10.0
    grace_seconds: Annotated[
        float, _setting("GRACE_SECONDS", "SECONDS", "For calls in flight when the server stops.", min=0)
    ] = 10.0
    judge_seconds: Annotated[
        float, _setting("JUDGE_SECONDS", "SECONDS", "For a question about compatibility, or it is undecided.", min=0.01)
    ] = 1.0
    slow_seconds: Annotated[
        float, _setting("SLOW_SECONDS", "SECONDS", "For a watcher to take a message, or be dropped.", min=0.01)
    ] = 30.0
    read_rate: Annotated[
        float | None,
        _setting(
            "READ_RATE",
            "N",
            f"Reads a second of one identity, in each process; 0: any. [{PRODUCTION_READ_RATE}; dev: 0]",
            min=0,
        ),
    ] = None
    write_rate: Annotated[
        float | None,
        _setting(
            "WRITE_RATE",
            "N",
            f"Writes a second of one identity, in each process; 0: any. [{PRODUCTION_WRITE_RATE}; dev: 0]",
            min=0,
        ),
    ] = None
    connection_rate: Annotated[
        float | None,
        _setting(
            "CONNECTION_RATE",
            "N",
            f"Calls a second over one connection, whoever makes them; 0: any. [{PRODUCTION_CONNECTION_RATE}; dev: 0]",
            min=0,
        ),
    ] = None
    reads_seconds: Annotated[
        float, _setting("READS_SECONDS", "SECONDS", "Between two saves of who read which version.", min=0.01)
    ] = 60.0
    connection_seconds: Annotated[
        float,
        _setting(
            "CONNECTION_SECONDS", "SECONDS", "After which a client must connect anew, and show its certificate.", min=1
        ),
    ] = 1800.0
