"""What the forms of a report say alike: names, counts, places and values in words. Holds no layout.

What comes from data and documents is printable text: no control characters.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from schemaregistry.data.report.facts import Example, Facts, Fault, Violation
from schemaregistry.document import Json
from schemaregistry.terminal import json_text, printable

_WHOLE_ROW: Final = "(row)"


def shown_value(value: Json) -> str:
    """A value as JSON text."""
    return json_text(value)


def counted(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def schema(report: Facts) -> str:
    """`ticks_v1 1.1.0`."""
    return f"{report.schema.id} {report.schema.version}"


def summary(report: Facts) -> str:
    """`1,000 rows in 1 file, 12 of them fail`."""
    failing = f", {report.rows_failing:,} of them fail" if report.violations else ""
    return f"{counted(report.rows, 'row')} in {counted(len(report.files), 'file')}{failing}"


def speed(report: Facts) -> str:
    """`0.25 s, 4,000 rows/s`."""
    return f"{report.seconds:.2f} s, {report.rows_per_second:,} rows/s"


def fault(fault: Fault) -> str:
    """`ticks.parquet, byte 12: the file is cut off (TRUNCATED)`."""
    places = [("line", fault.line), ("byte", fault.offset)]
    place = "".join(f", {name} {number:,}" for name, number in places if number is not None)
    return printable(f"{fault.file}{place}: {fault.message} ({fault.reason})")


def column(violation: Violation) -> str:
    """The column, or `(row)` where the rule is of the whole row."""
    return printable(violation.column or _WHOLE_ROW)


def difference(violation: Violation) -> str:
    """`expected integer, found 2147483648: 2 rows`."""
    return printable(f"expected {violation.expected}, found {violation.actual}: {counted(violation.count, 'row')}")


def lines(violation: Violation) -> list[str]:
    """The first rows, a line for each run of them, and how many more there are."""
    more = violation.count - len(violation.examples)
    return [*_runs(violation.examples), *([f"… and {more:,} more"] if more and violation.examples else [])]


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
