"""`schemaregistry serve`: the options, and each failure to start as one sentence. Holds no part of the server."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from schemaregistry.errors import RegistryError
from schemaregistry_server import running
from schemaregistry_server.settings import Settings


def serve(
    dev: Annotated[bool, typer.Option("--dev", help="Embedded store, own certificates, REST on loopback.")] = False,
    data: Annotated[Path, typer.Option(help="Where the data is kept.", envvar="SCHEMAREGISTRY_DATA")] = Path(".data"),
    grpc: Annotated[str, typer.Option(help="HOST:PORT of gRPC; port 0 takes a free one.")] = "localhost:50051",
    rest: Annotated[str, typer.Option(help="HOST:PORT of REST; port 0 takes a free one.")] = "127.0.0.1:8000",
    publish: Annotated[Path | None, typer.Option(help="Publish the documents of this directory first.")] = None,
    reflection: Annotated[bool, typer.Option(help="Let gRPC clients ask for the proto.")] = True,
    progress_seconds: Annotated[float, typer.Option(help="Seconds between a watch's marks of progress.")] = 10.0,
) -> None:
    """Run the registry."""
    settings = Settings(data, grpc, rest, publish, reflection, progress_seconds)
    try:
        uvloop.run(
            running.run(
                settings, lambda where: typer.echo(f"Listening: gRPC {where.grpc} (mTLS), REST http://{where.rest}")
            )
        )
    except RegistryError as error:
        typer.echo(f"schemaregistry: {error.message}", err=True)
        raise typer.Exit(2) from None
