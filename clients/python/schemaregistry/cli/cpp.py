"""`schemaregistry cpp`: print a contract as a C++ header with a struct of typed spans."""

from typing import Annotated

import typer

from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.option_groups import with_groups


@with_groups
def cpp(
    schema: Annotated[str, typer.Argument(metavar="ID[@VERSION]|FILE", help="The document.")],
    *,
    connection: ConnectionOptions,
) -> None:
    """Print a C++ header for a document: a struct of its columns' types, with its fingerprint.

    The C++ loader maps files that conform to the struct, and refuses to read where the contract has changed since.
    """
    from schemaregistry.contract.cpp_header import cpp_header

    typer.echo(cpp_header(pull(schema, connection).contract), nl=False)  # noqa: TID251 (a source file)
