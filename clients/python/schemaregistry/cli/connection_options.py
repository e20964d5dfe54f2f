"""How a command reaches the registry: the options that all of them share, and the client these give.

Without `--ca`, `--cert` and `--key` the dev certificates are taken, from SCHEMAREGISTRY_DATA or `./.data`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from schemaregistry.client import Client

DEFAULT_TARGET = "localhost:50051"

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def _file(name: str, what: str) -> Any:
    return typer.Option(
        f"--{name}",
        metavar="FILE",
        envvar=f"SCHEMAREGISTRY_{name.upper()}",
        help=f"{what} (PEM); without it the dev one.",
    )


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Where the registry is and who asks: the options of every command that may call it."""

    registry: Annotated[
        str,
        typer.Option("--registry", metavar="HOST:PORT", envvar="SCHEMAREGISTRY_TARGET", help="Where the registry is."),
    ] = DEFAULT_TARGET
    ca: Annotated[Path | None, _file("ca", "The registry's CA")] = None
    cert: Annotated[Path | None, _file("cert", "Your certificate")] = None
    key: Annotated[Path | None, _file("key", "Its private key")] = None

    def client(self, *, identity: str = "reader", timeout: float = 5.0, cache_dir: Path | None = None) -> "Client":
        """A client for what the options say; `identity` names the dev certificate where they name none."""
        # Before grpc is loaded: its own log of a failed handshake adds nothing to the error's sentence.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from schemaregistry.client import Client, Credentials

        credentials = Credentials.choose({"ca": self.ca, "cert": self.cert, "key": self.key}, identity)
        return Client(self.registry, credentials=credentials, timeout=timeout, cache_dir=cache_dir)


def split_version(schema: str) -> tuple[str, str]:
    """Id and version of `ID[@VERSION]`; the latest where none is named."""
    id, _, version = schema.partition("@")
    return id, version or "latest"
