"""`schemaregistry contract`: the compiled check plan of a document, as a file for readers of other languages."""

from pathlib import Path
from typing import Annotated

import typer

from schemaregistry.cli.connection import DEFAULT_TARGET, Ca, Cert, Key, Registry
from schemaregistry.cli.output import write_output
from schemaregistry.cli.pull import Access, pull
from schemaregistry.cli.say import say


def contract(
    schema: Annotated[str, typer.Argument(metavar="ID[@VERSION]|FILE", help="The document.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.pb", help="Where the contract goes.")],
    registry: Registry = DEFAULT_TARGET,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """Compile a document to its contract, the bytes that the registry gives for it.

    `schemaregistry check … --schema FILE.pb` judges by it without a registry; so do readers of other languages.
    """
    compiled = pull(schema, Access(registry, ca, cert, key)).contract
    write_output(output, compiled.SerializeToString(deterministic=True))
    say(f"{output}: {compiled.id} {compiled.version}, {len(compiled.checks):,} checks", err=True)
