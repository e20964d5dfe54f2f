"""Render a report as GitHub annotations: workflow commands, one on each line.

Source: GitHub's reference of workflow commands; escapes as in the `@actions/core` package, `command.ts`.
"""

from collections.abc import Iterator
from typing import Final

from schemaregistry.data.report import report_wording
from schemaregistry.data.report.facts import Facts, Violation
from schemaregistry.data.report.grouping import first_notes, first_of_each, rest
from schemaregistry.terminal import printable

_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = _DATA | {":": "%3A", ",": "%2C"}


def render(report: Facts) -> str:
    """Return an error for each violation at its first row, or for the fault, and notes as notices."""
    return "\n".join(_commands(report))


def _commands(report: Facts) -> Iterator[str]:
    schema = report_wording.schema(report)
    if report.error:
        at = {"file": printable(report.error.file), "line": report.error.line}
        yield _command("error", f"{schema}: can't be judged", report_wording.fault(report.error), **at)
    for violation in first_of_each(report.violations):
        title = f"{schema}: {report_wording.column(violation)} breaks {violation.rule}"
        yield _command("error", title, _message(violation), **_place(report, violation))
    for rule, line in rest(report.violations).items():
        yield _command("error", f"{schema}: more break {rule}", line)
    for note in first_notes(report.notes):
        yield _command("notice", schema, printable(note))
    yield _command("notice", f"{schema}: {report.verdict}", report_wording.summary(report))


def _message(violation: Violation) -> str:
    return "\n".join(
        (f"{report_wording.difference(violation)} ({printable(violation.pointer)})", *report_wording.lines(violation))
    )


def _place(report: Facts, violation: Violation) -> dict[str, str | int | None]:
    """Return the place of the first failing row; without examples the file alone."""
    if violation.examples:
        first = violation.examples[0]
        return {"file": printable(first.file), "line": first.line}
    return {"file": printable(report.files[0].path) if len(report.files) == 1 else None}


def _command(name: str, title: str, message: str, **properties: str | int | None) -> str:
    stated = {key: value for key, value in (properties | {"title": title}).items() if value is not None}
    words = ",".join(f"{key}={_escape(str(value), _PROPERTY)}" for key, value in stated.items())
    return f"::{name} {words}::{_escape(message, _DATA)}"


def _escape(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(letter, letter) for letter in text)
