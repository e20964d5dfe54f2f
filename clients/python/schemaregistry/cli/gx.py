"""`schemaregistry gx`: write a contract as a Great Expectations suite; Great Expectations needn't be installed."""

from pathlib import Path
from typing import Annotated

import typer

from schemaregistry import output_files
from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.terminal import json_text


@with_groups
def gx(
    schema: Annotated[str, typer.Argument(metavar="ID[@VERSION]|FILE", help="The document.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.json", help="Where the suite goes; stdout without it."),
    ] = None,
    *,
    connection: ConnectionOptions,
) -> None:
    """Write a Great Expectations suite that says what the contract says of a pandas frame.

    `great_expectations.ExpectationSuite(**json.load(file))` reads it. Its meta names the contract, and each rule that
    Great Expectations can't say.
    """
    from schemaregistry.contract.expectations import suite

    made = suite(pull(schema, connection).contract)
    text = json_text(made, indent=2) + "\n"
    if output is None:
        say(text.removesuffix("\n"))
        return
    output_files.write(output, text.encode())
    unsaid = len(made["meta"]["schemaregistry"]["unsaid"])
    rest = f"; {unsaid:,} rules can't be said, see its meta" if unsaid else ""
    say(f"{output}: {made['name']}, {len(made['expectations']):,} expectations{rest}", err=True)
