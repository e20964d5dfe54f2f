"""`schemaregistry contract`: write a document's compiled contract to a file, for readers in other languages."""

from pathlib import Path
from typing import Annotated

import typer

from schemaregistry import output_files
from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say


@with_groups
def contract(
    schema: Annotated[str, typer.Argument(metavar="ID[@VERSION]|FILE", help="The document.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.pb", help="Where the contract goes.")],
    *,
    connection: ConnectionOptions,
) -> None:
    """Compile a document to its contract, the bytes that the registry gives for it.

    `schemaregistry check … --schema FILE.pb` judges by it without a registry; so do readers of other languages.
    """
    compiled = pull(schema, connection).contract
    output_files.write(output, compiled.SerializeToString(deterministic=True))
    say(f"{output}: {compiled.id} {compiled.version}, {len(compiled.checks):,} checks", err=True)
