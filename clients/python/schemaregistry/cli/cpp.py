"""`schemaregistry cpp`: a contract as a C++ header of typed spans."""

from typing import Annotated

import typer

from schemaregistry.cli.connection import DEFAULT_TARGET, Ca, Cert, Key, Registry
from schemaregistry.cli.pull import Access, pull


def cpp(
    schema: Annotated[str, typer.Argument(metavar="ID[@VERSION]|FILE", help="The document.")],
    registry: Registry = DEFAULT_TARGET,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """Print a C++ header for a document: a struct of its columns' types, with its fingerprint.

    The C++ loader maps files that conform to the struct, and refuses to read where the contract has changed since.
    """
    from schemaregistry.contract.cpp_header import cpp_header

    typer.echo(cpp_header(pull(schema, Access(registry, ca, cert, key)).contract), nl=False)  # noqa: TID251 (a source file)
