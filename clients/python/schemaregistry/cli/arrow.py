"""`schemaregistry arrow`: propose a schema document from a file's Arrow schema; `publish` registers it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemaregistry import output_files
from schemaregistry.cli.say import say
from schemaregistry.errors import InvalidArgument
from schemaregistry.terminal import json_text, printable

if TYPE_CHECKING:
    from schemaregistry.data import Report
    from schemaregistry.data.inference.propose import Proposal


def arrow(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Parquet, Arrow or CSV, with rows as they should be.")],
    id: Annotated[str | None, typer.Option("--id", help="The document's id; without it from the file's name.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.json", help="Where it goes; stdout without it.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", help="The file's format, where its name doesn't tell it.")
    ] = None,
) -> None:
    """Propose a schema document for the rows of a file: types, what is required, the arrow block.

    Says on stderr what to think about, and whether the file conforms to it: exits with 1 where it doesn't (its floats
    hold NaN, say).
    """
    from schemaregistry import data
    from schemaregistry.contract import compile_contract
    from schemaregistry.data.inference.opening import open_file
    from schemaregistry.data.inference.propose import id_of, propose
    from schemaregistry.document import check_id, parse

    if file == "-":
        message = "standard input can't be read twice, for its types and to check it: give a file"
        raise InvalidArgument(message, reason="NOT_ONE_FILE")
    sources = data.find([file], format)
    if len(sources) != 1:
        raise InvalidArgument(f"{file} is {len(sources):,} files: name one of them", reason="NOT_ONE_FILE")
    proposal = propose(open_file(sources[0]), check_id(id or id_of(file)))
    text = json_text(proposal.document, indent=2) + "\n"
    report = data.check(sources, compile_contract(parse(text.encode())))
    if output is None:
        say(text.removesuffix("\n"))
    else:
        output_files.write(output, text.encode())
    for line in _advice(proposal, report):
        say(line, err=True)
    raise typer.Exit(report.exit_code)


def _advice(proposal: "Proposal", report: "Report") -> Iterator[str]:
    from schemaregistry.data.report import report_wording
    from schemaregistry.data.report.grouping import first_of_each, rest

    for name, why in proposal.left_out.items():
        yield printable(f"left out: {name or '(no name)'} ({why}); so other columns are allowed")
    for name, texts in proposal.few.items():
        yield printable(f"{name} has few values: an enum of {', '.join(map(json.dumps, texts))}?")
    for violation in first_of_each(report.violations):
        yield f"{report_wording.column(violation)}: {report_wording.difference(violation)}"
    yield from rest(report.violations).values()
    if report.error:
        yield report_wording.fault(report.error)
    yield f"the file {report.verdict}: {report_wording.summary(report)}"
