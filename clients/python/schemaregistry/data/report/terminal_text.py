"""Render a report for a terminal, with rich.

Text from data and documents is shown as text: it can't contain markup or control characters.
"""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemaregistry.data.report import report_wording
from schemaregistry.data.report.facts import Facts, Violation
from schemaregistry.data.report.grouping import first_notes, first_of_each, rest
from schemaregistry.terminal import printable

_COLOURS: Final = {"conforms": "bold green", "violates": "bold red", "undecided": "bold yellow"}


def show(report: Facts) -> RenderableType:
    """Return the report as a rich renderable: verdict, violations with their first rows, notes."""
    return Group(*_parts(report))


def _parts(report: Facts) -> Iterator[RenderableType]:
    yield _head(report)
    if report.error:
        yield Text(report_wording.fault(report.error), style="yellow")
    if report.violations:
        yield _table(report)
        yield from map(_examples, first_of_each(report.violations))
        yield from (Text(line) for line in rest(report.violations).values())
    for note in first_notes(report.notes):
        yield Text(f"note: {printable(note)}", style="dim")


def _head(report: Facts) -> Text:
    counts = f"  {report_wording.schema(report)}: {report_wording.summary(report)} ({report_wording.speed(report)})"
    return Text.assemble((report.verdict, _COLOURS[report.verdict]), printable(counts))


def _table(report: Facts) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("column", "rule", "expected", "found"):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    for violation in first_of_each(report.violations):
        table.add_row(
            Text(report_wording.column(violation), style="bold"),
            Text(violation.rule, style="red"),
            Text(printable(violation.expected)),
            Text(printable(violation.actual)),
            f"{violation.count:,}",
        )
    return table


def _examples(violation: Violation) -> Text:
    lines = "".join(f"\n  {line}" for line in report_wording.lines(violation))
    return Text.assemble(
        (f"{report_wording.column(violation)} {violation.rule}", "bold"), f"  {printable(violation.pointer)}", lines
    )
