"""The options of `schemaregistry serve`: name, variable and meaning of each setting, as --help shows them.

Holds no default that depends on the mode: those are `settings.py`'s.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from schemaregistry_server import config_file
from schemaregistry_server.settings import DEFAULT_GRPC, DEFAULT_REST, PRODUCTION_GRPC, PRODUCTION_HEALTH


def _setting(name: str, metavar: str | None, meaning: str, **more: Any) -> Any:
    return typer.Option(envvar=f"SCHEMAREGISTRY_{name}", metavar=metavar, help=meaning, **more)


Dev = Annotated[
    bool,
    typer.Option("--dev", help="For this machine alone: an embedded store, certificates of its own, REST on loopback."),
]
Config = Annotated[
    Path | None,
    _setting(
        "CONFIG",
        "TOML",
        'A file of these settings, such as tls-cert = "…" or publisher = ["…"]. What the command line says counts '
        "first, then the environment, then the file.",
        callback=config_file.read,
        is_eager=True,
    ),
]
Data = Annotated[Path, _setting("DATA", "DIR", "Where the embedded store is kept, and all that --dev makes.")]
Store = Annotated[
    str | None,
    _setting("STORE", "NAME", "etcd://HOST:PORT,…; sqlite, embedded; or etcd, with --dev: three members of its own."),
]
Grpc = Annotated[
    str | None,
    _setting(
        "GRPC",
        "HOST:PORT",
        f"Where gRPC listens, port 0: a free one. [{PRODUCTION_GRPC}; dev: {DEFAULT_GRPC}]",
    ),
]
Rest = Annotated[
    str | None,
    _setting("REST", "HOST:PORT", f"Where REST listens, with mutual TLS. [nowhere; dev: {DEFAULT_REST}, plain HTTP]"),
]
Health = Annotated[
    str | None,
    _setting(
        "HEALTH",
        "HOST:PORT",
        f"Where /healthz and /readyz are, over plain HTTP. [{PRODUCTION_HEALTH}; dev: REST's]",
    ),
]
TlsCert = Annotated[Path | None, _setting("TLS_CERT", "PEM", "The server's certificate, and those up to its CA.")]
TlsKey = Annotated[Path | None, _setting("TLS_KEY", "PEM", "Its key.")]
ClientCa = Annotated[Path | None, _setting("CLIENT_CA", "PEM", "The CA of clients' certificates.")]
Publisher = Annotated[
    list[str] | None,
    _setting("PUBLISHER", "NAME", "Who may publish: a SPIFFE id or a certificate's common name. Repeatable."),
]
Revoked = Annotated[
    Path | None,
    _setting("REVOKED", "FILE", "Names that are refused everything, one a line. Read again when it changes."),
]
EtcdCa = Annotated[Path | None, _setting("ETCD_CA", "PEM", "The CA of etcd's certificates.")]
EtcdCert = Annotated[Path | None, _setting("ETCD_CERT", "PEM", "The certificate to show to etcd.")]
EtcdKey = Annotated[Path | None, _setting("ETCD_KEY", "PEM", "Its key.")]
Workers = Annotated[
    int,
    _setting("WORKERS", "N", "Processes that share the ports. [one per core; sqlite: 1]", min=0, show_default=False),
]
Publish = Annotated[
    Path | None, typer.Option(metavar="DIR", help="With --dev: publish the documents of DIR, old versions first.")
]
Reflection = Annotated[bool, _setting("REFLECTION", None, "Let gRPC clients ask for the proto.")]
Progress = Annotated[float, _setting("PROGRESS_SECONDS", "SECONDS", "Between a watch's marks of progress.", min=0.01)]
Grace = Annotated[float, _setting("GRACE_SECONDS", "SECONDS", "For calls in flight when the server stops.", min=0)]
Judge = Annotated[
    float, _setting("JUDGE_SECONDS", "SECONDS", "For a question about compatibility, or it is undecided.", min=0.01)
]
Slow = Annotated[
    float, _setting("SLOW_SECONDS", "SECONDS", "For a watcher to take a message, or be dropped.", min=0.01)
]
Connection = Annotated[
    float,
    _setting(
        "CONNECTION_SECONDS", "SECONDS", "After which a client must connect anew, and show its certificate.", min=1
    ),
]
