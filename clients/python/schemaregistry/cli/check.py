"""`schemaregistry check`: report whether files conform to a contract."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.csv_options import CsvOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.progress import progress_bar
from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.data import Report

Redact: TypeAlias = Annotated[bool, typer.Option("--redact", help="Report no value of the data: places and counts.")]
Strict: TypeAlias = Annotated[
    bool, typer.Option("--strict", help="Exit with 3 where a directory holds files whose names tell no format.")
]
ReportForm: TypeAlias = Annotated[
    str, typer.Option("--report", metavar="FORM", help="How to report: text, json, html, junit or github.")
]


@with_groups
def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Parquet, Arrow, CSV, NDJSON, JSON; directories, globs; - is stdin."),
    ],
    schema: Annotated[
        str,
        typer.Option(
            "--schema",
            metavar="ID[@VERSION]|FILE",
            help="What they must conform to (ticks_v1@^1.2); a file needs no registry.",
        ),
    ],
    as_json: AsJson = False,
    form: ReportForm = "text",
    redact: Redact = False,
    strict: Strict = False,
    format: Annotated[
        str | None, typer.Option("--format", "--format-in", help="The files' format, where their names don't tell it.")
    ] = None,
    *,
    csv: CsvOptions,
    connection: ConnectionOptions,
) -> None:
    """Judge files by a contract, and report which column breaks which rule in which rows.

    Exits with 0 where every row conforms, 1 where one doesn't, 3 where that can't be told (a file is cut off, say).
    """
    from schemaregistry import data

    check_form(form)
    sources = data.find(files, format, csv.dialect(), strict=strict)
    pulled = pull(schema, connection)
    with progress_bar("checking", sum(source.size for source in sources)) as progress:
        report = data.check(
            sources, pulled.contract, aliases=pulled.aliases, revision=pulled.revision, progress=progress
        )
    report = replace(report, notes=(*pulled.notes, *report.notes))
    print_report(data.redacted(report) if redact else report, form="json" if as_json else form)
    raise typer.Exit(report.exit_code)


def check_form(form: str) -> None:
    """Raise InvalidArgument (UNKNOWN_FORM) unless reports have this form; asked first, since a check may take long."""
    from schemaregistry.data.report.formats import FORMS

    if form not in FORMS:
        raise InvalidArgument(f"--report {form} isn't known: say {', '.join(FORMS)}", reason="UNKNOWN_FORM")


def print_report(report: "Report", *, form: str, err: bool = False) -> None:
    """Print a report in one of its forms, and nothing else, on stdout or stderr; the form `text` has colours."""
    if form != "text":
        from schemaregistry.data.report.formats import FORMS

        typer.echo(FORMS[form](report), err=err)  # noqa: TID251 (a form of its own)
        return
    from rich.console import Console

    from schemaregistry.data.report.terminal_text import show
    from schemaregistry.terminal import inert

    # Captured, so that lines can be made inert (no CI runner takes one for a command) before they are printed.
    console = Console(stderr=err, highlight=False, soft_wrap=True)
    with console.capture() as shown:
        console.print(show(report))
    typer.echo(inert(shown.get()), err=err, nl=False)  # noqa: TID251 (colours)
