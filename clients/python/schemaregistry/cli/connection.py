"""How a command reaches the registry: the options that all of them share, and the client these give.

Without `--ca`, `--cert` and `--key` the dev certificates are taken, from SCHEMAREGISTRY_DATA or `./.data`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from schemaregistry.client import Client

DEFAULT_TARGET = "localhost:50051"

Registry: TypeAlias = Annotated[
    str, typer.Option("--registry", metavar="HOST:PORT", envvar="SCHEMAREGISTRY_TARGET", help="Where the registry is.")
]
Ca: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--ca", metavar="FILE", envvar="SCHEMAREGISTRY_CA", help="The registry's CA (PEM); without it the dev one."
    ),
]
Cert: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--cert", metavar="FILE", envvar="SCHEMAREGISTRY_CERT", help="Your certificate (PEM); without it the dev one."
    ),
]
Key: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", envvar="SCHEMAREGISTRY_KEY", help="Its private key (PEM); without it the dev one."
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def connect(
    registry: str,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    *,
    identity: str = "reader",
    timeout: float = 5.0,
    cache_dir: Path | None = None,
) -> "Client":
    """A client for what the options say; `identity` names the dev certificate where they name none."""
    # Before grpc is loaded: its own log of a failed handshake adds nothing to the error's sentence.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from schemaregistry.client import Client, Credentials

    credentials = Credentials.choose({"ca": ca, "cert": cert, "key": key}, identity)
    return Client(registry, credentials=credentials, timeout=timeout, cache_dir=cache_dir)


def split_version(schema: str) -> tuple[str, str]:
    """Id and version of `ID[@VERSION]`; the latest where none is named."""
    id, _, version = schema.partition("@")
    return id, version or "latest"
