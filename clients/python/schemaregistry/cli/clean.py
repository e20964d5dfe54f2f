"""`schemaregistry clean`: repair files where the contract leaves no doubt, and list every repair."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemaregistry.cli.check import Redact, Strict, print_report
from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.contract_option import pull
from schemaregistry.cli.csv_options import CsvOptions, Dates, Decimal, EpochUnit, Thousands, epoch_of
from schemaregistry.cli.load import print_places
from schemaregistry.cli.load_options import (
    FileFormat,
    QuarantineDir,
    SchemaOption,
    To,
    destination,
    quarantine_of,
    stem,
)
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.progress import progress_bar
from schemaregistry.cli.say import say
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemaregistry.data import Report
    from schemaregistry.data.clean.repairs import Instance, Repair


@with_groups
def clean(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE…", help="Parquet, Arrow, CSV, NDJSON, JSON; directories, globs; - is stdin."),
    ],
    schema: SchemaOption,
    to: To,
    quarantine: QuarantineDir = None,
    as_json: AsJson = False,
    redact: Redact = False,
    strict: Strict = False,
    format: FileFormat = None,
    *,
    csv: CsvOptions,
    decimal: Decimal = None,
    thousands: Thousands = None,
    dates: Dates = None,
    epoch: EpochUnit = None,
    connection: ConnectionOptions,
) -> None:
    """Repair files and hand the rows on to DEST that conform then; set the others aside, as the files have them.

    Repaired is what the contract leaves no doubt about: the order of columns, a missing column that is there under an
    alias (`x-aliases`), values of another type that are exactly one of the contract's (the text "12" for an integer),
    whitespace around texts that conform only without it. Every repair is listed, with counts and the first rows;
    nothing is made up. Cleaning again what was cleaned changes nothing.

    Exits with 0 when every row is at DEST, 1 when rows were set aside (below --quarantine, else in DEST.quarantine), 3
    when a file can't be read to its end: then nothing is handed on. With `--to -` the report goes to stderr.
    """
    from schemaregistry import data
    from schemaregistry.data.load.file_clean import clean

    spelled = csv.dialect(decimal=decimal, thousands=thousands, dates=dates)
    sources = data.find(files, format, spelled, strict=strict)
    folder = quarantine_of(to, quarantine)
    pulled = pull(schema, connection)
    with progress_bar("cleaning", sum(source.size for source in sources)) as progress:
        cleaned = clean(
            sources,
            pulled.contract,
            destination(to, sources),
            lambda: data.Quarantine(folder, stem(sources)),
            aliases=pulled.aliases,
            revision=pulled.revision,
            epoch=epoch_of(epoch),
            progress=progress,
        )
    report, repairs = cleaned.loaded.report, cleaned.repairs
    report = replace(report, notes=(*pulled.notes, *report.notes))
    if redact:
        report, repairs = data.redacted(report), tuple(repair.redacted() for repair in repairs)
    _print(report, repairs, as_json=as_json, err=to == "-")
    print_places(cleaned.loaded, to)
    raise typer.Exit(report.exit_code)


def _print(report: "Report", repairs: "Sequence[Repair]", *, as_json: bool, err: bool) -> None:
    """Print the report's JSON with one more member, `repairs`; or its text, followed by a paragraph for each repair."""
    if as_json:
        found: dict[str, Any] = report.to_json() | {"repairs": [repair.to_json() for repair in repairs]}
        say(json_text(found, indent=2), err=err)
        return
    print_report(report, form="text", err=err)
    say("\n".join(line for repair in repairs for line in _lines(repair)) or "nothing to repair", err=err)


def _lines(repair: "Repair") -> "Iterator[str]":
    from schemaregistry.plural import counted

    sentence = {
        "rename": f'the column "{repair.before}" renamed to "{repair.column}"',
        "order": f"columns put in order: {repair.after} (not {repair.before})",
        "cast": f"{repair.column}: {repair.before} cast to {repair.after}",
        "trim": f"{repair.column}: whitespace trimmed",
    }[repair.kind]
    yield printable(f"repaired {sentence}, in {counted(repair.count, 'row')}")
    yield from map(_example, repair.examples)
    if repair.examples and repair.count > len(repair.examples):
        yield f"  … and {repair.count - len(repair.examples):,} more"


def _example(example: "Instance") -> str:
    from schemaregistry.data.report.report_wording import shown_value

    line = "" if example.line is None else f" (line {example.line:,})"
    place = printable(f"{example.file}: row {example.row:,}{line}")
    return f"  {place}  {shown_value(example.before)} → {shown_value(example.after)}"
