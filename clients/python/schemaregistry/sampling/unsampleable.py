"""What is said where no sample can be made."""

from schemaregistry.data.report.report import Report
from schemaregistry.errors import InvalidArgument, Unimplemented
from schemaregistry.sampling.rules import ValueRules


def no_value(rules: ValueRules, what: str) -> Unimplemented:
    """No value was found that meets all rules of a place."""
    names = ", ".join(dict.fromkeys(check.pointer for check in rules.checks if check.kind not in ("fits", "present")))
    message = f"no {what} was found that meets {names or 'the rules'}: nothing is written. Give the rows by hand."
    return Unimplemented(message, reason="NO_SAMPLE")


def unmet(pointers: list[str]) -> Unimplemented:
    """Rows were made again and again, and some still break these rules."""
    named = ", ".join(pointers[:5])
    message = f"no rows were found that meet {named}: nothing is written. Give the rows by hand."
    return Unimplemented(message, reason="NO_SAMPLE")


def refused(message: str, reason: str) -> InvalidArgument:
    """What was asked for isn't there."""
    return InvalidArgument(message, reason=reason)


def not_as_wanted(report: Report) -> Unimplemented:
    """The rows that were made don't fare with the gate as they should."""
    rules = ", ".join(dict.fromkeys(violation.pointer for violation in report.violations[:5]))
    found = report.error.message if report.error else rules or "every row conforms"
    message = f"the rows that were made aren't as asked for ({found}): nothing is written. Give the rows by hand."
    return Unimplemented(message, reason="NO_SAMPLE")
