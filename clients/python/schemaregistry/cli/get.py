"""`schemaregistry get`: print one document, byte for byte as it was registered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemaregistry import output_files
from schemaregistry.cli.connection_options import AsJson, ConnectionOptions, split_version
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.document import loads
from schemaregistry.document.version_state import state_facts
from schemaregistry.terminal import json_text

if TYPE_CHECKING:
    from schemaregistry.client import Fetched


@with_groups
def get(
    schema: Annotated[
        str,
        typer.Argument(metavar="ID[@VERSION]", help="Which one; the latest without a version, @^1.2 of a line."),
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it here rather than print it.")] = None,
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Print a schema document, byte for byte as it was registered; with --json also its version and revision."""
    with connection.client() as client:
        fetched = client.get(*split_version(schema))
    data = _described(fetched) if as_json else fetched.raw
    if output is None:
        typer.echo(data, nl=False)  # noqa: TID251 (the bytes as they are)
    else:
        output_files.write(output, data)


def _described(fetched: "Fetched") -> bytes:
    facts = {name: getattr(fetched, name) for name in ("id", "version", "revision", "fingerprint", "etag")}
    return json_text(facts | state_facts(fetched.state) | {"document": loads(fetched.raw)}).encode() + b"\n"
