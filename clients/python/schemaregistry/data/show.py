"""A report as a person reads it in a terminal. Finds nothing; the same facts as JSON are report's.

What comes from data and documents is shown as text: no markup, no control characters.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemaregistry.data.report import Example, Report, Violation
from schemaregistry.document import Json

_COLOURS: Final = {"conforms": "bold green", "violates": "bold red", "undecided": "bold yellow"}
_WHOLE_ROW: Final = "(row)"


def show(report: Report) -> RenderableType:
    """The report for rich to print: verdict, violations with their first rows, notes."""
    return Group(*_parts(report))


def printable(text: str) -> str:
    """The text with what a terminal would act on written out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown_value(value: Json) -> str:
    """A value as JSON text."""
    return printable(json.dumps(value, ensure_ascii=False))


def _parts(report: Report) -> Iterator[RenderableType]:
    yield _head(report)
    if report.error:
        yield _error(report)
    if report.violations:
        yield _table(report)
        yield from map(_examples, report.violations)
    for note in report.notes:
        yield Text(f"note: {printable(note)}", style="dim")


def _head(report: Report) -> Text:
    files = "1 file" if len(report.files) == 1 else f"{len(report.files):,} files"
    schema = f"{report.schema.id} {report.schema.version}"
    failing = f", {report.rows_failing:,} of them fail" if report.violations else ""
    speed = f"{report.seconds:.2f} s, {report.rows_per_second:,} rows/s"
    return Text.assemble(
        (report.verdict, _COLOURS[report.verdict]),
        printable(f"  {schema}: {report.rows:,} rows in {files}{failing} ({speed})"),
    )


def _error(report: Report) -> Text:
    fault = report.error
    assert fault is not None
    places = [("line", fault.line), ("byte", fault.offset)]
    place = "".join(f", {name} {number:,}" for name, number in places if number is not None)
    return Text(printable(f"{fault.file}{place}: {fault.message} ({fault.reason})"), style="yellow")


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("column", "rule", "expected", "found"):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    for violation in report.violations:
        table.add_row(
            Text(printable(violation.column or _WHOLE_ROW), style="bold"),
            Text(violation.rule, style="red"),
            Text(printable(violation.expected)),
            Text(printable(violation.actual)),
            f"{violation.count:,}",
        )
    return table


def _examples(violation: Violation) -> Text:
    lines = "".join(f"\n  {line}" for line in _runs(violation.examples))
    more = violation.count - len(violation.examples)
    rest = f"\n  … and {more:,} more" if more and violation.examples else ""
    name = printable(violation.column or _WHOLE_ROW)
    return Text.assemble((f"{name} {violation.rule}", "bold"), f"  {printable(violation.pointer)}", lines, rest)


def _runs(examples: Sequence[Example]) -> Iterator[str]:
    """One line for rows one after another with the same value."""
    for _, run in groupby(enumerate(examples), key=lambda item: _run(*item)):
        rows = [example for _, example in run]
        first, last = rows[0], rows[-1]
        place = f"row {first.row:,}" if first is last else f"rows {first.row:,}–{last.row:,}"
        if first.line is not None and last.line is not None:
            place += f" (line {first.line:,})" if first is last else f" (lines {first.line:,}–{last.line:,})"
        yield f"{printable(first.file)}: {place}  {shown_value(first.value)}"


def _run(index: int, example: Example) -> tuple[str, int, str]:
    return example.file, example.row - index, shown_value(example.value)
