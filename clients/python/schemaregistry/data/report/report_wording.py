"""Wording shared by the forms of a report: names, counts, places and values in words.

Text from data and documents is made printable here: it has no control characters.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from schemaregistry.data.report.facts import Example, Facts, Fault, Violation
from schemaregistry.document import Json
from schemaregistry.plural import counted
from schemaregistry.terminal import json_text, printable

_WHOLE_ROW: Final = "(row)"


def shown_value(value: Json) -> str:
    """Return a value as JSON text."""
    return json_text(value)


def schema(report: Facts) -> str:
    """Return id and version: `ticks_v1 1.1.0`."""
    return f"{report.schema.id} {report.schema.version}"


def summary(report: Facts) -> str:
    """Return the counts: `1,000 rows in 1 file, 12 of them fail`."""
    failing = f", {report.rows_failing:,} of them fail" if report.violations else ""
    return f"{counted(report.rows, 'row')} in {counted(len(report.files), 'file')}{failing}"


def speed(report: Facts) -> str:
    """Return time and throughput: `0.25 s, 4,000 rows/s`."""
    return f"{report.seconds:.2f} s, {report.rows_per_second:,} rows/s"


def fault(fault: Fault) -> str:
    """Describe a fault: `ticks.parquet, byte 12: the file is cut off (TRUNCATED)`."""
    places = [("line", fault.line), ("byte", fault.offset)]
    place = "".join(f", {name} {number:,}" for name, number in places if number is not None)
    return printable(f"{fault.file}{place}: {fault.message} ({fault.reason})")


def column(violation: Violation) -> str:
    """Return the column's name, `(row)` where the rule concerns the whole row, `""` for a name without letters."""
    return printable(_WHOLE_ROW if violation.column is None else violation.column or '""')


def difference(violation: Violation) -> str:
    """Describe a violation: `expected integer, found 2147483648: 2 rows`."""
    return printable(f"expected {violation.expected}, found {violation.actual}: {counted(violation.count, 'row')}")


def lines(violation: Violation) -> list[str]:
    """Return one line per run of consecutive rows among the first failing ones, and one with how many more fail."""
    more = violation.count - len(violation.examples)
    return [*_runs(violation.examples), *([f"… and {more:,} more"] if more and violation.examples else [])]


def _runs(examples: Sequence[Example]) -> Iterator[str]:
    """Yield one line for each run of consecutive rows with the same value."""
    for _, run in groupby(enumerate(examples), key=lambda item: _run(*item)):
        rows = [example for _, example in run]
        first, last = rows[0], rows[-1]
        place = f"row {first.row:,}" if first is last else f"rows {first.row:,}–{last.row:,}"
        if first.line is not None and last.line is not None:
            place += f" (line {first.line:,})" if first is last else f" (lines {first.line:,}–{last.line:,})"
        yield f"{printable(first.file)}: {place}  {shown_value(first.value)}"


def _run(index: int, example: Example) -> tuple[str, int, str]:
    # Row number minus position is constant within a run of consecutive rows.
    return example.file, example.row - index, shown_value(example.value)
