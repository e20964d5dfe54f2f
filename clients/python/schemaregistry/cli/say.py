"""Words of a command for a person to read."""

import typer

from schemaregistry.terminal import inert, printable


def say(text: str, *, err: bool = False) -> None:
    """Write lines for a person to read, on stdout or stderr; they may have tabs."""
    lines = ("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))
    typer.echo(inert("\n".join(lines)), err=err)  # noqa: TID251 (the one place)
