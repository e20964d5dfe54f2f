"""`schemaregistry serve`: its options, and each failure to start as one sentence and exit code 2."""

import logging
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from schemaregistry.errors import RegistryError
from schemaregistry_server import greeting, running
from schemaregistry_server.settings import DEFAULT_DATA, DEFAULT_GRPC, DEFAULT_REST, Settings

PRODUCTION: Final = """\
Say `--dev` to run on this machine alone, with an embedded store and certificates of its own making.
Without it a server needs what can't be given to it yet: its certificate and key, its clients' CA, a store, and the
names of its publishers."""

Dev = Annotated[bool, typer.Option("--dev", help="Embedded store, own certificates, REST for this machine alone.")]
Data = Annotated[Path, typer.Option(metavar="DIR", envvar="SCHEMAREGISTRY_DATA", help="Where everything is kept.")]
Grpc = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where gRPC listens. Port 0: a free one.")]
Rest = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where REST listens. Port 0: a free one.")]
Store = Annotated[
    str, typer.Option(metavar="NAME", help="sqlite; etcd, a cluster of three on this machine; or etcd://HOST:PORT,…")
]
Publish = Annotated[Path | None, typer.Option(metavar="DIR", help="Publish the documents of DIR, old versions first.")]
Reflection = Annotated[bool, typer.Option(help="Let gRPC clients ask for the proto.")]
Progress = Annotated[float, typer.Option(metavar="SECONDS", min=0.01, help="Between a watch's marks of progress.")]
Grace = Annotated[float, typer.Option(metavar="SECONDS", min=0, help="For calls in flight when the server stops.")]
Slow = Annotated[
    float, typer.Option(metavar="SECONDS", min=0.01, help="For a watcher to take a message, or be dropped.")
]


def serve(  # noqa: PLR0913, PLR0917 (each one is an option)
    dev: Dev = False,
    data: Data = DEFAULT_DATA,
    grpc: Grpc = DEFAULT_GRPC,
    rest: Rest = DEFAULT_REST,
    store: Store = "sqlite",
    publish: Publish = None,
    reflection: Reflection = True,
    progress_seconds: Progress = 10.0,
    grace_seconds: Grace = 10.0,
    slow_seconds: Slow = 30.0,
) -> None:
    """Run the registry until Ctrl-C."""
    if not dev:
        typer.echo(PRODUCTION, err=True)
        raise typer.Exit(2)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings(data, grpc, rest, store, publish, reflection, progress_seconds, grace_seconds, slow_seconds)
    try:
        uvloop.run(running.run(settings, lambda listening: typer.echo(greeting.text(settings, listening))))
    except RegistryError as error:
        typer.echo(f"schemaregistry: {error.message}", err=True)
        raise typer.Exit(2) from None
