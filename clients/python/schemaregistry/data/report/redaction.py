"""A report that may leave the house: the values of the data are taken out, places and counts stay.

Values stand in examples, in what was found, and in what a reader says of bytes that it can't read.
"""

from dataclasses import replace
from typing import Final

from schemaregistry.data.report.facts import Violation
from schemaregistry.data.report.report import Report
from schemaregistry.data.report.tally import words

REDACTED: Final = "[redacted]"


def redacted(report: Report) -> Report:
    """The report without values."""
    return replace(
        report,
        violations=tuple(map(_without_values, report.violations)),
        error=report.error and replace(report.error, message=REDACTED),
    )


def _without_values(violation: Violation) -> Violation:
    """What was found is a value where it is the first example's; of a whole column it is the column's type."""
    is_value = any(violation.actual == words(example.value) for example in violation.examples)
    examples = tuple(replace(example, value=REDACTED) for example in violation.examples)
    return replace(violation, actual=REDACTED if is_value else violation.actual, examples=examples)
