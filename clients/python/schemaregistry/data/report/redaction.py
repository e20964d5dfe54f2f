"""Redact a report so that it can be shared: take out the values of the data, and keep places and counts.

Values stand in examples, in what was found, and in error messages that quote bytes of the file.
"""

from dataclasses import replace
from typing import Final

from schemaregistry.data.report.facts import Violation
from schemaregistry.data.report.report import Report
from schemaregistry.data.report.tally import words

REDACTED: Final = "[redacted]"


def redacted(report: Report) -> Report:
    """Return the report without values of the data."""
    return replace(
        report,
        violations=tuple(map(_without_values, report.violations)),
        error=report.error and replace(report.error, message=REDACTED),
    )


def _without_values(violation: Violation) -> Violation:
    """Redact `actual` where it is the value of an example; for a whole column it is a type, and stays."""
    is_value = any(violation.actual == words(example.value) for example in violation.examples)
    examples = tuple(replace(example, value=REDACTED) for example in violation.examples)
    return replace(violation, actual=REDACTED if is_value else violation.actual, examples=examples)
