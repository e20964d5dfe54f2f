"""`schemaregistry check`: do files conform to a contract. Says so; changes nothing."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from schemaregistry.cli.connection import DEFAULT_TARGET, AsJson, Ca, Cert, Key, Registry
from schemaregistry.cli.progress import progress_bar
from schemaregistry.cli.pull import Access, pull

if TYPE_CHECKING:
    from schemaregistry.data import Report


def check(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Parquet, Arrow, CSV, NDJSON; directories and globs of them.")
    ],
    schema: Annotated[
        str,
        typer.Option(
            "--schema", metavar="ID[@VERSION]|FILE", help="What they must conform to; a file needs no registry."
        ),
    ],
    as_json: AsJson = False,
    format: Annotated[
        str | None, typer.Option("--format", help="The files' format, where their names don't tell it.")
    ] = None,
    registry: Registry = DEFAULT_TARGET,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
) -> None:
    """Judge files by a contract, and report which column breaks which rule in which rows.

    Exits with 0 where every row conforms, 1 where one doesn't, 3 where that can't be told (a file is cut off, say).
    """
    from schemaregistry import data

    sources = data.find(files, format)
    pulled = pull(schema, Access(registry, ca, cert, key))
    with progress_bar("checking", sum(source.size for source in sources)) as progress:
        report = data.check(sources, pulled.contract, revision=pulled.revision, progress=progress)
    print_report(report, as_json=as_json)
    raise typer.Exit(report.exit_code)


def print_report(report: "Report", *, as_json: bool, err: bool = False) -> None:
    """Print a report on stdout, or on stderr: one JSON object and nothing else, or text."""
    if as_json:
        typer.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2), err=err)
        return
    from rich.console import Console

    from schemaregistry.data.show import show

    Console(stderr=err, highlight=False, soft_wrap=True).print(show(report))
