"""Print lines for people, with control characters escaped."""

import typer

from schemaregistry.terminal import inert, printable


def say(text: str, *, err: bool = False) -> None:
    """Print lines on stdout or stderr, with anything that a terminal or CI runner would act on escaped; tabs stay."""
    lines = ("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))
    typer.echo(inert("\n".join(lines)), err=err)  # noqa: TID251 (the one place)
