"""The options by which a command reaches the registry, and the client that they configure.

Without `--ca`, `--cert` and `--key` the client uses the dev certificates in SCHEMAREGISTRY_DATA or `./.data`.
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from schemaregistry.cli.say import say
from schemaregistry.errors import InvalidArgument, Unauthenticated

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
    """The registry's address, the caller's certificate and token: options of every command that calls the registry."""

    registry: Annotated[
        str,
        typer.Option("--registry", metavar="HOST:PORT", envvar="SCHEMAREGISTRY_TARGET", help="Where the registry is."),
    ] = DEFAULT_TARGET
    ca: Annotated[Path | None, _file("ca", "The registry's CA")] = None
    cert: Annotated[Path | None, _file("cert", "Your certificate")] = None
    key: Annotated[Path | None, _file("key", "Its private key")] = None
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            envvar="SCHEMAREGISTRY_TOKEN_FILE",
            help="A token to show beside the certificate; without it that of `login` for this registry, until it ends.",
        ),
    ] = None

    def client(self, *, identity: str = "reader", timeout: float = 5.0, cache_dir: Path | None = None) -> "Client":
        """Return a client with these options.

        The dev certificate of `identity` is used where no certificate option is set, and the token that `login` wrote
        where no file is named. `timeout` is in seconds. Raises InvalidArgument as `Client` and `Credentials.choose` do,
        and (reason TOKEN_FILE) where the named file has no token.
        """
        # Set before grpc is imported: its own log of a failed handshake adds nothing to our error.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from schemaregistry.cli.saved_token import good_token
        from schemaregistry.client import Client, Credentials

        credentials = Credentials.choose({"ca": self.ca, "cert": self.cert, "key": self.key}, identity)
        credentials = replace(credentials, token_file=self.token_file or good_token(self.registry))
        try:
            credentials.bearer()
        except Unauthenticated as error:
            raise InvalidArgument(error.message, reason=error.reason, metadata=error.metadata) from None
        if self.token_file:
            _warn_of_readers(self.token_file)
        return Client(self.registry, credentials=credentials, timeout=timeout, cache_dir=cache_dir)


def _warn_of_readers(token_file: Path) -> None:
    """Say so where everybody on this machine can take or replace the token; Kubernetes mounts files like that, too."""
    with suppress(OSError):
        if token_file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            say(f"schemaregistry: others can use the token in {token_file}: chmod 600 {token_file}", err=True)


def split_version(schema: str) -> tuple[str, str]:
    """Return the id and the reference to a version of `ID[@VERSION]`; that is `latest` where none is named."""
    id, _, version = schema.partition("@")
    return id, version or "latest"
